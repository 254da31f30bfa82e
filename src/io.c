/* SPDX-License-Identifier: MIT */
/* io.c - layer 7: the POSIX calls on descriptors, cooperative.
 *
 * Each call is tried in a form that does not block; if it would have blocked,
 * the greenlet waits for the descriptor and tries again.  Flags of descriptors
 * are left alone: others may share them.  transfer.c has that form for reads and
 * writes. */
#include <errno.h>
#include <limits.h>
#include "io.h"
#include "file.h"
#include "sys.h"
#include "transfer.h"
#include "wait.h"

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

static size_t iov_size(const struct iovec *iov, int n)
{
    size_t size = 0;

    while (n-- > 0)
        size += iov++->iov_len;
    return size;
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
    struct io io = {.attempt = green__transfer_in,
                    .fd = fd,
                    .iov = iov,
                    .n = n,
                    .size = size,
                    .plain_read = true};

    return green__io_run(&io, GREEN_READ);
}

static ssize_t write_parts(int fd, const struct iovec *iov, int n)
{
    struct io io = {
        .attempt = green__transfer_out, .fd = fd, .iov = iov, .n = n};

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

    return s && s->how == TRANSFER_SOCKET && h->current->limit > h->now ? s
                                                                        : NULL;
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
