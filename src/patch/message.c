/* SPDX-License-Identifier: MIT */
/* message.c - layer 8: recv and send in all their forms.
 *
 * The flags of the call are kept, and MSG_DONTWAIT is added.  On a stream a send
 * returns when all is sent, and MSG_WAITALL when all has come. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "layout.h"
#include "patch.h"
#include "vector.h"

/* With these the kernel itself does not wait. */
enum { NEVER_WAITS = MSG_DONTWAIT | 0x2000 /* MSG_ERRQUEUE */ | MSG_OOB };

struct exchange {
    struct attempt attempt; /* first */
    struct msghdr *message;
    struct vector vector;
    struct iovec window[WINDOW];
    int flags;
    bool began; /* something was sent or has come: what is left is only data */
};

static bool is_stream(int fd)
{
    int type = 0;
    socklen_t length = sizeof type;

    return green__call(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type,
                       (long)&length, 0) == 0 &&
           type == SOCK_STREAM;
}

static long exchange_once(struct attempt *a)
{
    struct exchange *e = (struct exchange *)a;
    struct msghdr rest = {.msg_iov = e->window};
    long number = a->events == GREEN_READ ? SYS_recvmsg : SYS_sendmsg;

    if (!e->began)
        return green__call(number, a->fd, (long)e->message,
                           e->flags | MSG_DONTWAIT, 0, 0, 0);
    rest.msg_iovlen = vector_window(&e->vector, e->window, (size_t)PTRDIFF_MAX);
    return green__call(number, a->fd, (long)&rest, e->flags | MSG_DONTWAIT, 0,
                       0, 0);
}

static void begin_exchange(struct exchange *e, int fd, struct msghdr *message,
                           int flags, int events)
{
    e->attempt = (struct attempt){
        .once = exchange_once,
        .fd = fd,
        .events = events,
        .timeout_option = events == GREEN_READ ? SO_RCVTIMEO : SO_SNDTIMEO,
    };
    e->message = message;
    e->flags = flags;
    e->began = false;
}

static size_t message_size(const struct msghdr *m)
{
    size_t size = 0, i;

    for (i = 0; i < (size_t)m->msg_iovlen; i++)
        size += m->msg_iov[i].iov_len;
    return size;
}

/* Go on until all is exchanged, an error, or the end.  The message is looked at
 * when the kernel has done so without a fault. */
static long exchange_all(struct exchange *e)
{
    const struct msghdr *m = e->message;
    size_t size = 0, done = 0;
    long r;

    do {
        r = green__attempt(&e->attempt);
        if (r <= 0)
            break;
        if (!e->began) {
            e->vector = (struct vector){m->msg_iov, (size_t)m->msg_iovlen, 0};
            size = message_size(m);
        }
        e->began = true;
        done += (size_t)r;
        vector_advance(&e->vector, (size_t)r);
    } while (done < size && is_stream(e->attempt.fd));
    return done > 0 ? (long)done : r;
}

static long receive(int fd, struct msghdr *message, int flags)
{
    struct exchange e;

    if ((flags & NEVER_WAITS) || !green__patched(GREEN_PATCH_SOCKET))
        return green__call(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0);
    begin_exchange(&e, fd, message, flags, GREEN_READ);
    if ((flags & MSG_WAITALL) && !(flags & MSG_PEEK))
        return exchange_all(&e);
    return green__attempt(&e.attempt);
}

static long transmit(int fd, struct msghdr *message, int flags)
{
    struct exchange e;

    if ((flags & MSG_DONTWAIT) || !green__patched(GREEN_PATCH_SOCKET))
        return green__call(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0);
    begin_exchange(&e, fd, message, flags, GREEN_WRITE);
    return exchange_all(&e);
}

/* ---- one buffer ---- */

/* What send and recv are made of: less for the kernel to read than a message. */
struct parcel {
    struct attempt attempt; /* first */
    long number;            /* SYS_recvfrom or SYS_sendto */
    char *buffer;
    size_t n;
    int flags;
    const void *address;
    long length; /* of the address, or where it is */
};

static long parcel_once(struct attempt *a)
{
    struct parcel *p = (struct parcel *)a;

    return green__call(p->number, a->fd, (long)p->buffer, (long)p->n,
                       p->flags | MSG_DONTWAIT, (long)p->address, p->length);
}

