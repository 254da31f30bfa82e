/* SPDX-License-Identifier: MIT */
/* file.c - reading and writing descriptors of any kind.
 *
 * Files never wait long, and are left to the kernel.  A write returns when all is
 * written, as programs that set no O_NONBLOCK expect. */
#include "file.h"
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "attempt.h"
#include "vector.h"

enum { SPLICE_NONBLOCK = 2, TRIES_OF_KIND = 3 };

static bool is_unsuited(long r)
{
    return r == -EOPNOTSUPP || r == -EINVAL || r == -ESPIPE || r == -ENOTSOCK;
}

/* ---- once, without waiting ---- */

static long nowait(int fd, struct iovec *iov, size_t n, bool out)
{
    long number = out ? SYS_pwritev2 : SYS_preadv2;

    return kernel_call(number, fd, (long)iov, (long)n, -1, -1, RWF_NOWAIT);
}

static long by_socket(int fd, struct iovec *iov, size_t n, bool out)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};

    if (!out && n == 1 && iov->iov_len == 0)
        return kernel(SYS_readv, fd, (long)iov, 1, 0);
    if (n == 1)
        return kernel_call(out ? SYS_sendto : SYS_recvfrom, fd,
                           (long)iov->iov_base, (long)iov->iov_len,
                           MSG_DONTWAIT, 0, 0);
    return kernel(out ? SYS_sendmsg : SYS_recvmsg, fd, (long)&m, MSG_DONTWAIT,
                  0);
}

static long plain(int fd, struct iovec *iov, size_t n, bool out)
{
    return kernel(out ? SYS_writev : SYS_readv, fd, (long)iov, (long)n, 0);
}

static long by_kind(int fd, struct iovec *iov, size_t n, bool out)
{
    long r;

    switch (watch_kind(fd)) {
    case WATCH_SOCKET:
        r = by_socket(fd, iov, n, out);
        if (r == -ENOTSOCK)
            watch_learn(fd, WATCH_UNKNOWN);
        return r;
    case WATCH_NOWAIT:
        r = nowait(fd, iov, n, out);
        if (is_unsuited(r))
            watch_learn(fd, WATCH_POLL);
        return r;
    case WATCH_POLL:
        if (!attempt_ready(fd, out ? POLLOUT : POLLIN))
            return -EAGAIN;
        return plain(fd, iov, n, out);
    default:
        return plain(fd, iov, n, out);
    }
}

/* A guess that is wrong is corrected by the first try. */
static long move(int fd, struct iovec *iov, size_t n, bool out)
{
    long r;
    int tries = 0;

    do {
        enum watch_kind kind = watch_kind(fd);

        r = by_kind(fd, iov, n, out);
        if (!is_unsuited(r) || watch_kind(fd) == kind)
            break;
    } while (++tries < TRIES_OF_KIND);
    return r;
}

bool file_try(int fd, struct iovec *iov, size_t n, bool out, long *r)
{
    if (watch_known(fd) == WATCH_UNKNOWN)
        return false;
    *r = by_kind(fd, iov, n, out);
    return !is_unsuited(*r);
}

/* ---- calls ---- */

static struct iovec one_piece(const struct call *c, size_t done)
{
    return (struct iovec){(char *)c->a[1] + done, (size_t)c->a[2] - done};
}

static long read_once(struct attempt *a)
{
    struct iovec iov = one_piece(a->call, 0);

    return move(a->fd, &iov, 1, false);
}

static long write_once(struct attempt *a)
{
    struct iovec iov = one_piece(a->call, a->done);

    return move(a->fd, &iov, 1, true);
}

static long readv_once(struct attempt *a)
{
    return move(a->fd, (struct iovec *)a->call->a[1], (size_t)a->call->a[2],
                false);
}

