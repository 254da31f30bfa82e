/* SPDX-License-Identifier: MIT */
/* patch.c - layer 8: which families of hooks are on. */
#include "patch.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "environment.h"
#include "escape.h"
#include "handlers.h"
#include "locks.h"
#include "streams.h"

enum {
    AVAILABLE = GREEN_PATCH_SOCKET | GREEN_PATCH_FILE | GREEN_PATCH_POLL |
                GREEN_PATCH_TIME | GREEN_PATCH_DNS | GREEN_PATCH_PROCESS |
                GREEN_PATCH_SIGNAL,
    ALL = 0x1ff
};

/* Some in the shared library only, as they need libc's own behind them. */
static unsigned available(void)
{
    return AVAILABLE | (green__locks_patch ? GREEN_PATCH_THREAD : 0) |
           (green__streams ? GREEN_PATCH_STDIO : 0);
}

static const struct family {
    unsigned bit;
    const char *name, *hooks;
} families[] = {
    {GREEN_PATCH_SOCKET, "socket",
     "accept accept4 connect recv recvfrom recvmsg recvmmsg "
     "send sendto sendmsg sendmmsg, and those of files up to splice"},
    {GREEN_PATCH_FILE, "file",
     "read write readv writev eventfd_read eventfd_write close close_range "
     "closefrom dup2 dup3 sendfile splice tee vmsplice pread pwrite preadv "
     "pwritev preadv2 pwritev2 open openat creat flock lockf fcntl fsync "
     "fdatasync syncfs sync_file_range msync copy_file_range mq_send "
     "mq_timedsend mq_receive mq_timedreceive"},
    {GREEN_PATCH_POLL, "poll",
     "poll ppoll select pselect epoll_wait epoll_pwait epoll_pwait2"},
    {GREEN_PATCH_TIME, "time",
     "sleep usleep nanosleep clock_nanosleep thrd_sleep sched_yield"},
    {GREEN_PATCH_DNS, "dns",
     "getaddrinfo getnameinfo gethostbyname gethostbyname2"},
    {GREEN_PATCH_PROCESS, "process",
     "wait waitpid wait3 wait4 waitid system fork vfork pclose "
     "msgsnd msgrcv semop semtimedop"},
    {GREEN_PATCH_SIGNAL, "signal",
     "sigaction signal siginterrupt sigsuspend pause sigwait sigwaitinfo "
     "sigtimedwait, and calls with a mask"},
    {GREEN_PATCH_THREAD, "thread",
     "pthread_mutex_* pthread_cond_* pthread_rwlock_* pthread_barrier_wait "
     "pthread_once pthread_spin_lock sem_* mtx_* cnd_* call_once"},
    {GREEN_PATCH_STDIO, "stdio",
     "getc fgets getline fread scanf putc puts fwrite printf fflush fclose "
     "flockfile and their like"},
};

/* One function of each file: who patches gets all of them from a static library,
 * also those that only other libraries call. */
HOOK(read, ssize_t, hook_read, (int fd, void *buffer, size_t n));
HOOK(recv, ssize_t, hook_recv, (int fd, void *buffer, size_t n, int flags));
HOOK(sendmmsg, int, hook_sendmmsg,
     (int fd, struct mmsghdr *messages, unsigned n, int flags));
HOOK(connect, int, hook_connect,
     (int fd, const void *address, socklen_t length));
HOOK(poll, int, hook_poll, (struct pollfd * fds, nfds_t n, int timeout));
HOOK(select, int, hook_select,
     (int n, fd_set *in, fd_set *out, fd_set *odd, struct timeval *t));
HOOK(usleep, int, hook_usleep, (unsigned microseconds));
HOOK(wait, pid_t, hook_wait, (int *status));
HOOK(close, int, hook_close, (int fd));
HOOK(fsync, int, hook_fsync, (int fd));
HOOK(pread, ssize_t, hook_pread, (int fd, void *buffer, size_t n, off_t place));
HOOK(flock, int, hook_flock, (int fd, int operation));
HOOK(open, int, hook_open, (const char *path, int flags, unsigned mode));
HOOK(eventfd_read, int, hook_eventfd_read, (int fd, uint64_t *value));
HOOK(tee, ssize_t, hook_tee, (int in, int out, size_t n, unsigned flags));
HOOK(mq_send, int, hook_mq_send,
     (int queue, const char *text, size_t n, unsigned priority));
