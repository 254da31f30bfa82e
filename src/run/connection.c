/* SPDX-License-Identifier: MIT */
/* connection.c - accepting and connecting.
 *
 * The kernel has no way to ask that just one of these calls does not wait, so
 * O_NONBLOCK is set around it. */
#include <poll.h>
#include <sys/socket.h>
#include "attempt.h"
#include "socket.h"

enum { CROWDED = 2 * MILLISECOND };

static long accept_now(struct attempt *a)
{
    struct call *c = a->call;
    long r = kernel(SYS_accept4, c->a[0], c->a[1], c->a[2],
                    c->number == SYS_accept4 ? c->a[3] : 0);

    if (r >= 0) {
        watch_learn((int)r, WATCH_SOCKET);
        watch_own((int)r);
    }
    return r;
}

static long accept_once(struct attempt *a)
{
    return attempt_in_window(a, accept_now);
}

long socket_accept(struct call *c)
{
    struct attempt a = {.once = accept_once,
                        .call = c,
                        .fd = (int)c->a[0],
                        .events = POLLIN,
                        .option = SO_RCVTIMEO};

    return attempt(&a);
}

long socket_accept4(struct call *c)
{
    return socket_accept(c);
}

static long connect_now(struct attempt *a)
{
    struct call *c = a->call;

    return kernel(SYS_connect, c->a[0], c->a[1], c->a[2], 0);
}

/* It is on its way: ready to be written to when it is over.  The call that began
 * it tells how it went, and lets the socket know that this is known. */
static long connected_once(struct attempt *a)
{
    long r = -EALREADY;

    if (attempt_ready(a->fd, POLLOUT))
        r = attempt_in_window(a, connect_now);
    return r == -EALREADY ? -EAGAIN : r;
}

/* A local listener whose queue is full tells nobody when there is room. */
static long until_there_is_room(struct attempt *a)
{
    long r;

    while ((r = attempt_in_window(a, connect_now)) == -EAGAIN)
        if (task_park(task_clock() + CROWDED) == WOKEN_SIGNAL)
            return -RESTART_IF_ASKED;
    return r;
}

long socket_connect(struct call *c)
{
    struct attempt a = {.once = connected_once,
                        .call = c,
                        .fd = (int)c->a[0],
                        .events = POLLOUT,
                        .option = SO_SNDTIMEO};
    long r;

    if (!attempt_may_wait(a.fd))
        return call_pass(c);
    r = until_there_is_room(&a);
    if (r != -EINPROGRESS && r != -EALREADY)
        return r;
    r = attempt(&a);
    return r == -EAGAIN ? -EINPROGRESS : r;
}
