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
#include "interruption.h"
#include "patch.h"
#include "span.h"

static int64_t from_milliseconds(int timeout)
{
    return timeout < 0 ? GREEN_FOREVER : timeout * GREEN_MS;
}

/* ---- poll ---- */

/* Signals that the mask lets in are let in meanwhile: then it is EINTR. */
static long poll_now(struct pollfd *fds, nfds_t n, const void *mask)
{
    struct timespec none = {0, 0};

    return green__call(SYS_ppoll, (long)fds, (long)n, (long)&none, (long)mask,
                       MASK_SIZE, 0);
}

static long poll_waiting(struct pollfd *fds, nfds_t n, int64_t timeout,
                         const void *mask)
{
    int64_t deadline = end_of(timeout);
    struct interruption i;
    long r = green__interruption_begin(&i, mask ? ALWAYS : IF_FIRST,
                                       green__let_in(mask));

    if (r != 0)
        return r;
    do {
        r = green__interruption_wait(&i, fds, n, left_until(deadline));
        if (r != 0)
            break;
        r = poll_now(fds, n, mask);
        if (r == 0 && i.hit)
            r = -EINTR;
    } while (r == 0 && left_until(deadline) > 0);
    green__interruption_end(&i);
    return r;
}

static long poll_patched(struct pollfd *fds, nfds_t n, int64_t timeout,
                         const void *mask)
{
    long r;

    if (timeout > 0 && green_checkpoint() != 0)
        return -errno;
    r = poll_now(fds, n, mask);
    return r != 0 || timeout <= 0 ? r : poll_waiting(fds, n, timeout, mask);
}

static int poll_keeping_errno(struct pollfd *fds, nfds_t n, int64_t timeout,
                              const void *mask)
{
    int saved_errno = errno;
    long r = poll_patched(fds, n, timeout, mask);

    errno = saved_errno;
    return (int)call_result(r);
}

HOOK(poll, int, hook_poll, (struct pollfd * fds, nfds_t n, int timeout));
int hook_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    struct timespec t;

    if (timeout != 0 && green__patched(GREEN_PATCH_POLL))
        return poll_keeping_errno(fds, n, from_milliseconds(timeout), NULL);
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

/* May a call with that mask be ours? */
static bool masks_patched(const void *mask)
{
    return !mask || green__patched(GREEN_PATCH_SIGNAL);
}

HOOK(ppoll, int, hook_ppoll,
     (struct pollfd * fds, nfds_t n, const struct timespec *timeout,
      const sigset_t *mask));
int hook_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
               const sigset_t *mask)
{
    struct timespec copy;
    int64_t span;

    if (masks_patched(mask) && green__patched(GREEN_PATCH_POLL) &&
        load_span(&span, timeout))
        return poll_keeping_errno(fds, n, span, mask);
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

/* The kernel's own call with a mask and no time looks at no signals; poll does. */
static long epoll_look(int fd, struct epoll_event *events, int n,
                       const void *mask)
{
    struct pollfd p = {fd, POLLIN, 0};
    long r = mask ? poll_now(&p, 1, mask) : 0;

    return r < 0 ? r : epoll_now(fd, events, n);
}

static long epoll_waiting(int fd, struct epoll_event *events, int n,
                          int64_t timeout, const void *mask)
{
    struct pollfd p = {fd, POLLIN, 0};
    int64_t deadline = end_of(timeout);
    struct interruption i;
    long r = green__interruption_begin(&i, mask ? ALWAYS : IF_FIRST,
                                       green__let_in(mask));

    if (r != 0)
        return r;
    do {
        r = green__interruption_wait(&i, &p, 1, left_until(deadline));
        if (r != 0)
            break;
        r = epoll_look(fd, events, n, mask);
        if (r == 0 && i.hit)
            r = -EINTR;
    } while (r == 0 && left_until(deadline) > 0);
    green__interruption_end(&i);
    return r;
}

static long epoll_patched(int fd, struct epoll_event *events, int n,
                          int64_t timeout, const void *mask)
{
    long r;

    if (green_checkpoint() != 0)
        return -errno;
    r = epoll_look(fd, events, n, mask);
    return r != 0 ? r : epoll_waiting(fd, events, n, timeout, mask);
}

static int epoll_keeping_errno(int fd, struct epoll_event *events, int n,
                               int64_t timeout, const void *mask)
{
    int saved_errno = errno;
    long r = epoll_patched(fd, events, n, timeout, mask);

    errno = saved_errno;
    return (int)call_result(r);
}

HOOK(epoll_pwait, int, hook_epoll_pwait,
     (int fd, struct epoll_event *events, int n, int timeout,
      const sigset_t *mask));
int hook_epoll_pwait(int fd, struct epoll_event *events, int n, int timeout,
                     const sigset_t *mask)
{
    if (timeout != 0 && masks_patched(mask) && green__patched(GREEN_PATCH_POLL))
        return epoll_keeping_errno(fd, events, n, from_milliseconds(timeout),
                                   mask);
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

    if (masks_patched(mask) && green__patched(GREEN_PATCH_POLL) &&
        load_span(&span, timeout) && span != 0)
        return epoll_keeping_errno(fd, events, n, span, mask);
    return (int)call_result(green__call(441 /* epoll_pwait2 */, fd,
                                        (long)events, n, (long)timeout,
                                        (long)mask, MASK_SIZE));
}
