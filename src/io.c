/* SPDX-License-Identifier: MIT */
/* io.c - layer 7: the POSIX calls on descriptors, cooperative.
 *
 * Each call is tried in a form that does not block; if it would have blocked,
 * the greenlet waits for the descriptor and tries again.  Flags of descriptors
 * are left alone: others may share them.  Which form does not block depends on
 * what the descriptor is, and is found out by trying:
 *
 *   IO_SOCKET  recv, send with MSG_DONTWAIT      else ENOTSOCK
 *   IO_NOWAIT  preadv2, pwritev2 with RWF_NOWAIT else EOPNOTSUPP
 *   IO_ASK     poll first, then read; write while it is made non-blocking;
 *              a file in a thread
 *
 * fd_state.how remembers the form per number.  It is only a hint: each form is
 * safe on any descriptor (but see try_write), and corrects it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include "io.h"
#include "file.h"
#include "sys.h"
#include "wait.h"

enum { IO_SOCKET, IO_NOWAIT, IO_ASK };

/* Is it certain that there is nothing to read?  The last read took all there
 * was, and nothing has come since. */
static bool is_drained(const struct fd_state *s)
{
    return s->drained && !s->unsure && s->watched;
}

ssize_t green__io_run(const struct io *io, int events)
{
    struct green_hub *h = green__hub();
    enum green_reason reason = events == GREEN_READ ? WAIT_READ : WAIT_WRITE;
    struct fd_state *s;
    ssize_t r = -1;

    if (green__refused(h, GREEN_FOREVER) || !(s = green__fd(h, io->fd)))
        return -1;
    for (;;) {
        if (!io->plain_read || !is_drained(s)) {
            r = io->attempt(s, io);
            if (LIKELY(r >= 0) || (errno != EAGAIN && errno != EINTR))
                break;
            if (errno == EINTR)
                continue;
            if (io->flags & MSG_DONTWAIT)
                break;
        }
        if (green__fd_await(h, s, events, reason) < 0)
            return -1;
    }
    if (r >= 0 || errno != EAGAIN)
        green__spend(h); /* who tries again and again fails for as long, too */
    return r;
}

/* ---- read and write ---- */

static size_t iov_size(const struct iovec *iov, int n)
{
    size_t size = 0;

    while (n-- > 0)
        size += iov++->iov_len;
    return size;
}

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

int green__window_open(int fd)
{
    int flags = green__sys.get_flags(fd);

    if (flags >= 0 && !(flags & O_NONBLOCK) &&
        green__sys.set_flags(fd, flags | O_NONBLOCK) < 0)
        return -1;
    return flags;
}

void green__window_close(int fd, int flags)
{
    int saved_errno = errno;

    if (!(flags & O_NONBLOCK))
        green__sys.set_flags(fd, flags);
    errno = saved_errno;
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
    s->how = IO_ASK;
    return true;
}

static __attribute__((noinline)) ssize_t read_no_socket(struct fd_state *s,
                                                        const struct io *io)
{
    ssize_t r;

    if (s->how == IO_NOWAIT) {
        r = green__sys.readv_nowait(s->fd, io->iov, io->n);
        if (!must_ask(s, r))
            return r;
    }
    return read_asking(s->fd, io->iov, io->n);
}

static ssize_t try_read(struct fd_state *s, const struct io *io)
{
    ssize_t r;

    if (s->how == IO_SOCKET) {
        r = read_socket(s->fd, io->iov, io->n);
        green__note_read(s, r, io->size);
        if (LIKELY(r >= 0) || errno != ENOTSOCK)
            return r;
        s->how = IO_NOWAIT;
    }
    return read_no_socket(s, io);
}

static __attribute__((noinline)) ssize_t write_no_socket(struct fd_state *s,
                                                         const struct io *io)
{
    ssize_t r;

    if (s->how == IO_SOCKET)
        s->how = IO_NOWAIT;
    if (s->how == IO_NOWAIT) {
        r = green__sys.writev_nowait(s->fd, io->iov, io->n);
        if (!must_ask(s, r))
            return r;
    }
    return write_asking(s->fd, io->iov, io->n);
}

/* Always as to a socket first: the number may be that of one since the last call,
 * and on a socket only that form raises no SIGPIPE. */
static ssize_t try_write(struct fd_state *s, const struct io *io)
{
    ssize_t r = write_socket(s->fd, io->iov, io->n);

    if (UNLIKELY(r < 0) && errno == ENOTSOCK)
        return write_no_socket(s, io);
    s->how = IO_SOCKET;
    return r;
}

static bool is_bad_iov(const struct iovec *iov, int n)
{
    if (iov && n > 0 && n <= IOV_MAX)
        return false;
    errno = EINVAL;
    return true;
}

static ssize_t read_parts(int fd, const struct iovec *iov, int n, size_t size)
{
    struct io io = {.attempt = try_read,
                    .fd = fd,
                    .iov = iov,
                    .n = n,
                    .size = size,
                    .plain_read = true};

    return green__io_run(&io, GREEN_READ);
}

static ssize_t write_parts(int fd, const struct iovec *iov, int n)
{
    struct io io = {.attempt = try_write, .fd = fd, .iov = iov, .n = n};

    return green__io_run(&io, GREEN_WRITE);
}

ssize_t green_readv(int fd, const struct iovec *iov, int n)
{
    return is_bad_iov(iov, n) ? -1 : read_parts(fd, iov, n, iov_size(iov, n));
}

ssize_t green_writev(int fd, const struct iovec *iov, int n)
{
    return is_bad_iov(iov, n) ? -1 : write_parts(fd, iov, n);
}

/* Nothing asked for: only whether the descriptor is good. */
static ssize_t no_bytes(int fd)
{
    return green__sys.get_flags(fd) < 0 ? -1 : 0;
}

