/* SPDX-License-Identifier: MIT */
/* poll.c - layer 7: waiting for one descriptor, and poll(2).
 *
 * The kernel is asked before a wait and after it: what woke the greenlet may be
 * gone when it runs. */
#include <errno.h>
#include <string.h>
#include "hub.h"
#include "sys.h"
#include "wait.h"

#define FEW 8 /* descriptors whose waiters fit into the frame */

int green_wait_fd(int fd, int events, int64_t timeout)
{
    struct green_hub *h = green__hub();
    int64_t until;
    int ready;

    if (events == 0 || events & ~(GREEN_READ | GREEN_WRITE)) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    until = green__until(h, timeout);
    while ((ready = green__fd_now(fd, events)) == 0) {
        timeout = green__left(h, until);
        if (timeout <= 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (green__fd_wait(h, fd, events, timeout, WAIT_FD) < 0)
            return -1;
    }
    if (ready > 0)
        green__spend(h);
    return ready;
}

/* ---- poll ---- */

/* Errors and hang-ups are told of unasked. */
static int wanted(const struct pollfd *p)
{
    return READY_ENDED | (p->events & (POLLIN | POLLPRI) ? GREEN_READ : 0) |
           (p->events & POLLOUT ? GREEN_WRITE : 0);
}

static bool is_in(const struct green_waiter *w)
{
    return w->greenlet != NULL;
}

static void *lives_of(const struct green_hub *h, int fd)
{
    return (void *)(uintptr_t)green__fd_lives(h, fd);
}

static int enter_fds(struct green_hub *h, const struct pollfd *fds, nfds_t n,
                     struct green_waiter *waiters)
{
    nfds_t i;

    memset(waiters, 0, n * sizeof *waiters);
    for (i = 0; i < n; i++) {
        waiters[i].detail = wanted(&fds[i]);
        waiters[i].index = (int)i;
        waiters[i].item = lives_of(h, fds[i].fd);
        if (fds[i].fd < 0)
            continue;
        if (green__fd_enter(h, fds[i].fd, &waiters[i]) < 0)
            return -1;
    }
    return 0;
}

static void leave_fds(struct green_hub *h, struct green_waiter *waiters,
                      nfds_t n)
{
    nfds_t i;

    for (i = 0; i < n; i++)
        if (is_in(&waiters[i]))
            green__fd_leave(h, &waiters[i]);
}

/* Wait until something may have happened: 0, or -1.  Closed between waking and
 * running is closed under the wait, too. */
static int poll_wait(struct green_hub *h, const struct pollfd *fds, nfds_t n,
                     struct green_waiter *waiters, int64_t timeout)
{
    struct waiting wait = {.waiters = waiters,
                           .n = (unsigned)n,
                           .stride = sizeof *waiters,
                           .delay = GREEN_FOREVER,
                           .timeout = timeout,
                           .reason = WAIT_POLL};
    int r = enter_fds(h, fds, n, waiters);

    nfds_t i;

    if (r == 0)
        r = green__wait(h, &wait) < 0 ? -1 : 0;
    leave_fds(h, waiters, n);
    for (i = 0; r == 0 && i < n; i++) {
        if (lives_of(h, fds[i].fd) == waiters[i].item)
            continue;
        h->current->wake_index = (int)i;
        errno = EBADF;
        r = -1;
    }
    return r;
}

/* A descriptor was closed under the wait.  Its number may be another's by now,
 * so the kernel is not asked. */
static int tell_closed(struct pollfd *fds, nfds_t n, int closed)
{
    nfds_t i;

    for (i = 0; i < n; i++)
        fds[i].revents = 0;
    fds[closed].revents = POLLNVAL;
    return 1;
}

static int poll_with(struct green_hub *h, struct pollfd *fds, nfds_t n,
                     struct green_waiter *waiters, int64_t until)
{
    int64_t timeout;
    int ready;

    while ((ready = green__sys.poll(fds, n, 0)) == 0 ||
           (ready < 0 && errno == EINTR)) {
        timeout = green__left(h, until);
        if (timeout <= 0)
            return 0;
        if (poll_wait(h, fds, n, waiters, timeout) == 0)
            continue;
        if (errno == EBADF)
            return tell_closed(fds, n, h->current->wake_index);
        return errno == ETIMEDOUT && green__left(h, until) <= 0 ? 0 : -1;
    }
    if (ready > 0)
        green__spend(h);
    return ready;
}

int green_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    struct green_hub *h = green__hub();
    struct green_waiter few[FEW], *many;
    int r;

    if (n > 0 && !fds) {
        errno = EFAULT;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    if (n <= FEW)
        return poll_with(h, fds, n, few, green__until(h, timeout));
    if (n > INT32_MAX) {
        errno = EINVAL;
        return -1;
    }
    many = green__sys.malloc(n * sizeof *many);
    if (!many)
        return -1;
    r = poll_with(h, fds, n, many, green__until(h, timeout));
    green__sys.free(many);
    return r;
}
