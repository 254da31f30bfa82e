/* SPDX-License-Identifier: MIT */
/* transfer.c - layer 8: read and write.
 *
 * There are three ways not to wait, and none is good for all descriptors:
 *
 *     sockets                            MSG_DONTWAIT
 *     pipes, eventfds, files             RWF_NOWAIT
 *     terminals, FIFOs and all others    ask first
 *
 * They are tried in this order, and what a number was good for last is tried first
 * next time: a hint, which a wrong guess corrects.
 *
 * A write that waits returns when all is written, as plain ones do. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "memory.h"
#include "patch.h"
#include "vector.h"

enum { AS_SOCKET, AT_ONCE, ASKING };
enum {
    HINTS = 1 << 16,
    FLAG_NOWAIT = 8, /* RWF_NOWAIT */
    CHUNK = 4096     /* what is written where nobody knows how much would go */
};

static unsigned char hints[HINTS]; /* threads may race for a hint */

struct transfer {
    struct attempt attempt; /* first */
    struct vector vector;
    struct iovec window[WINDOW];
};

static int hint_of(int fd)
{
    return fd >= 0 && fd < HINTS ? __atomic_load_n(&hints[fd], __ATOMIC_RELAXED)
                                 : AS_SOCKET;
}

static int set_hint(int fd, int way)
{
    if (fd >= 0 && fd < HINTS)
        __atomic_store_n(&hints[fd], (unsigned char)way, __ATOMIC_RELAXED);
    return way;
}

static bool is_file(int fd)
{
    struct stat s;

    return fstat(fd, &s) == 0 && (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode));
}

/* ---- the three ways ---- */

static long as_socket(struct transfer *t, const struct iovec *iov, size_t n)
{
    struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)iov,
                       .msg_iovlen = n};
    int fd = t->attempt.fd, reads = t->attempt.events == GREEN_READ;

    if (n == 1)
        return green__call(reads ? SYS_recvfrom : SYS_sendto, fd,
                           (long)iov->iov_base, (long)iov->iov_len,
                           MSG_DONTWAIT, 0, 0);
    return green__call(reads ? SYS_recvmsg : SYS_sendmsg, fd, (long)&m,
                       MSG_DONTWAIT, 0, 0, 0);
}

/* Of a file, EAGAIN says that the disk is to be asked: that is done in a thread. */
static long at_once(struct transfer *t, const struct iovec *iov, size_t n)
{
    bool reads = t->attempt.events == GREEN_READ;
    int fd = t->attempt.fd;
    long r = green__call(reads ? SYS_preadv2 : SYS_pwritev2, fd, (long)iov,
                         (long)n, -1, -1, FLAG_NOWAIT);

    if (r != -EAGAIN || !is_file(fd))
        return r;
    r = reads ? green_readv(fd, iov, (int)n) : green_writev(fd, iov, (int)n);
    return r < 0 ? -errno : r;
}

/* Who waited until what is not open for it is ready would wait for ever. */
static bool is_open_for(int fd, bool reads)
{
    long flags = green__call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);

    return flags < 0 || (flags & O_ACCMODE) != (reads ? O_WRONLY : O_RDONLY);
}

static long asking(struct transfer *t)
{
    bool reads = t->attempt.events == GREEN_READ;
    size_t n = vector_window(&t->vector, t->window, reads ? SSIZE_MAX : CHUNK);

    if (!green__is_ready(t->attempt.fd, t->attempt.events) &&
        is_open_for(t->attempt.fd, reads))
        return -EAGAIN;
    return green__call(reads ? SYS_readv : SYS_writev, t->attempt.fd,
                       (long)t->window, (long)n, 0, 0, 0);
}

/* What is left; all of it at first, since a datagram is not for halves. */
static long transfer_once(struct attempt *a)
{
    struct transfer *t = (struct transfer *)a;
    const struct iovec *iov = t->vector.iov;
    size_t n = t->vector.n;
    int way = hint_of(a->fd);
    long r;

    if (t->vector.skip > 0) {
        iov = t->window;
        n = vector_window(&t->vector, t->window, SSIZE_MAX);
    }
    if (way == AS_SOCKET) {
        r = as_socket(t, iov, n);
        if (r != -ENOTSOCK)
            return r;
        way = set_hint(a->fd, AT_ONCE);
    }
    if (way == AT_ONCE) {
        r = at_once(t, iov, n);
        if (r != -EOPNOTSUPP && r != -EINVAL && r != -ENOSYS)
            return r;
        set_hint(a->fd, ASKING);
    }
    return asking(t);
}

