/* SPDX-License-Identifier: MIT */
/* names.c - libc's functions that are called most, without a trap for each call.
 *
 * What need not wait is done at once, by a system call in the engine's text, as the
 * program, with its signals.  What would wait enters the engine.  All else traps:
 * calls within libc, other functions, programs that make their own.
 *
 * Most of these are where a thread may be cancelled: before it begins, as libc has
 * it, and while it waits, when the type of cancellation is changed for so long.
 * libc's own part in that is used if it is there. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "direct.h"
#include "file.h"
#include "vector.h"

#pragma GCC visibility push(default)

/* The linker's name of a function, since headers declare these differently. */
#define NAME(symbol, type, function, arguments) \
    type function arguments __asm__(#symbol)

int *libc_errno(void) __asm__("__errno_location") __attribute__((weak));
void libc_test_cancel(void) __asm__("pthread_testcancel") __attribute__((weak));
int libc_cancel_type(int type, int *old) __asm__("pthread_setcanceltype")
    __attribute__((weak));
void libc_check_failed(void) __asm__("__chk_fail") __attribute__((weak));

static long result(long r)
{
    if (r >= 0 || r < -4095)
        return r;
    if (libc_errno)
        *libc_errno() = (int)-r;
    return -1;
}

static void cancel_here(void)
{
    if (libc_test_cancel)
        libc_test_cancel();
}

static long wait_for(long number, const long a[6], uint64_t tried)
{
    int type = PTHREAD_CANCEL_DEFERRED;
    long r;

    if (libc_cancel_type)
        libc_cancel_type(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    r = direct_call(number, a, tried);
    if (libc_cancel_type)
        libc_cancel_type(type, &type);
    return r;
}

static long wait_with(long number, long a, long b, long c, long d)
{
    const long all[6] = {a, b, c, d, 0, 0};

    return wait_for(number, all, 0);
}

/* ---- reading and writing ---- */

static long in(long number, const long a[6], struct iovec *iov, size_t n)
{
    uint64_t tried = 0, now = task_switches + 1;
    long r;

    cancel_here();
    if (file_try((int)a[0], iov, n, false, &r)) {
        if (r != -EAGAIN)
            return result(r);
        tried = now;
    }
    return result(wait_for(number, a, tried));
}

NAME(read, ssize_t, name_read, (int fd, void *to, size_t n));
ssize_t name_read(int fd, void *to, size_t n)
{
    struct iovec iov = {to, n};
    const long a[6] = {fd, (long)to, (long)n};

    return in(SYS_read, a, &iov, 1);
}

NAME(readv, ssize_t, name_readv, (int fd, const struct iovec *iov, int n));
ssize_t name_readv(int fd, const struct iovec *iov, int n)
{
    const long a[6] = {fd, (long)iov, n};

    if (n <= 0)
        return result(wait_for(SYS_readv, a, 0));
    return in(SYS_readv, a, (struct iovec *)(uintptr_t)iov, (size_t)n);
}

static long out_rest(long number, const long a[6], long done, uint64_t tried)
{
    long r = wait_for(number, a, tried);

    return done == 0 ? result(r) : r > 0 ? done + r : done;
}

NAME(write, ssize_t, name_write, (int fd, const void *from, size_t n));
ssize_t name_write(int fd, const void *from, size_t n)
{
    struct iovec iov = {(void *)(uintptr_t)from, n};
    uint64_t tried = 0, now = task_switches + 1;
    long r = 0;

    cancel_here();
    if (file_try(fd, &iov, 1, true, &r)) {
        if (r != -EAGAIN && (r < 0 || (size_t)r >= n))
            return result(r);
        tried = r == -EAGAIN ? now : 0;
    }
    if (r < 0)
        r = 0;
    {
        const long a[6] = {fd, (long)from + r, (long)n - r};

        return out_rest(SYS_write, a, r, tried);
    }
}

/* What is left of several pieces is the engine's to reckon. */
NAME(writev, ssize_t, name_writev, (int fd, const struct iovec *iov, int n));
ssize_t name_writev(int fd, const struct iovec *iov, int n)
{
    const long a[6] = {fd, (long)iov, n};

    cancel_here();
    return result(wait_for(SYS_writev, a, 0));
}

/* ---- sockets ---- */

NAME(recvfrom, ssize_t, name_recvfrom,
     (int fd, void *restrict to, size_t n, int flags, void *restrict from,
      socklen_t *restrict length));
ssize_t name_recvfrom(int fd, void *restrict to, size_t n, int flags,
                      void *restrict from, socklen_t *restrict length)
{
    const long a[6] = {fd, (long)to, (long)n, flags, (long)from, (long)length};
    uint64_t tried = 0, now = task_switches + 1;
    long r;

    cancel_here();
    if (!(flags & (MSG_WAITALL | MSG_ERRQUEUE))) {
        r = kernel_call(SYS_recvfrom, fd, (long)to, (long)n,
                        flags | MSG_DONTWAIT, (long)from, (long)length);
        if (r != -EAGAIN || (flags & MSG_DONTWAIT))
            return result(r);
        tried = now;
    }
    return result(wait_for(SYS_recvfrom, a, tried));
}

NAME(recv, ssize_t, name_recv, (int fd, void *to, size_t n, int flags));
ssize_t name_recv(int fd, void *to, size_t n, int flags)
{
    return name_recvfrom(fd, to, n, flags, NULL, NULL);
}

NAME(sendto, ssize_t, name_sendto,
     (int fd, const void *from, size_t n, int flags, const void *to,
      socklen_t length));
ssize_t name_sendto(int fd, const void *from, size_t n, int flags,
                    const void *to, socklen_t length)
{
    uint64_t now = task_switches + 1;
    long r;

    cancel_here();
    r = kernel_call(SYS_sendto, fd, (long)from, (long)n, flags | MSG_DONTWAIT,
                    (long)to, length);
    if ((flags & MSG_DONTWAIT) || (r < 0 && r != -EAGAIN) ||
        (r >= 0 && (size_t)r >= n))
        return result(r);
    {
        long done = r > 0 ? r : 0;
        const long a[6] = {fd,    (long)from + done, (long)n - done,
                           flags, (long)to,          (long)length};

        return out_rest(SYS_sendto, a, done, r == -EAGAIN ? now : 0);
    }
}

NAME(send, ssize_t, name_send, (int fd, const void *from, size_t n, int flags));
ssize_t name_send(int fd, const void *from, size_t n, int flags)
{
    return name_sendto(fd, from, n, flags, NULL, 0);
}

NAME(accept4, int, name_accept4,
     (int fd, void *restrict address, socklen_t *restrict length, int flags));
int name_accept4(int fd, void *restrict address, socklen_t *restrict length,
                 int flags)
{
    cancel_here();
    return (int)result(
        wait_with(SYS_accept4, fd, (long)address, (long)length, flags));
}

NAME(accept, int, name_accept,
     (int fd, void *restrict address, socklen_t *restrict length));
int name_accept(int fd, void *restrict address, socklen_t *restrict length)
{
    return name_accept4(fd, address, length, 0);
}

/* ---- many descriptors ---- */

NAME(poll, int, name_poll, (struct pollfd * fds, nfds_t n, int ms));
int name_poll(struct pollfd *fds, nfds_t n, int ms)
{
    long r;

    cancel_here();
    r = kernel(SYS_poll, (long)fds, (long)n, 0, 0);
    if (r != 0 || ms == 0)
        return (int)result(r);
    return (int)result(wait_with(SYS_poll, (long)fds, (long)n, ms, 0));
}

NAME(epoll_wait, int, name_epoll_wait,
     (int fd, struct epoll_event *events, int n, int ms));
int name_epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
    long r;

    cancel_here();
    r = kernel(SYS_epoll_wait, fd, (long)events, n, 0);
    if (r != 0 || ms == 0)
        return (int)result(r);
    return (int)result(wait_with(SYS_epoll_wait, fd, (long)events, n, ms));
}

/* ---- time ---- */

NAME(nanosleep, int, name_nanosleep,
     (const struct timespec *duration, struct timespec *left));
int name_nanosleep(const struct timespec *duration, struct timespec *left)
{
    cancel_here();
    return (int)result(
        wait_with(SYS_nanosleep, (long)duration, (long)left, 0, 0));
}

NAME(clock_nanosleep, int, name_clock_nanosleep,
     (clockid_t clock, int flags, const struct timespec *time,
      struct timespec *left));
int name_clock_nanosleep(clockid_t clock, int flags,
                         const struct timespec *time, struct timespec *left)
{
    if (clock == CLOCK_THREAD_CPUTIME_ID)
        return EINVAL;
    cancel_here();
    return (int)-wait_with(SYS_clock_nanosleep, clock, flags, (long)time,
                           (long)left);
}

NAME(usleep, int, name_usleep, (useconds_t us));
int name_usleep(useconds_t us)
{
    struct timespec duration = {us / 1000000, us % 1000000 * 1000L};

    return name_nanosleep(&duration, NULL);
}

NAME(sched_yield, int, name_sched_yield, (void));
int name_sched_yield(void)
{
    const long none[6] = {0};

    return (int)result(direct_call(SYS_sched_yield, none, 0));
}

/* ---- the names of programs that were compiled with checks ---- */

static void check(size_t n, size_t room)
{
    if (n > room && libc_check_failed)
        libc_check_failed();
}

NAME(__read_chk, ssize_t, name_read_chk,
     (int fd, void *to, size_t n, size_t room));
ssize_t name_read_chk(int fd, void *to, size_t n, size_t room)
{
    check(n, room);
    return name_read(fd, to, n);
}

NAME(__recv_chk, ssize_t, name_recv_chk,
     (int fd, void *to, size_t n, size_t room, int flags));
ssize_t name_recv_chk(int fd, void *to, size_t n, size_t room, int flags)
{
    check(n, room);
    return name_recv(fd, to, n, flags);
}

NAME(__recvfrom_chk, ssize_t, name_recvfrom_chk,
     (int fd, void *restrict to, size_t n, size_t room, int flags,
      void *restrict from, socklen_t *restrict length));
ssize_t name_recvfrom_chk(int fd, void *restrict to, size_t n, size_t room,
                          int flags, void *restrict from,
                          socklen_t *restrict length)
{
    check(n, room);
    return name_recvfrom(fd, to, n, flags, from, length);
}

NAME(__poll_chk, int, name_poll_chk,
     (struct pollfd * fds, nfds_t n, int ms, size_t room));
int name_poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room)
{
    check(n * sizeof *fds, room);
    return name_poll(fds, n, ms);
}
#pragma GCC visibility pop
