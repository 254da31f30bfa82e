/* SPDX-License-Identifier: MIT */
/* multiplex.c - layer 8: poll, select, epoll_wait.
 *
 * The kernel is asked without waiting; if nothing is ready the greenlet waits for
 * the same descriptors, and then the kernel is asked again.  So what is told of
 * closed, doubled and negative descriptors, of hang-ups and errors, is always the
 * kernel's own word. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include "patch.h"
#include "span.h"

enum { MASK_SIZE = 8 }; /* the kernel's sigset_t */

static int64_t from_milliseconds(int timeout)
{
    return timeout < 0 ? GREEN_FOREVER : timeout * GREEN_MS;
}

/* ---- poll ---- */

static long poll_now(struct pollfd *fds, nfds_t n)
{
    struct timespec none = {0, 0};

    return green__call(SYS_ppoll, (long)fds, (long)n, (long)&none, 0, 0, 0);
}

/* Wait for one of them: 0, or -errno of a kill or a scope. */
static long wait_for_any(struct pollfd *fds, nfds_t n, int64_t left)
{
    green__hook_waits();
    if (n == 0)
        return green_sleep(left) == 0 ? 0 : -errno;
    return green_poll(fds, n, left) >= 0 ? 0 : -errno;
}

static long poll_patched(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    int64_t deadline = 0, left = timeout;
    long r, waited;

    if (timeout > 0 && green_checkpoint() != 0)
        return -errno;
    for (;;) {
        r = poll_now(fds, n);
        if (r != 0 || left <= 0)
            return r;
        if (deadline == 0)
            deadline = end_of(timeout);
        waited = wait_for_any(fds, n, left);
        if (waited != 0)
            return waited;
        left = left_until(deadline);
    }
}

static int poll_keeping_errno(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    int saved_errno = errno;
    long r = poll_patched(fds, n, timeout);

    errno = saved_errno;
    return (int)call_result(r);
}

HOOK(poll, int, hook_poll, (struct pollfd * fds, nfds_t n, int timeout));
int hook_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    struct timespec t;

    if (timeout != 0 && green__patched(GREEN_PATCH_POLL))
        return poll_keeping_errno(fds, n, from_milliseconds(timeout));
    t = (struct timespec){timeout / 1000, timeout % 1000 * GREEN_MS};
    return (int)call_result(green__call(SYS_ppoll, (long)fds, (long)n,
                                        (long)(timeout < 0 ? NULL : &t), 0, 0,
                                        0));
}
HOOK_ALIAS(__poll, int, hook_poll_2,
           (struct pollfd * fds, nfds_t n, int timeout), poll);

HOOK(__poll_chk, int, hook_poll_chk,
     (struct pollfd * fds, nfds_t n, int timeout, size_t room));
int hook_poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room)
{
    if (room / sizeof *fds < n)
        abort();
    return hook_poll(fds, n, timeout);
}

/* With a signal mask it waits as it always did: a mask is the thread's. */
HOOK(ppoll, int, hook_ppoll,
     (struct pollfd * fds, nfds_t n, const struct timespec *timeout,
      const sigset_t *mask));
int hook_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
               const sigset_t *mask)
{
    struct timespec copy;
    int64_t span;

    if (!mask && green__patched(GREEN_PATCH_POLL) && load_span(&span, timeout))
        return poll_keeping_errno(fds, n, span);
    if (timeout && green__load(&copy, timeout, sizeof copy))
        timeout = &copy;
    return (int)call_result(green__call(SYS_ppoll, (long)fds, (long)n,
                                        (long)timeout, (long)mask, MASK_SIZE,
                                        0));
}

HOOK(__ppoll_chk, int, hook_ppoll_chk,
     (struct pollfd * fds, nfds_t n, const struct timespec *timeout,
      const sigset_t *mask, size_t room));
int hook_ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                   const sigset_t *mask, size_t room)
{
    if (room / sizeof *fds < n)
        abort();
    return hook_ppoll(fds, n, timeout, mask);
}

/* ---- epoll ---- */

/* An epoll descriptor can be waited for as others can. */
static long epoll_now(int fd, struct epoll_event *events, int n)
{
    return green__call(SYS_epoll_pwait, fd, (long)events, n, 0, 0, MASK_SIZE);
}

static long epoll_patched(int fd, struct epoll_event *events, int n,
                          int64_t timeout)
{
    int64_t deadline = 0;
    long r;

    if (green_checkpoint() != 0)
        return -errno;
    while ((r = epoll_now(fd, events, n)) == 0) {
        if (deadline == 0)
            deadline = end_of(timeout);
        r = green__hook_park(fd, GREEN_READ, deadline);
        if (r == -EAGAIN)
            return epoll_now(fd, events, n);
        if (r != 0)
            return r;
    }
    return r;
}

static int epoll_keeping_errno(int fd, struct epoll_event *events, int n,
                               int64_t timeout)
{
    int saved_errno = errno;
    long r = epoll_patched(fd, events, n, timeout);

    errno = saved_errno;
    return (int)call_result(r);
}

HOOK(epoll_pwait, int, hook_epoll_pwait,
     (int fd, struct epoll_event *events, int n, int timeout,
      const sigset_t *mask));
int hook_epoll_pwait(int fd, struct epoll_event *events, int n, int timeout,
                     const sigset_t *mask)
{
    if (timeout != 0 && !mask && green__patched(GREEN_PATCH_POLL))
        return epoll_keeping_errno(fd, events, n, from_milliseconds(timeout));
    return (int)call_result(green__call(SYS_epoll_pwait, fd, (long)events, n,
                                        timeout, (long)mask, MASK_SIZE));
}

HOOK(epoll_wait, int, hook_epoll_wait,
     (int fd, struct epoll_event *events, int n, int timeout));
int hook_epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
    return hook_epoll_pwait(fd, events, n, timeout, NULL);
}

HOOK(epoll_pwait2, int, hook_epoll_pwait2,
     (int fd, struct epoll_event *events, int n, const struct timespec *timeout,
      const sigset_t *mask));
int hook_epoll_pwait2(int fd, struct epoll_event *events, int n,
                      const struct timespec *timeout, const sigset_t *mask)
{
    int64_t span;

    if (!mask && green__patched(GREEN_PATCH_POLL) &&
        load_span(&span, timeout) && span != 0)
        return epoll_keeping_errno(fd, events, n, span);
    return (int)call_result(green__call(441 /* epoll_pwait2 */, fd,
                                        (long)events, n, (long)timeout,
                                        (long)mask, MASK_SIZE));
}