/* ---- what a call is made of ---- */

static size_t vector_size(const struct iovec *iov, size_t n)
{
    size_t size = 0;

    while (n-- > 0)
        size += iov++->iov_len;
    return size;
}

static void begin_transfer(struct transfer *t, int fd, const struct iovec *iov,
                           size_t n, bool reads)
{
    t->attempt = (struct attempt){
        .once = transfer_once,
        .fd = fd,
        .events = reads ? GREEN_READ : GREEN_WRITE,
        .timeout_option = reads ? SO_RCVTIMEO : SO_SNDTIMEO,
    };
    t->vector = (struct vector){iov, n, 0};
}

/* One call; bad arguments are the kernel's to judge. */
static bool is_ordinary(const struct iovec *iov, long n)
{
    return n > 0 && n <= IOV_MAX &&
           green__readable(iov, (size_t)n * sizeof *iov) &&
           vector_size(iov, (size_t)n) > 0;
}

static long read_patched(int fd, const struct iovec *iov, size_t n)
{
    struct transfer t;

    begin_transfer(&t, fd, iov, n, true);
    return green__attempt(&t.attempt);
}

static long write_patched(int fd, const struct iovec *iov, size_t n)
{
    size_t size = vector_size(iov, n), done = 0;
    struct transfer t;
    long r = 0;

    begin_transfer(&t, fd, iov, n, false);
    while (done < size) {
        r = green__attempt(&t.attempt);
        if (r <= 0)
            break;
        done += (size_t)r;
        vector_advance(&t.vector, (size_t)r);
    }
    return done > 0 ? (long)done : r;
}

long green__write_all(int fd, const void *buffer, size_t n)
{
    struct iovec iov = {(void *)(uintptr_t)buffer, n};

    return write_patched(fd, &iov, 1);
}

/* ---- hooks ---- */

static bool transfers_patched(void)
{
    return green__patched(GREEN_PATCH_SOCKET | GREEN_PATCH_FILE);
}

HOOK(read, ssize_t, hook_read, (int fd, void *buffer, size_t n));
ssize_t hook_read(int fd, void *buffer, size_t n)
{
    struct iovec iov = {buffer, n};

    if (n == 0 || n > SSIZE_MAX || !transfers_patched())
        return call_result(
            green__call(SYS_read, fd, (long)buffer, (long)n, 0, 0, 0));
    return call_result(read_patched(fd, &iov, 1));
}
HOOK_ALIAS(__read, ssize_t, hook_read_2, (int fd, void *buffer, size_t n),
           read);

HOOK(write, ssize_t, hook_write, (int fd, const void *buffer, size_t n));
ssize_t hook_write(int fd, const void *buffer, size_t n)
{
    if (n == 0 || n > SSIZE_MAX || !transfers_patched())
        return call_result(
            green__call(SYS_write, fd, (long)buffer, (long)n, 0, 0, 0));
    return call_result(green__write_all(fd, buffer, n));
}
HOOK_ALIAS(__write, ssize_t, hook_write_2,
           (int fd, const void *buffer, size_t n), write);

HOOK(readv, ssize_t, hook_readv, (int fd, const struct iovec *iov, int n));
ssize_t hook_readv(int fd, const struct iovec *iov, int n)
{
    if (!transfers_patched() || !is_ordinary(iov, n))
        return call_result(green__call(SYS_readv, fd, (long)iov, n, 0, 0, 0));
    return call_result(read_patched(fd, iov, (size_t)n));
}

HOOK(writev, ssize_t, hook_writev, (int fd, const struct iovec *iov, int n));
ssize_t hook_writev(int fd, const struct iovec *iov, int n)
{
    if (!transfers_patched() || !is_ordinary(iov, n))
        return call_result(green__call(SYS_writev, fd, (long)iov, n, 0, 0, 0));
    return call_result(write_patched(fd, iov, (size_t)n));
}

/* What -D_FORTIFY_SOURCE makes of a read whose buffer's size is known. */
HOOK(__read_chk, ssize_t, hook_read_chk,
     (int fd, void *buffer, size_t n, size_t room));
ssize_t hook_read_chk(int fd, void *buffer, size_t n, size_t room)
{
    if (n > room)
        abort();
    return hook_read(fd, buffer, n);
}
