/* SPDX-License-Identifier: MIT */
/* descriptor.c - calls that end, replace or change descriptors.
 *
 * Programs close all that they do not know.  The engine's own are not there for
 * them. */
#include "descriptor.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "watch.h"

enum { HIGHEST = 1 << 20, RECEIVE_TIMEOUT_LONG = 66 };

long descriptor_close(struct call *c)
{
    if (watch_is_ours((int)c->a[0]))
        return -EBADF;
    watch_forget((int)c->a[0]);
    return call_pass(c);
}

long descriptor_dup2(struct call *c)
{
    if (watch_is_ours((int)c->a[0]))
        return -EBADF;
    if (watch_is_ours((int)c->a[1]))
        return -EMFILE;
    if (c->a[0] != c->a[1])
        watch_forget((int)c->a[1]);
    return call_pass(c);
}

/* Ours lie in between: what is before each of them, then the rest. */
long descriptor_close_range(struct call *c)
{
    unsigned first = (unsigned)c->a[0], last = (unsigned)c->a[1], from = first;
    unsigned end = last < HIGHEST ? last : HIGHEST;
    long r = 0;

    if (first > last)
        return -EINVAL;
    for (unsigned fd = first; fd <= end; fd++) {
        if (!watch_is_ours((int)fd)) {
            if (!(c->a[2] & 4))
                watch_forget((int)fd);
            continue;
        }
        if (fd > from)
            r = kernel(SYS_close_range, from, fd - 1, c->a[2], 0);
        from = fd + 1;
    }
    return from > last ? r : kernel(SYS_close_range, from, last, c->a[2], 0);
}

long descriptor_ioctl(struct call *c)
{
    if ((unsigned)c->a[1] == FIONBIO)
        watch_changed();
    return call_pass(c);
}

/* A timeout has a second number, where its fields are longer. */
long descriptor_setsockopt(struct call *c)
{
    if (c->a[1] == SOL_SOCKET &&
        (c->a[2] == SO_RCVTIMEO || c->a[2] == RECEIVE_TIMEOUT_LONG))
        watch_changed();
    return call_pass(c);
}