/* As exchange_all does. */
static long parcel_all(struct parcel *p)
{
    size_t done = 0;
    long r;

    do {
        r = green__attempt(&p->attempt);
        if (r <= 0)
            break;
        done += (size_t)r;
        p->buffer += r;
        p->n -= (size_t)r;
        p->address = NULL;
        p->length = 0;
    } while (p->n > 0 && is_stream(p->attempt.fd));
    return done > 0 ? (long)done : r;
}

static long receive_parcel(struct parcel *p)
{
    p->attempt.once = parcel_once;
    p->attempt.events = GREEN_READ;
    p->attempt.timeout_option = SO_RCVTIMEO;
    if ((p->flags & MSG_WAITALL) && !(p->flags & MSG_PEEK))
        return parcel_all(p);
    return green__attempt(&p->attempt);
}

static long send_parcel(struct parcel *p)
{
    p->attempt.once = parcel_once;
    p->attempt.events = GREEN_WRITE;
    p->attempt.timeout_option = SO_SNDTIMEO;
    return parcel_all(p);
}

/* ---- hooks ---- */

HOOK(recvmsg, ssize_t, hook_recvmsg,
     (int fd, struct msghdr *message, int flags));
ssize_t hook_recvmsg(int fd, struct msghdr *message, int flags)
{
    lay_out_place(message);
    return call_result(receive(fd, message, flags));
}

HOOK(recvfrom, ssize_t, hook_recvfrom,
     (int fd, void *buffer, size_t n, int flags, void *address,
      socklen_t *length));
ssize_t hook_recvfrom(int fd, void *buffer, size_t n, int flags, void *address,
                      socklen_t *length)
{
    struct parcel p = {{.fd = fd}, SYS_recvfrom, buffer,      n,
                       flags,      address,      (long)length};

    if ((flags & NEVER_WAITS) || !green__patched(GREEN_PATCH_SOCKET))
        return call_result(green__call(SYS_recvfrom, fd, (long)buffer, (long)n,
                                       flags, (long)address, (long)length));
    return call_result(receive_parcel(&p));
}

HOOK(recv, ssize_t, hook_recv, (int fd, void *buffer, size_t n, int flags));
ssize_t hook_recv(int fd, void *buffer, size_t n, int flags)
{
    return hook_recvfrom(fd, buffer, n, flags, NULL, NULL);
}
HOOK_ALIAS(__recv, ssize_t, hook_recv_2,
           (int fd, void *buffer, size_t n, int flags), recv);

HOOK(__recv_chk, ssize_t, hook_recv_chk,
     (int fd, void *buffer, size_t n, size_t room, int flags));
ssize_t hook_recv_chk(int fd, void *buffer, size_t n, size_t room, int flags)
{
    if (n > room)
        abort();
    return hook_recv(fd, buffer, n, flags);
}

HOOK(__recvfrom_chk, ssize_t, hook_recvfrom_chk,
     (int fd, void *buffer, size_t n, size_t room, int flags, void *address,
      socklen_t *length));
ssize_t hook_recvfrom_chk(int fd, void *buffer, size_t n, size_t room,
                          int flags, void *address, socklen_t *length)
{
    if (n > room)
        abort();
    return hook_recvfrom(fd, buffer, n, flags, address, length);
}

HOOK(sendmsg, ssize_t, hook_sendmsg,
     (int fd, const struct msghdr *message, int flags));
ssize_t hook_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr copy, *m = (struct msghdr *)(uintptr_t)message;

    return call_result(transmit(fd, lay_out(m, &copy), flags));
}

HOOK(sendto, ssize_t, hook_sendto,
     (int fd, const void *buffer, size_t n, int flags, const void *address,
      socklen_t length));
ssize_t hook_sendto(int fd, const void *buffer, size_t n, int flags,
                    const void *address, socklen_t length)
{
    struct parcel p = {{.fd = fd},  SYS_sendto, (char *)(uintptr_t)buffer,
                       n,           flags,      address,
                       (long)length};

    if ((flags & MSG_DONTWAIT) || !green__patched(GREEN_PATCH_SOCKET))
        return call_result(green__call(SYS_sendto, fd, (long)buffer, (long)n,
                                       flags, (long)address, (long)length));
    return call_result(send_parcel(&p));
}

HOOK(send, ssize_t, hook_send,
     (int fd, const void *buffer, size_t n, int flags));
ssize_t hook_send(int fd, const void *buffer, size_t n, int flags)
{
    return hook_sendto(fd, buffer, n, flags, NULL, 0);
}
HOOK_ALIAS(__send, ssize_t, hook_send_2,
           (int fd, const void *buffer, size_t n, int flags), send);