/* What most calls are: one buffer, and a socket.  The same as io_run does, with
 * nothing to prepare: no more than a server by hand would do.  False if it has to
 * be done by that. */
static inline struct fd_state *likely_socket(const struct green_hub *h, int fd)
{
    struct fd_state *s = h ? green__fd_known(h, fd) : NULL;

    return s && s->how == IO_SOCKET && h->current->limit > h->now ? s : NULL;
}

/* After a failure: 1 to try again, 0 if that is the answer, -1 if waiting failed. */
static __attribute__((noinline)) int
after_failure(struct green_hub *h, struct fd_state *s, int events)
{
    enum green_reason reason = events == GREEN_READ ? WAIT_READ : WAIT_WRITE;

    if (errno == EINTR)
        return 1;
    if (errno != EAGAIN)
        return 0;
    return green__fd_await(h, s, events, reason) < 0 ? -1 : 1;
}

static inline bool read_at_once(int fd, void *buffer, size_t n, ssize_t *r)
{
    struct green_hub *h = green__current_hub;
    struct fd_state *s = likely_socket(h, fd);
    int again = 0;

    if (!s)
        return false;
    do {
        *r = -1;
        if (is_drained(s) && green__fd_await(h, s, GREEN_READ, WAIT_READ) < 0)
            return true;
        *r = green__sys.recvfrom(fd, buffer, n, MSG_DONTWAIT, NULL, NULL);
        green__note_read(s, *r, n);
        if (UNLIKELY(*r < 0)) {
            if (errno == ENOTSOCK)
                return false;
            again = after_failure(h, s, GREEN_READ);
        }
    } while (UNLIKELY(*r < 0) && again > 0);
    if (again == 0 || *r >= 0)
        green__spend(h);
    return true;
}

static inline bool write_at_once(int fd, const void *buffer, size_t n,
                                 ssize_t *r)
{
    struct green_hub *h = green__current_hub;
    struct fd_state *s = likely_socket(h, fd);
    int again = 0;

    if (!s)
        return false;
    do {
        *r = green__sys.sendto(fd, buffer, n, MSG_DONTWAIT | MSG_NOSIGNAL, NULL,
                               0);
        if (UNLIKELY(*r < 0)) {
            if (errno == ENOTSOCK)
                return false;
            again = after_failure(h, s, GREEN_WRITE);
        }
    } while (UNLIKELY(*r < 0) && again > 0);
    if (again == 0 || *r >= 0)
        green__spend(h);
    return true;
}

static __attribute__((noinline)) ssize_t read_any(int fd, void *buffer,
                                                  size_t n)
{
    struct iovec iov = {.iov_base = buffer,
                        .iov_len = n < SSIZE_MAX ? n : SSIZE_MAX};

    return n == 0 ? no_bytes(fd) : read_parts(fd, &iov, 1, iov.iov_len);
}

ssize_t green_read(int fd, void *buffer, size_t n)
{
    ssize_t r;

    if (n > 0 && n < SSIZE_MAX && read_at_once(fd, buffer, n, &r))
        return r;
    return read_any(fd, buffer, n);
}

static __attribute__((noinline)) ssize_t write_any(int fd, const void *buffer,
                                                   size_t n)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)buffer,
                        .iov_len = n < SSIZE_MAX ? n : SSIZE_MAX};

    return write_parts(fd, &iov, 1);
}

ssize_t green_write(int fd, const void *buffer, size_t n)
{
    ssize_t r;

    if (n < SSIZE_MAX && write_at_once(fd, buffer, n, &r))
        return r;
    return write_any(fd, buffer, n);
}

ssize_t green_read_all(int fd, void *buffer, size_t n)
{
    size_t done = 0;
    ssize_t r = 1;

    while (done < n && r > 0) {
        r = green_read(fd, (char *)buffer + done, n - done);
        if (r < 0)
            return -1;
        done += (size_t)r;
    }
    return (ssize_t)done;
}

ssize_t green_write_all(int fd, const void *buffer, size_t n)
{
    size_t done = 0;
    ssize_t r;

    do {
        r = green_write(fd, (const char *)buffer + done, n - done);
        if (r < 0)
            return -1;
        done += (size_t)r;
    } while (done < n);
    return (ssize_t)done;
}

/* Only a file keeps one waiting; all else has no offsets, and says so. */
static bool is_file_at(int fd, off_t offset)
{
    return offset >= 0 && green__sys.is_file(fd) == 1;
}

ssize_t green_pread(int fd, void *buffer, size_t n, off_t offset)
{
    struct green_hub *h = green__hub();
    struct iovec iov = {.iov_base = buffer, .iov_len = n};
    ssize_t r;

    if (green__refused(h, GREEN_FOREVER))
        return -1;
    green__spend(h);
    if (!is_file_at(fd, offset))
        return green__sys.pread(fd, buffer, n, offset);
    r = green__sys.pread_nowait(fd, buffer, n, offset);
    if (r >= 0 || (errno != EAGAIN && errno != EOPNOTSUPP))
        return r;
    return green__file_read(fd, &iov, 1, offset);
}

ssize_t green_pwrite(int fd, const void *buffer, size_t n, off_t offset)
{
    struct green_hub *h = green__hub();
    struct iovec iov = {.iov_base = (void *)(uintptr_t)buffer, .iov_len = n};

    if (green__refused(h, GREEN_FOREVER))
        return -1;
    green__spend(h);
    if (!is_file_at(fd, offset))
        return green__sys.pwrite(fd, buffer, n, offset);
    return green__file_write(fd, &iov, 1, offset);
}

int green_close(int fd)
{
    struct green_hub *h = green__current_hub;

    if (h)
        green__fd_dying(h, fd);
    return green__sys.close(fd);
}
