/* SPDX-License-Identifier: MIT */
/* transfer.c - layer 7: one read or write that does not block, of any descriptor.
 *
 * Which form does not block depends on what the descriptor is, and is found out by
 * trying:
 *
 *   TRANSFER_SOCKET  recv, send with MSG_DONTWAIT      else ENOTSOCK
 *   TRANSFER_NOWAIT  preadv2, pwritev2 with RWF_NOWAIT else EOPNOTSUPP
 *   TRANSFER_ASK     poll first, then read; write while it is made non-blocking;
 *                    a file in a thread
 *
 * fd_state.how remembers the form per number.  It is only a hint: each form is
 * safe on any descriptor (but see green__transfer_out), and corrects it. */
#include <errno.h>
#include <fcntl.h>
#include "file.h"
#include "sys.h"
#include "transfer.h"
#include "window.h"

/* Apart, since its structure would be cleared each time. */
static __attribute__((noinline)) ssize_t
read_socket_parts(int fd, const struct iovec *iov, int n)
{
    struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)iov,
                       .msg_iovlen = (size_t)n};

    return green__sys.recvmsg(fd, &m, MSG_DONTWAIT);
}

static ssize_t read_socket(int fd, const struct iovec *iov, int n)
{
    if (LIKELY(n == 1))
        return green__sys.recvfrom(fd, iov->iov_base, iov->iov_len,
                                   MSG_DONTWAIT, NULL, NULL);
    return read_socket_parts(fd, iov, n);
}

static __attribute__((noinline)) ssize_t
write_socket_parts(int fd, const struct iovec *iov, int n)
{
    struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)iov,
                       .msg_iovlen = (size_t)n};

    return green__sys.sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t write_socket(int fd, const struct iovec *iov, int n)
{
    if (LIKELY(n == 1))
        return green__sys.sendto(fd, iov->iov_base, iov->iov_len,
                                 MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
    return write_socket_parts(fd, iov, n);
}

/* Who waited until that can be read would wait for ever. */
static bool is_write_only(int fd)
{
    int flags = green__sys.get_flags(fd);

    return flags >= 0 && (flags & O_ACCMODE) == O_WRONLY;
}

/* Nobody else of this thread can come between the question and the call. */
__attribute__((noinline)) static ssize_t
read_asking(int fd, const struct iovec *iov, int n)
{
    int ready;

    if (green__sys.is_file(fd) == 1)
        return green__file_read(fd, iov, n, -1);
    ready = green__fd_now(fd, GREEN_READ);
    if (ready > 0 || (ready == 0 && is_write_only(fd)))
        return green__sys.readv(fd, iov, n);
    if (ready == 0)
        errno = EAGAIN;
    return -1;
}

/* How much a terminal would take, nobody tells. */
static ssize_t write_asking(int fd, const struct iovec *iov, int n)
{
    ssize_t r;
    int flags;

    if (green__sys.is_file(fd) == 1)
        return green__file_write(fd, iov, n, -1);
    flags = green__window_open(fd);
    if (flags < 0)
        return -1;
    r = green__sys.writev(fd, iov, n);
    green__window_close(fd, flags);
    return r;
}

/* Does the form that does not block not exist here?  A file whose pages are not
 * in memory says EAGAIN, but it is no use waiting for it; the next read may
 * find them, so the form stays. */
static bool must_ask(struct fd_state *s, ssize_t r)
{
    if (r >= 0)
        return false;
    if (errno == EAGAIN)
        return green__sys.is_file(s->fd) == 1;
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
        return false;
    s->how = TRANSFER_ASK;
    return true;
}

static __attribute__((noinline)) ssize_t read_no_socket(struct fd_state *s,
                                                        const struct io *io)
{
    ssize_t r;

    if (s->how == TRANSFER_NOWAIT) {
        r = green__sys.readv_nowait(s->fd, io->iov, io->n);
        if (!must_ask(s, r))
            return r;
    }
    return read_asking(s->fd, io->iov, io->n);
}

ssize_t green__transfer_in(struct fd_state *s, const struct io *io)
{
    ssize_t r;

    if (s->how == TRANSFER_SOCKET) {
        r = read_socket(s->fd, io->iov, io->n);
        green__note_read(s, r, io->size);
        if (LIKELY(r >= 0) || errno != ENOTSOCK)
            return r;
        s->how = TRANSFER_NOWAIT;
    }
    return read_no_socket(s, io);
}

static __attribute__((noinline)) ssize_t write_no_socket(struct fd_state *s,
                                                         const struct io *io)
{
    ssize_t r;

    if (s->how == TRANSFER_SOCKET)
        s->how = TRANSFER_NOWAIT;
    if (s->how == TRANSFER_NOWAIT) {
        r = green__sys.writev_nowait(s->fd, io->iov, io->n);
        if (!must_ask(s, r))
            return r;
    }
    return write_asking(s->fd, io->iov, io->n);
}

/* Always as to a socket first: the number may be that of one since the last call,
 * and on a socket only that form raises no SIGPIPE. */
ssize_t green__transfer_out(struct fd_state *s, const struct io *io)
{
    ssize_t r = write_socket(s->fd, io->iov, io->n);

    if (UNLIKELY(r < 0) && errno == ENOTSOCK)
        return write_no_socket(s, io);
    s->how = TRANSFER_SOCKET;
    return r;
}
