/* SPDX-License-Identifier: MIT */
/* sys_linux.c - layer 1: what Linux does in its own way.
 *
 * Calls that are younger than the oldest kernel or libc we run on are made by
 * number, and what an old kernel refuses once is not asked of it again.  The
 * refusals are remembered in plain atomics: threads may find out twice. */
#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "switch.h"
#include "sys_os.h"

/* Numbers and flags that older headers lack.  A CPU that counts otherwise than
 * all others answers ENOSYS, and gets what an old kernel gets. */
enum {
    NUMBER_IO_URING_SETUP = 425,
    NUMBER_IO_URING_ENTER = 426,
    NUMBER_PIDFD_OPEN = 434,
    NUMBER_PROCESS_MADVISE = 440,
    NUMBER_EPOLL_PWAIT2 = 441,
    FLAG_NOWAIT = 8,      /* RWF_NOWAIT */
    THIS_PROCESS = -10000 /* PIDFD_SELF, Linux 6.14 */
};

static atomic_bool no_pidfd_self, no_epoll_pwait2;

static bool given_up(const atomic_bool *refused)
{
    return atomic_load_explicit(refused, memory_order_relaxed);
}

static void give_up(atomic_bool *refused)
{
    atomic_store_explicit(refused, true, memory_order_relaxed);
}

/* Valgrind warns the user of each call that it does not know; it gets what an
 * old kernel gets. */
static bool lacks_new_calls(void)
{
    if (!green__on_valgrind())
        return false;
    errno = ENOSYS;
    return true;
}

static ssize_t advise_ranges(int pidfd, const struct iovec *ranges, size_t n,
                             int advice)
{
    if (lacks_new_calls())
        return -1;
    return syscall(NUMBER_PROCESS_MADVISE, pidfd, ranges, n, advice, 0);
}

/* The descriptor is not kept: after a fork it would mean the parent. */
static ssize_t advise_by_pidfd(const struct iovec *ranges, size_t n, int advice)
{
    int pidfd = (int)syscall(NUMBER_PIDFD_OPEN, getpid(), 0);
    int saved_errno;
    ssize_t done;

    if (pidfd < 0)
        return -1;
    done = advise_ranges(pidfd, ranges, n, advice);
    saved_errno = errno;
    close(pidfd);
    errno = saved_errno;
    return done;
}

ssize_t green__os_madvise_many(const struct iovec *ranges, size_t n, int advice)
{
    ssize_t done;

    if (given_up(&no_pidfd_self))
        return advise_by_pidfd(ranges, n, advice);
    done = advise_ranges(THIS_PROCESS, ranges, n, advice);
    if (done >= 0 || errno != EBADF)
        return done;
    give_up(&no_pidfd_self);
    return advise_by_pidfd(ranges, n, advice);
}

/* Never waits.  Chance, not secrets: a kernel that has no random numbers yet
 * leaves us those that the clock and the address layout give. */
uint64_t green__os_random(void)
{
    struct timespec t;
    uint64_t number;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) == sizeof number)
        return number;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return ((uint64_t)t.tv_nsec ^ (uintptr_t)&number) *
           UINT64_C(0x9e3779b97f4a7c15);
}

/* What cannot be tried without waiting is refused with EOPNOTSUPP, EINVAL or,
 * by old kernels, ENOSYS.  An EINVAL that means the arguments comes back from
 * the plain call, which the caller makes next. */
static ssize_t nowait_result(long result)
{
    if (result < 0 && (errno == EINVAL || errno == ENOSYS))
        errno = EOPNOTSUPP;
    return result;
}

/* Offset -1, in two halves for 32-bit CPUs: the file's own position. */

ssize_t green__os_readv_nowait(int fd, const struct iovec *iov, int n)
{
    return nowait_result(
        syscall(SYS_preadv2, fd, iov, (long)n, -1L, -1L, FLAG_NOWAIT));
}