static long writev_once(struct attempt *a)
{
    struct iovec *iov = (struct iovec *)a->call->a[1], rest[VECTOR_PIECES];
    size_t n = (size_t)a->call->a[2];

    if (a->done == 0)
        return move(a->fd, iov, n, true);
    n = vector_rest(rest, iov, n, a->done);
    return move(a->fd, rest, n, true);
}

long file_read(struct call *c)
{
    struct attempt a = {.once = read_once,
                        .call = c,
                        .fd = (int)c->a[0],
                        .events = POLLIN,
                        .option = SO_RCVTIMEO};

    if (c->a[2] == 0 || watch_kind(a.fd) == WATCH_PLAIN)
        return call_pass(c);
    return attempt(&a);
}

long file_readv(struct call *c)
{
    struct attempt a = {.once = readv_once,
                        .call = c,
                        .fd = (int)c->a[0],
                        .events = POLLIN,
                        .option = SO_RCVTIMEO};

    if (watch_kind(a.fd) == WATCH_PLAIN)
        return call_pass(c);
    return attempt(&a);
}

long file_write(struct call *c)
{
    struct attempt a = {.once = write_once,
                        .call = c,
                        .fd = (int)c->a[0],
                        .events = POLLOUT,
                        .option = SO_SNDTIMEO};

    if (c->a[2] == 0 || watch_kind(a.fd) == WATCH_PLAIN)
        return call_pass(c);
    return attempt_all(&a, (size_t)c->a[2]);
}

long file_writev(struct call *c)
{
    struct attempt a = {.once = writev_once,
                        .call = c,
                        .fd = (int)c->a[0],
                        .events = POLLOUT,
                        .option = SO_SNDTIMEO};

    if (c->a[2] <= 0 || watch_kind(a.fd) == WATCH_PLAIN)
        return call_pass(c);
    return attempt_all(&a,
                       vector_size((struct iovec *)c->a[1], (size_t)c->a[2]));
}

/* ---- from one descriptor to another ---- */

static long sendfile_now(struct attempt *a)
{
    struct call *c = a->call;

    return kernel(SYS_sendfile, c->a[0], c->a[1], c->a[2],
                  c->a[3] - (long)a->done);
}

static long sendfile_once(struct attempt *a)
{
    return attempt_in_window(a, sendfile_now);
}

long file_sendfile(struct call *c)
{
    struct attempt a = {.once = sendfile_once,
                        .call = c,
                        .fd = (int)c->a[0],
                        .events = POLLOUT,
                        .option = SO_SNDTIMEO};

    if (watch_kind(a.fd) == WATCH_PLAIN)
        return call_pass(c);
    return attempt_all(&a, (size_t)c->a[3]);
}

static long splice_now(struct attempt *a)
{
    struct call *c = a->call;

    if (c->number == SYS_tee)
        return kernel(SYS_tee, c->a[0], c->a[1], c->a[2],
                      c->a[3] | SPLICE_NONBLOCK);
    return kernel_call(SYS_splice, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4],
                       c->a[5] | SPLICE_NONBLOCK);
}

/* First there must be something to take, then room for it. */
static long splice_once(struct attempt *a)
{
    struct call *c = a->call;

    a->fd = (int)c->a[0];
    a->events = POLLIN;
    if (!attempt_ready(a->fd, POLLIN))
        return -EAGAIN;
    a->fd = (int)(c->number == SYS_tee ? c->a[1] : c->a[2]);
    a->events = POLLOUT;
    return attempt_in_window(a, splice_now);
}

long file_splice(struct call *c)
{
    struct attempt a = {.once = splice_once, .call = c, .fd = (int)c->a[0]};

    if ((c->number == SYS_tee ? c->a[3] : c->a[5]) & SPLICE_NONBLOCK)
        return call_pass(c);
    if (c->number == SYS_splice && watch_kind(a.fd) != WATCH_NOWAIT &&
        watch_kind((int)c->a[2]) != WATCH_NOWAIT)
        return call_pass(c); /* which needs a pipe */
    return attempt(&a);
}
