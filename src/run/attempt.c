/* SPDX-License-Identifier: MIT */
/* attempt.c - a call on a descriptor that may wait, tried without waiting.
 *
 * The kernel is asked what the program wants of the descriptor only when a call
 * would wait, and of one that nobody else can have changed only once. */
#include "attempt.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

bool attempt_may_wait(int fd)
{
    long flags = kernel(SYS_fcntl, fd, F_GETFL, 0, 0);

    return flags >= 0 && !(flags & O_NONBLOCK);
}

bool attempt_ready(int fd, uint32_t events)
{
    struct pollfd p = {.fd = fd, .events = (short)events};

    return kernel(SYS_poll, (long)&p, 1, 0, 0) != 0;
}

static int64_t option_deadline(int fd, int option)
{
    struct timeval t = {0, 0};
    socklen_t length = sizeof t;

    if (option == 0 ||
        kernel_call(SYS_getsockopt, fd, SOL_SOCKET, option, (long)&t,
                    (long)&length, 0) != 0 ||
        (t.tv_sec == 0 && t.tv_usec == 0))
        return FOREVER;
    return task_clock() + t.tv_sec * (int64_t)SECOND + t.tv_usec * 1000;
}

static bool is_plain(const struct attempt *a)
{
    return a->option == SO_RCVTIMEO && watch_is_plain(a->fd);
}

static void find_deadline(struct attempt *a)
{
    a->deadline = FOREVER;
    if (is_plain(a))
        return;
    a->deadline = option_deadline(a->fd, a->option);
    if (a->option == SO_RCVTIMEO && a->deadline == FOREVER)
        watch_note_plain(a->fd);
}

/* 0: try again. */
static long await(struct attempt *a)
{
    if (a->deadline == 0)
        find_deadline(a);
    switch (watch_park(a->fd, a->events, a->deadline)) {
    case WOKEN_SIGNAL:
        return a->deadline == FOREVER ? -RESTART_IF_ASKED : -EINTR;
    case WOKEN_TIMEOUT:
        return -EAGAIN;
    case WOKEN_CLOSED:
        return -EBADF;
    default:
        return 0;
    }
}

/* Tried by its caller, and since then nobody looked at what has happened. */
static long first_try(struct attempt *a)
{
    bool tried = a->call->tried == task_switches + 1;

    a->call->tried = 0;
    return tried ? -EAGAIN : a->once(a);
}

long attempt(struct attempt *a)
{
    long r;

    for (r = first_try(a); r == -EAGAIN; r = a->once(a)) {
        if (!is_plain(a) && !attempt_may_wait(a->fd))
            return r;
        r = await(a);
        if (r != 0)
            return r;
    }
    return r;
}

long attempt_all(struct attempt *a, size_t whole)
{
    long r;

    while ((r = attempt(a)) > 0) {
        a->done += (size_t)r;
        if (a->done >= whole || !attempt_may_wait(a->fd))
            break;
    }
    return a->done > 0 ? (long)a->done : r;
}

long attempt_in_window(struct attempt *a, long (*call)(struct attempt *a))
{
    long flags = kernel(SYS_fcntl, a->fd, F_GETFL, 0, 0), r;

    if (flags < 0 || (flags & O_NONBLOCK))
        return call(a);
    kernel(SYS_fcntl, a->fd, F_SETFL, flags | O_NONBLOCK, 0);
    r = call(a);
    kernel(SYS_fcntl, a->fd, F_SETFL, flags, 0);
    return r;
}