ssize_t green__os_writev_nowait(int fd, const struct iovec *iov, int n)
{
    return nowait_result(
        syscall(SYS_pwritev2, fd, iov, (long)n, -1L, -1L, FLAG_NOWAIT));
}

ssize_t green__os_pread_nowait(int fd, void *buffer, size_t n, off_t offset)
{
    struct iovec iov = {.iov_base = buffer, .iov_len = n};

    return nowait_result(syscall(SYS_preadv2, fd, &iov, 1L, (long)offset,
                                 (long)((uint64_t)offset >> 32), FLAG_NOWAIT));
}

/* A 32-bit time_t ends in 68 years; so does then the wait. */
int green__os_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    int64_t seconds = timeout / 1000000000;
    struct timespec t;

    if (timeout < 0)
        return ppoll(fds, n, NULL, NULL);
    t.tv_sec = (time_t)(seconds < INT32_MAX ? seconds : INT32_MAX);
    t.tv_nsec = (long)(timeout % 1000000000);
    return ppoll(fds, n, &t, NULL);
}

int green__os_child_fd(pid_t pid)
{
    return lacks_new_calls() ? -1 : (int)syscall(NUMBER_PIDFD_OPEN, pid, 0);
}

char **green__os_environment(void)
{
    return environ;
}

int green__os_peer(int fd, uid_t *user)
{
    struct ucred peer;
    socklen_t length = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return -1;
    *user = peer.uid;
    return 0;
}

int green__os_pipe(int fds[2])
{
    return pipe2(fds, O_NONBLOCK | O_CLOEXEC);
}

int green__os_socket(int domain, int type, int protocol)
{
    return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

int green__os_socketpair(int domain, int type, int protocol, int fds[2])
{
    return socketpair(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol,
                      fds);
}

int green__os_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* The kernel writes where Valgrind does not see it. */
int green__os_uring_setup(unsigned entries, struct io_uring_params *parameters)
{
    if (lacks_new_calls())
        return -1;
    return (int)syscall(NUMBER_IO_URING_SETUP, entries, parameters);
}

int green__os_uring_enter(int fd, unsigned submit, unsigned wait)
{
    unsigned flags = wait > 0 ? 1 : 0; /* IORING_ENTER_GETEVENTS */

    return (int)syscall(NUMBER_IO_URING_ENTER, fd, submit, wait, flags, NULL,
                        0);
}

int green__os_epoll_create(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

int green__os_epoll_ctl(int epfd, int operation, int fd,
                        struct epoll_event *event)
{
    return epoll_ctl(epfd, operation, fd, event);
}

/* The kernel's timespec has 64-bit members on every CPU. */
static int wait_nanoseconds(int epfd, struct epoll_event *events, int n,
                            int64_t timeout)
{
    int64_t t[2] = {timeout / 1000000000, timeout % 1000000000};

    if (lacks_new_calls())
        return -1;
    return (int)syscall(NUMBER_EPOLL_PWAIT2, epfd, events, n, t, NULL, 0);
}

/* ThreadSanitizer keeps signals back until a call that it knows to wait, and of
 * this one it does not know. */
void *__tsan_get_current_fiber(void) __attribute__((weak));

/* Sandboxes that do not know a call refuse it with EPERM, which this one has
 * no other use for. */
int green__os_epoll_wait(int epfd, struct epoll_event *events, int n,
                         int64_t timeout)
{
    int ready;

    if (timeout > 0 && !__tsan_get_current_fiber &&
        !given_up(&no_epoll_pwait2)) {
        ready = wait_nanoseconds(epfd, events, n, timeout);
        if (ready >= 0 || (errno != ENOSYS && errno != EPERM))
            return ready;
        give_up(&no_epoll_pwait2);
    }
    return epoll_wait(epfd, events, n, os_milliseconds(timeout));
}

#else
typedef int green__sys_linux_is_empty;
#endif
