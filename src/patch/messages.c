/* SPDX-License-Identifier: MIT */
/* messages.c - layer 8: recvmmsg and sendmmsg.
 *
 * As the kernel has it: what was exchanged before an error is what the call
 * returns, and the timeout of recvmmsg is looked at only when something came. */
#include <sys/socket.h>
#include <sys/syscall.h>
#include "layout.h"
#include "patch.h"
#include "span.h"

enum { MOST_MESSAGES = 1024 }; /* of one call; the kernel leaves the others */

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

static void begin_batch(struct batch *b, int fd, struct mmsghdr *messages,
                        unsigned n, int flags)
{
    b->attempt = (struct attempt){.once = batch_once, .fd = fd};
    b->messages = messages;
    b->n = n < MOST_MESSAGES ? n : MOST_MESSAGES;
    b->flags = flags;
}

static long exchange_batch(struct batch *b, int64_t deadline)
{
    unsigned all = b->n;
    long r;

    do {
        r = green__attempt(&b->attempt);
        if (r <= 0)
            break;
        b->messages += r;
        b->n -= (unsigned)r;
    } while (b->n > 0 && !(b->flags & MSG_WAITFORONE) &&
             left_until(deadline) > 0);
    return b->n < all ? (long)(all - b->n) : r;
}

HOOK(recvmmsg, int, hook_recvmmsg,
     (int fd, struct mmsghdr *messages, unsigned n, int flags,
      struct timespec *timeout));
int hook_recvmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags,
                  struct timespec *timeout)
{
    struct timespec left;
    struct batch b;
    int64_t span, deadline;
    long r;

    lay_out_all(messages, n, false);
    if ((flags & MSG_DONTWAIT) || n == 0 ||
        !green__patched(GREEN_PATCH_SOCKET) || !load_span(&span, timeout))
        return (int)call_result(green__call(SYS_recvmmsg, fd, (long)messages, n,
                                            flags, (long)timeout, 0));
    begin_batch(&b, fd, messages, n, flags);
    b.attempt.events = GREEN_READ;
    b.attempt.timeout_option = SO_RCVTIMEO;
    deadline = end_of(span);
    r = exchange_batch(&b, deadline);
    left = timespec_of(left_until(deadline));
    if (r > 0 && timeout && !green__store(timeout, &left, sizeof left))
        r = -EFAULT;
    return (int)call_result(r);
}

HOOK(sendmmsg, int, hook_sendmmsg,
     (int fd, struct mmsghdr *messages, unsigned n, int flags));
int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    struct batch b;

    lay_out_all(messages, n, true);
    if ((flags & MSG_DONTWAIT) || n == 0 || !green__patched(GREEN_PATCH_SOCKET))
        return (int)call_result(
            green__call(SYS_sendmmsg, fd, (long)messages, n, flags, 0, 0));
    begin_batch(&b, fd, messages, n, flags);
    b.attempt.events = GREEN_WRITE;
    b.attempt.timeout_option = SO_SNDTIMEO;
    return (int)call_result(exchange_batch(&b, GREEN_FOREVER));
}
HOOK_ALIAS(__sendmmsg, int, hook_sendmmsg_2,
           (int fd, struct mmsghdr *messages, unsigned n, int flags), sendmmsg);
