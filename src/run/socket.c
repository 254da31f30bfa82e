/* SPDX-License-Identifier: MIT */
/* socket.c - sending and receiving. */
#include "socket.h"
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include "attempt.h"
#include "vector.h"

static int int_option(int fd, int option)
{
    int value = 0;
    socklen_t length = sizeof value;

    kernel_call(SYS_getsockopt, fd, SOL_SOCKET, option, (long)&value,
                (long)&length, 0);
    return value;
}

/* Bytes without borders: a call goes on until all are done. */
static bool is_stream(int fd)
{
    return int_option(fd, SO_TYPE) == SOCK_STREAM;
}

static struct attempt receiving(struct call *c, long (*once)(struct attempt *))
{
    return (struct attempt){.once = once,
                            .call = c,
                            .fd = (int)c->a[0],
                            .events = POLLIN,
                            .option = SO_RCVTIMEO};
}

static struct attempt sending(struct call *c, long (*once)(struct attempt *))
{
    return (struct attempt){.once = once,
                            .call = c,
                            .fd = (int)c->a[0],
                            .events = POLLOUT,
                            .option = SO_SNDTIMEO};
}

/* ---- receiving ---- */

static long recvfrom_once(struct attempt *a)
{
    struct call *c = a->call;

    return kernel_call(SYS_recvfrom, a->fd, c->a[1] + (long)a->done,
                       c->a[2] - (long)a->done, c->a[3] | MSG_DONTWAIT, c->a[4],
                       c->a[5]);
}

static bool waits_for_all(int fd, long flags)
{
    return (flags & MSG_WAITALL) && !(flags & MSG_PEEK) && is_stream(fd);
}

long socket_recvfrom(struct call *c)
{
    struct attempt a = receiving(c, recvfrom_once);

    if (c->a[3] & (MSG_DONTWAIT | MSG_ERRQUEUE))
        return call_pass(c);
    if (c->a[3] & MSG_OOB)
        a.events = POLLPRI;
    if (waits_for_all(a.fd, c->a[3]))
        return attempt_all(&a, (size_t)c->a[2]);
    return attempt(&a);
}

/* One try of sendmsg or recvmsg; what goes along goes with the first part. */
static long message_once(struct attempt *a, long number)
{
    struct msghdr *m = (struct msghdr *)a->call->a[1], part;
    struct iovec rest[VECTOR_PIECES];
    long flags = a->call->a[2] | MSG_DONTWAIT;

    if (a->done == 0)
        return kernel(number, a->fd, (long)m, flags, 0);
    part = *m;
    part.msg_control = NULL;
    part.msg_controllen = 0;
    part.msg_iov = rest;
    part.msg_iovlen = vector_rest(rest, m->msg_iov, m->msg_iovlen, a->done);
    return kernel(number, a->fd, (long)&part, flags, 0);
}

static long recvmsg_once(struct attempt *a)
{
    return message_once(a, SYS_recvmsg);
}

long socket_recvmsg(struct call *c)
{
    struct attempt a = receiving(c, recvmsg_once);
    struct msghdr *m = (struct msghdr *)c->a[1];

    if (c->a[2] & (MSG_DONTWAIT | MSG_ERRQUEUE))
        return call_pass(c);
    if (waits_for_all(a.fd, c->a[2]))
        return attempt_all(&a, vector_size(m->msg_iov, m->msg_iovlen));
    return attempt(&a);
}

static long recvmmsg_once(struct attempt *a)
{
    struct call *c = a->call;

    return kernel_call(SYS_recvmmsg, a->fd,
                       c->a[1] + (long)(a->done * sizeof(struct mmsghdr)),
                       c->a[2] - (long)a->done,
                       (c->a[3] & ~(long)MSG_WAITFORONE) | MSG_DONTWAIT, 0, 0);
}

/* The time of the call is looked at between datagrams only, as in the kernel. */
long socket_recvmmsg(struct call *c)
{
    struct attempt a = receiving(c, recvmmsg_once);
    int64_t until = call_deadline((const struct timespec *)c->a[4]);
    long r;

    if (until < 0 || (c->a[3] & MSG_DONTWAIT))
        return call_pass(c);
    while ((r = attempt(&a)) > 0) {
        a.done += (size_t)r;
        if ((long)a.done >= c->a[2] || (c->a[3] & MSG_WAITFORONE) ||
            !attempt_may_wait(a.fd) || task_clock() >= until)
            break;
    }
    return a.done > 0 ? (long)a.done : r;
}

/* ---- sending ---- */

static long sendto_once(struct attempt *a)
{
    struct call *c = a->call;

    return kernel_call(SYS_sendto, a->fd, c->a[1] + (long)a->done,
                       c->a[2] - (long)a->done, c->a[3] | MSG_DONTWAIT, c->a[4],
                       c->a[5]);
}

long socket_sendto(struct call *c)
{
    struct attempt a = sending(c, sendto_once);

    if (c->a[3] & MSG_DONTWAIT)
        return call_pass(c);
    return attempt_all(&a, (size_t)c->a[2]);
}

static long sendmsg_once(struct attempt *a)
{
    return message_once(a, SYS_sendmsg);
}

long socket_sendmsg(struct call *c)
{
    struct attempt a = sending(c, sendmsg_once);
    struct msghdr *m = (struct msghdr *)c->a[1];

    if (m->msg_control)
        watch_share_all(); /* it may carry descriptors */
    if (c->a[2] & MSG_DONTWAIT)
        return call_pass(c);
    return attempt_all(&a, vector_size(m->msg_iov, m->msg_iovlen));
}

/* One message after the other, each until all of it is sent. */
long socket_sendmmsg(struct call *c)
{
    struct mmsghdr *m = (struct mmsghdr *)c->a[1];
    unsigned n = (unsigned)c->a[2], i;
    long r = 0;

    if (c->a[3] & MSG_DONTWAIT) {
        watch_share_all();
        return call_pass(c);
    }
    for (i = 0; i < n; i++) {
        struct call one = *c;

        one.number = SYS_sendmsg;
        one.a[1] = (long)&m[i].msg_hdr;
        one.a[2] = c->a[3];
        r = socket_sendmsg(&one);
        if (r < 0)
            break;
        m[i].msg_len = (unsigned)r;
    }
    return i > 0 ? (long)i : r;
}
