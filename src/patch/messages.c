/* SPDX-License-Identifier: MIT */
/* messages.c - layer 8: recvmmsg and sendmmsg.
 *
 * As the kernel has it: what was exchanged before an error is what the call
 * returns, and the timeout of recvmmsg is looked at only when something came. */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include "patch.h"

struct batch {
    struct attempt attempt; /* first */
    struct mmsghdr *messages;
    unsigned n;
    int flags;
};

static long batch_once(struct attempt *a)
{
    struct batch *b = (struct batch *)a;

    return green__call(a->events == GREEN_READ ? SYS_recvmmsg : SYS_sendmmsg,
                       a->fd, (long)b->messages, b->n, b->flags | MSG_DONTWAIT,
                       0, 0);
}

static int64_t deadline_in(const struct timespec *t)
{
    return t ? green_now() + t->tv_sec * GREEN_SEC + t->tv_nsec : GREEN_FOREVER;
}

static long exchange_batch(struct batch *b, const struct timespec *timeout)
{
    int64_t deadline = deadline_in(timeout);
    unsigned all = b->n;
    long r;

    do {
        r = green__attempt(&b->attempt);
        if (r <= 0)
            break;
        b->messages += r;
        b->n -= (unsigned)r;
    } while (b->n > 0 && !(b->flags & MSG_WAITFORONE) &&
             (!timeout || green_now() < deadline));
    return b->n < all ? (long)(all - b->n) : r;
}

HOOK(recvmmsg, int, hook_recvmmsg,
     (int fd, struct mmsghdr *messages, unsigned n, int flags,
      struct timespec *timeout));
int hook_recvmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags,
                  struct timespec *timeout)
{
    struct batch b = {{.once = batch_once,
                       .fd = fd,
                       .events = GREEN_READ,
                       .timeout_option = SO_RCVTIMEO},
                      messages,
                      n,
                      flags};

    if ((flags & MSG_DONTWAIT) || n == 0 || !green__patched(GREEN_PATCH_SOCKET))
        return (int)call_result(green__call(SYS_recvmmsg, fd, (long)messages, n,
                                            flags, (long)timeout, 0));
    return (int)call_result(exchange_batch(&b, timeout));
}

HOOK(sendmmsg, int, hook_sendmmsg,
     (int fd, struct mmsghdr *messages, unsigned n, int flags));
int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    struct batch b = {{.once = batch_once,
                       .fd = fd,
                       .events = GREEN_WRITE,
                       .timeout_option = SO_SNDTIMEO},
                      messages,
                      n,
                      flags};

    if ((flags & MSG_DONTWAIT) || n == 0 || !green__patched(GREEN_PATCH_SOCKET))
        return (int)call_result(
            green__call(SYS_sendmmsg, fd, (long)messages, n, flags, 0, 0));
    return (int)call_result(exchange_batch(&b, NULL));
}
HOOK_ALIAS(__sendmmsg, int, hook_sendmmsg_2,
           (int fd, struct mmsghdr *messages, unsigned n, int flags), sendmmsg);
