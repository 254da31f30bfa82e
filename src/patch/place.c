/* SPDX-License-Identifier: MIT */
/* place.c - layer 8: pread, pwrite and theirs.
 *
 * Only what lies on a disk has places.  What is in memory is read and written at
 * once; else a thread asks the disk. */
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "patch.h"

enum { FLAG_NOWAIT = 8 }; /* RWF_NOWAIT */

/* To and from the place on, and what the plain call is. */
struct at_place {
    int fd;
    const struct iovec *iov;
    long n;
    off_t place;
    int flags;
    bool reads;
};

static long try_at(const struct at_place *p)
{
    return green__call(p->reads ? SYS_preadv2 : SYS_pwritev2, p->fd,
                       (long)p->iov, p->n, p->place, 0, p->flags | FLAG_NOWAIT);
}

static long wait_at(const struct at_place *p)
{
    return green__call_apart(p->reads ? SYS_preadv2 : SYS_pwritev2, p->fd,
                             (long)p->iov, p->n, p->place, 0, p->flags);
}

static bool has_no_such_form(long r)
{
    return r == -EOPNOTSUPP || r == -ENOSYS || r == -EINVAL;
}

/* True if `r` is the answer; else the plain call is to be made.  A place below 0
 * would be, to the newer calls, where the file stands. */
static bool done_at_place(const struct at_place *p, long *r)
{
    if (p->place < 0 || p->n <= 0 || !green__patched(GREEN_PATCH_FILE))
        return false;
    *r = try_at(p);
    if (*r == -EAGAIN)
        *r = wait_at(p);
    return !has_no_such_form(*r);
}

/* ---- of one buffer ---- */

HOOK(pread, ssize_t, hook_pread, (int fd, void *buffer, size_t n, off_t place));
ssize_t hook_pread(int fd, void *buffer, size_t n, off_t place)
{
    struct iovec iov = {buffer, n};
    struct at_place p = {fd, &iov, n > 0, place, 0, true};
    long r;

    if (!done_at_place(&p, &r))
        r = green__call(SYS_pread64, fd, (long)buffer, (long)n, place, 0, 0);
    return call_result(r);
}
HOOK_ALIAS(pread64, ssize_t, hook_pread_2,
           (int fd, void *buffer, size_t n, off_t place), pread);
HOOK_ALIAS(__pread64, ssize_t, hook_pread_3,
           (int fd, void *buffer, size_t n, off_t place), pread);

HOOK(__pread_chk, ssize_t, hook_pread_chk,
     (int fd, void *buffer, size_t n, off_t place, size_t room));
ssize_t hook_pread_chk(int fd, void *buffer, size_t n, off_t place, size_t room)
{
    if (n > room)
        abort();
    return hook_pread(fd, buffer, n, place);
}
HOOK_ALIAS(__pread64_chk, ssize_t, hook_pread_chk_2,
           (int fd, void *buffer, size_t n, off_t place, size_t room),
           __pread_chk);

HOOK(pwrite, ssize_t, hook_pwrite,
     (int fd, const void *buffer, size_t n, off_t place));
ssize_t hook_pwrite(int fd, const void *buffer, size_t n, off_t place)
{
    struct iovec iov = {(void *)(uintptr_t)buffer, n};
    struct at_place p = {fd, &iov, n > 0, place, 0, false};
    long r;

    if (!done_at_place(&p, &r))
        r = green__call(SYS_pwrite64, fd, (long)buffer, (long)n, place, 0, 0);
    return call_result(r);
}
HOOK_ALIAS(pwrite64, ssize_t, hook_pwrite_2,
           (int fd, const void *buffer, size_t n, off_t place), pwrite);
HOOK_ALIAS(__pwrite64, ssize_t, hook_pwrite_3,
           (int fd, const void *buffer, size_t n, off_t place), pwrite);

/* ---- of several ---- */

HOOK(preadv, ssize_t, hook_preadv,
     (int fd, const struct iovec *iov, int n, off_t place));
ssize_t hook_preadv(int fd, const struct iovec *iov, int n, off_t place)
{
    struct at_place p = {fd, iov, n, place, 0, true};
    long r;

    if (!done_at_place(&p, &r))
        r = green__call(SYS_preadv, fd, (long)iov, n, place, 0, 0);
    return call_result(r);
}
HOOK_ALIAS(preadv64, ssize_t, hook_preadv_2,
           (int fd, const struct iovec *iov, int n, off_t place), preadv);

HOOK(pwritev, ssize_t, hook_pwritev,
     (int fd, const struct iovec *iov, int n, off_t place));
ssize_t hook_pwritev(int fd, const struct iovec *iov, int n, off_t place)
{
    struct at_place p = {fd, iov, n, place, 0, false};
    long r;

    if (!done_at_place(&p, &r))
        r = green__call(SYS_pwritev, fd, (long)iov, n, place, 0, 0);
    return call_result(r);
}
HOOK_ALIAS(pwritev64, ssize_t, hook_pwritev_2,
           (int fd, const struct iovec *iov, int n, off_t place), pwritev);

/* ---- with flags; a place of -1 is where the file stands ---- */

HOOK(readv, ssize_t, hook_readv, (int fd, const struct iovec *iov, int n));
HOOK(writev, ssize_t, hook_writev, (int fd, const struct iovec *iov, int n));

HOOK(preadv2, ssize_t, hook_preadv2,
     (int fd, const struct iovec *iov, int n, off_t place, int flags));
ssize_t hook_preadv2(int fd, const struct iovec *iov, int n, off_t place,
                     int flags)
{
    struct at_place p = {fd, iov, n, place, flags, true};
    long r;

    if (place == -1 && flags == 0)
        return hook_readv(fd, iov, n);
    if ((flags & FLAG_NOWAIT) || !done_at_place(&p, &r))
        r = green__call(SYS_preadv2, fd, (long)iov, n, place, 0, flags);
    return call_result(r);
}
HOOK_ALIAS(preadv64v2, ssize_t, hook_preadv2_2,
           (int fd, const struct iovec *iov, int n, off_t place, int flags),
           preadv2);

HOOK(pwritev2, ssize_t, hook_pwritev2,
     (int fd, const struct iovec *iov, int n, off_t place, int flags));
ssize_t hook_pwritev2(int fd, const struct iovec *iov, int n, off_t place,
                      int flags)
{
    struct at_place p = {fd, iov, n, place, flags, false};
    long r;

    if (place == -1 && flags == 0)
        return hook_writev(fd, iov, n);
    if ((flags & FLAG_NOWAIT) || !done_at_place(&p, &r))
        r = green__call(SYS_pwritev2, fd, (long)iov, n, place, 0, flags);
    return call_result(r);
}
HOOK_ALIAS(pwritev64v2, ssize_t, hook_pwritev2_2,
           (int fd, const struct iovec *iov, int n, off_t place, int flags),
           pwritev2);