HOOK(msgsnd, int, hook_msgsnd,
     (int id, const void *message, size_t n, int flags));
HOOK(pause, int, hook_pause, (void));
HOOK(syscall, long, hook_syscall,
     (long number, long a, long b, long c, long d, long e, long f));
static void (*const every_file[])(void) __attribute__((used)) = {
    (void (*)(void))hook_read,          (void (*)(void))hook_recv,
    (void (*)(void))hook_sendmmsg,      (void (*)(void))hook_connect,
    (void (*)(void))hook_poll,          (void (*)(void))hook_select,
    (void (*)(void))hook_usleep,        (void (*)(void))hook_wait,
    (void (*)(void))hook_close,         (void (*)(void))hook_fsync,
    (void (*)(void))hook_pread,         (void (*)(void))hook_flock,
    (void (*)(void))hook_open,          (void (*)(void))hook_eventfd_read,
    (void (*)(void))hook_tee,           (void (*)(void))hook_mq_send,
    (void (*)(void))hook_msgsnd,        (void (*)(void))hook_syscall,
    (void (*)(void))hook_pause,         green__environment,
    (void (*)(void))green_patch_verify,
};

static atomic_uint patched;
static atomic_ulong waits; /* of hooks */
_Thread_local bool green__straight;

bool green__patched(unsigned wanted)
{
    return (atomic_load_explicit(&patched, memory_order_relaxed) & wanted) &&
           green_has_hub() && !green__straight && !green__in_handler();
}

bool green__handlers_wanted(void)
{
    return atomic_load_explicit(&patched, memory_order_relaxed) &
           GREEN_PATCH_SIGNAL;
}

void green__hook_waits(void)
{
    atomic_fetch_add_explicit(&waits, 1, memory_order_relaxed);
}

/* A child of plain fork has copies of greenlets that are not its own. */
static void begin_child(void)
{
    green__straight = true;
}

static void prepare(void)
{
    green__seam_patch();
    pthread_atfork(NULL, NULL, begin_child);
}

void green__patch_families(unsigned what)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, prepare);
    if (what & GREEN_PATCH_THREAD && green__locks_patch)
        green__locks_patch();
    atomic_fetch_or(&patched, what);
    if (what & GREEN_PATCH_SIGNAL)
        green__handlers_patch();
}

unsigned green__family(const char *name, size_t n)
{
    if (n == 3 && memcmp(name, "all", n) == 0)
        return available();
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strlen(families[i].name) == n &&
            memcmp(families[i].name, name, n) == 0)
            return families[i].bit;
    return 0;
}

int green_patch(unsigned what)
{
    if (what == 0 || (what & ~(unsigned)ALL)) {
        errno = EINVAL;
        return -1;
    }
    if (what & ~available()) {
        errno = ENOTSUP;
        return -1;
    }
    if (!green_self())
        return -1;
    green__patch_families(what);
    return 0;
}

int green_patch_all(void)
{
    return green_patch(available());
}

int green_unpatch(unsigned what)
{
    if (what & ~(unsigned)ALL) {
        errno = EINVAL;
        return -1;
    }
    atomic_fetch_and(&patched, ~what);
    return 0;
}

static void say(int fd, const char *text)
{
    green__call(SYS_write, fd, (long)text, (long)strlen(text), 0, 0, 0);
}

void green_patch_report(int fd)
{
    unsigned on = atomic_load(&patched);
    char line[600];

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        snprintf(line, sizeof line, "libgreen: %s %s: %s\n", families[i].name,
                 on & families[i].bit ? "is patched" : "is not patched",
                 families[i].hooks);
        say(fd, line);
    }
    snprintf(line, sizeof line,
             "libgreen: patched calls have waited %lu times\n",
             atomic_load(&waits));
    say(fd, line);
    green__escape_report(fd);
}
