/* SPDX-License-Identifier: MIT */
/* sys.c - layer 1: the table of all that the library asks of the world.
 *
 * Where libc's function has the wanted prototype the entry is that function
 * itself.  What differs by system is in sys_linux.c, sys_bsd.c and
 * sys_kqueue.c; what needs a page to itself, in sys_spawn.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "sys_os.h"

static int64_t clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int sys_duplicate(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* The signal would be for this thread alone; one that was there before stays. */
static ssize_t pipe_write(int fd, const void *buffer, size_t n)
{
    sigset_t only, old, pending;
    int saved_errno, signo;
    bool was_pending;
    ssize_t r;

    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &only, &old);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    r = write(fd, buffer, n);
    saved_errno = errno;
    sigpending(&pending);
    if (!was_pending && sigismember(&pending, SIGPIPE) == 1)
        sigwait(&only, &signo);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = saved_errno;
    return r;
}

static int path_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static int flags_get(int fd)
{
    return fcntl(fd, F_GETFL);
}

static int flags_set(int fd, int flags)
{
    return fcntl(fd, F_SETFL, flags);
}

static int file_check(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return -1;
    return S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) ||
           S_ISDIR(status.st_mode);
}

static int socket_check(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return -1;
    return S_ISSOCK(status.st_mode);
}

static int peer_check(int fd)
{
    uid_t user;

    if (green__os_peer(fd, &user) != 0)
        return -1;
    return user == geteuid() || user == 0;
}

static int thread_create(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    return pthread_create(thread, NULL, fn, arg);
}

static int thread_wait(pthread_t thread)
{
    return pthread_join(thread, NULL);
}

/* Glibc declares the next five with a union in place of the address, so that
 * their own types are not the table's. */

static ssize_t socket_recvfrom(int fd, void *buffer, size_t n, int flags,
                               struct sockaddr *address, socklen_t *length)
{
    return recvfrom(fd, buffer, n, flags, address, length);
}

static ssize_t socket_sendto(int fd, const void *buffer, size_t n, int flags,
                             const struct sockaddr *address, socklen_t length)
{
    return sendto(fd, buffer, n, flags, address, length);
}

static int socket_connect(int fd, const struct sockaddr *address,
                          socklen_t length)
{
    return connect(fd, address, length);
}

static int socket_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    return bind(fd, address, length);
}

static int socket_name(int fd, struct sockaddr *address, socklen_t *length)
{
    return getsockname(fd, address, length);
}

struct sys green__sys = {
    .malloc = malloc,
    .realloc = realloc,
    .aligned_alloc = aligned_alloc,
    .free = free,
    .mmap = mmap,
    .munmap = munmap,
    .mprotect = mprotect,
    .madvise = madvise,
    .madvise_many = green__os_madvise_many,
    .access = access,
    .sysconf = sysconf,
    .getenv = getenv,

    .now = clock_now,
    .random = green__os_random,

    .read = read,
    .write = write,
    .write_calmly = pipe_write,
    .readv = readv,
    .writev = writev,
    .pread = pread,
    .pwrite = pwrite,
    .readv_nowait = green__os_readv_nowait,
    .writev_nowait = green__os_writev_nowait,
    .pread_nowait = green__os_pread_nowait,
    .duplicate = sys_duplicate,
    .recvmsg = recvmsg,
    .sendmsg = sendmsg,
    .recvfrom = socket_recvfrom,
    .sendto = socket_sendto,
    .get_flags = flags_get,
    .set_flags = flags_set,
    .is_file = file_check,
    .open = path_open,
    .close = close,
    .unlink = unlink,
    .is_socket = socket_check,
    .chmod = chmod,
    .poll = green__os_poll,

    .pipe = green__os_pipe,
    .socket = green__os_socket,
    .socketpair = green__os_socketpair,
    .accept = green__os_accept,
    .connect = socket_connect,
    .bind = socket_bind,
    .listen = listen,
    .getsockopt = getsockopt,
    .setsockopt = setsockopt,
    .peer_is_us = peer_check,
    .getsockname = socket_name,
    .shutdown = shutdown,

    .epoll_create = green__os_epoll_create,
    .uring_setup = green__os_uring_setup,
    .uring_enter = green__os_uring_enter,
    .epoll_ctl = green__os_epoll_ctl,
    .epoll_wait = green__os_epoll_wait,
    .kqueue = green__os_kqueue,
    .kevent = green__os_kevent,

    .fork = fork,
    .spawn = green__os_spawn,
    .getpid = getpid,
    .waitpid = waitpid,
    .kill = kill,
    .child_fd = green__os_child_fd,

    .thread_start = thread_create,
    .thread_join = thread_wait,
    .thread_kill = pthread_kill,
    .backtrace = green__os_backtrace,
    .sigaction = sigaction,
    .sigaltstack = sigaltstack,
    .getaddrinfo = getaddrinfo,
    .freeaddrinfo = freeaddrinfo,
    .getnameinfo = getnameinfo,
    .at_exit = atexit,
};

struct sys *green__seam(void)
{
    return &green__sys;
}

void green__ring(int fd)
{
    while (green__sys.write(fd, "", 1) < 0 && errno == EINTR)
        continue;
}

void *green__zalloc(size_t n)
{
    void *memory = green__sys.malloc(n);

    return memory ? memset(memory, 0, n) : NULL;
}
