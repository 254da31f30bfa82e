/* SPDX-License-Identifier: MIT */
/* attempt.c - layer 8: a call that may wait, tried without waiting.
 *
 * Nothing is known of a descriptor beforehand, and nothing is kept: what was made,
 * duplicated, inherited or closed behind our back cannot be got wrong.  The kernel
 * is asked what the user wants of it only when a call would wait. */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "handlers.h"
#include "interruption.h"
#include "patch.h"
#include "span.h"

bool green__waits(int fd)
{
    long flags = green__call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);

    return flags >= 0 && !(flags & O_NONBLOCK);
}

int64_t green__option_deadline(int fd, int option)
{
    struct timeval t = {0, 0};
    socklen_t length = sizeof t;

    if (option == 0 || green__call(SYS_getsockopt, fd, SOL_SOCKET, option,
                                   (long)&t, (long)&length, 0) != 0)
        return GREEN_FOREVER;
    if (t.tv_sec == 0 && t.tv_usec == 0)
        return GREEN_FOREVER;
    return green_now() + t.tv_sec * GREEN_SEC + t.tv_usec * GREEN_US;
}

bool green__is_ready(int fd, int events)
{
    struct timespec none = {0, 0};
    struct pollfd p = {.fd = fd};

    if (events & GREEN_READ)
        p.events |= POLLIN | POLLPRI;
    if (events & GREEN_WRITE)
        p.events |= POLLOUT;
    if (fd < 0)
        return true;
    return green__call(SYS_ppoll, (long)&p, 1, (long)&none, 0, 0, 0) != 0;
}

/* What has a timeout of its own is never restarted. */
static long park_or_signal(int fd, int events, int64_t deadline)
{
    struct pollfd p = {.fd = fd};
    long r;

    if (events & GREEN_READ)
        p.events |= POLLIN | POLLPRI;
    if (events & GREEN_WRITE)
        p.events |= POLLOUT;
    r = green__wait_or_signal(deadline == GREEN_FOREVER ? UNLESS_RESTARTING
                                                        : IF_FIRST,
                              &p, 1, left_until(deadline));
    if (r != 0)
        return r;
    if (p.revents & POLLNVAL)
        return -EBADF;
    return left_until(deadline) <= 0 && p.revents == 0 ? -EAGAIN : 0;
}

/* Whose time was up?  An enclosing scope's makes the next call fail, too. */
long green__hook_park(int fd, int events, int64_t deadline)
{
    int64_t left = deadline;

    if (deadline != GREEN_FOREVER)
        left -= green_now();
    if (left <= 0)
        return -EAGAIN;
    if (green__handlers_known())
        return park_or_signal(fd, events, deadline);
    green__hook_waits();
    if (green_wait_fd(fd, events, left) >= 0)
        return 0;
    if (errno == ETIMEDOUT && deadline != GREEN_FOREVER &&
        green_checkpoint() == 0)
        return -EAGAIN;
    return -errno;
}

/* It would wait: it does, if the user has it so, and is tried again. */
static long wait_and_try(struct attempt *a)
{
    long r = -EAGAIN;

    while (r == -EAGAIN && green__waits(a->fd)) {
        if (a->deadline == 0)
            a->deadline = green__option_deadline(a->fd, a->timeout_option);
        r = green__hook_park(a->fd, a->events, a->deadline);
        if (r != 0)
            return r;
        r = a->once(a);
    }
    return r;
}

/* A call that never waits is the user's own business, also when killed. */
static long refuse(struct attempt *a)
{
    return green__waits(a->fd) ? -errno : a->once(a);
}

long green__attempt(struct attempt *a)
{
    int saved_errno = errno;
    long r = green_checkpoint() == 0 ? a->once(a) : refuse(a);

    if (r == -EAGAIN)
        r = wait_and_try(a);
    errno = saved_errno;
    return r;
}

/* ---- what has no descriptor to wait for ---- */

enum { FIRST_PAUSE = 1000000, LONGEST_PAUSE = 20000000 }; /* ns */

static long pause_for(int64_t pause, int64_t deadline)
{
    int64_t left = deadline;

    if (deadline != GREEN_FOREVER)
        left -= green_now();
    if (left <= 0)
        return -EAGAIN;
    return green__wait_or_signal(UNLESS_RESTARTING, NULL, 0,
                                 pause < left ? pause : left);
}

long green__insist(long (*once)(void *what), void *what, int64_t deadline)
{
    int64_t pause = FIRST_PAUSE;
    int saved_errno = errno;
    long r = green_checkpoint() == 0 ? once(what) : -errno, paused;

    while (r == -EAGAIN) {
        paused = pause_for(pause, deadline);
        r = paused == 0 ? once(what) : paused;
        if (paused != 0)
            break;
        pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
    }
    errno = saved_errno;
    return r;
}
