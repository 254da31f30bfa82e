/* SPDX-License-Identifier: MIT */
/* opening.c - layer 8: open, which waits where a name is a FIFO's.
 *
 * A FIFO is opened when somebody has its other end.  Opened with O_NONBLOCK it is
 * open at once to read; to write, ENXIO says that nobody reads.  So it is opened
 * like that, again and again if need be, and O_NONBLOCK is taken away before
 * anybody else has the descriptor. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include "patch.h"

struct opening {
    int directory;
    const char *path;
    int flags;
    unsigned mode;
    int fd, scratch[2];
};

static long open_now(const struct opening *o, int more_flags)
{
    return green__call(SYS_openat, o->directory, (long)o->path,
                       o->flags | more_flags, o->mode, 0, 0);
}

static void forget_end(int fd)
{
    green__call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static bool is_fifo(const struct opening *o)
{
    int no_follow = o->flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
    struct stat s;

    return fstatat(o->directory, o->path, &s, no_follow) == 0 &&
           S_ISFIFO(s.st_mode);
}

/* Opened both ways or as a name it does not wait. */
static bool may_wait(const struct opening *o)
{
    int saved_errno = errno;
    bool fifo;

    if ((o->flags & (O_NONBLOCK | O_PATH | O_DIRECTORY)) ||
        (o->flags & O_ACCMODE) == O_RDWR || !green__patched(GREEN_PATCH_FILE))
        return false;
    fifo = is_fifo(o);
    errno = saved_errno;
    return fifo;
}

static long open_to_write(void *what)
{
    struct opening *o = what;
    long r = open_now(o, O_NONBLOCK);

    return r == -ENXIO ? -EAGAIN : r;
}

/* Has somebody opened it to write?  There is something to read, or was and he is
 * gone; or else a tee of it, which takes nothing, would wait. */
static long look_for_writer(void *what)
{
    const struct opening *o = what;
    struct timespec none = {0, 0};
    struct pollfd p = {.fd = o->fd, .events = POLLIN};

    if (green__call(SYS_ppoll, (long)&p, 1, (long)&none, 0, 0, 0) != 0)
        return 0;
    if (green__call(SYS_tee, o->fd, o->scratch[1], 1, SPLICE_F_NONBLOCK, 0,
                    0) == -EAGAIN)
        return 0;
    return -EAGAIN;
}

static long open_to_read(struct opening *o)
{
    long r = open_now(o, O_NONBLOCK);

    if (r < 0)
        return r;
    o->fd = (int)r;
    r = green__call(SYS_pipe2, (long)o->scratch, O_CLOEXEC, 0, 0, 0, 0);
    if (r == 0) {
        r = green__insist(look_for_writer, o, GREEN_FOREVER);
        forget_end(o->scratch[0]);
        forget_end(o->scratch[1]);
    }
    if (r < 0)
        forget_end(o->fd);
    return r < 0 ? r : o->fd;
}

static long open_fifo(struct opening *o)
{
    long flags, r;

    if ((o->flags & O_ACCMODE) == O_RDONLY)
        r = open_to_read(o);
    else
        r = green__insist(open_to_write, o, GREEN_FOREVER);
    if (r < 0)
        return r;
    flags = green__call(SYS_fcntl, r, F_GETFL, 0, 0, 0, 0);
    green__call(SYS_fcntl, r, F_SETFL, flags & ~O_NONBLOCK, 0, 0, 0);
    return r;
}

/* ---- hooks ---- */

HOOK(openat, int, hook_openat,
     (int directory, const char *path, int flags, unsigned mode));
int hook_openat(int directory, const char *path, int flags, unsigned mode)
{
    bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    struct opening o = {directory, path, flags, makes ? mode : 0, -1, {-1, -1}};

    return (int)call_result(may_wait(&o) ? open_fifo(&o) : open_now(&o, 0));
}
HOOK_ALIAS(openat64, int, hook_openat_2,
           (int directory, const char *path, int flags, unsigned mode), openat);

HOOK(open, int, hook_open, (const char *path, int flags, unsigned mode));
int hook_open(const char *path, int flags, unsigned mode)
{
    return hook_openat(AT_FDCWD, path, flags, mode);
}
HOOK_ALIAS(open64, int, hook_open_2,
           (const char *path, int flags, unsigned mode), open);
HOOK_ALIAS(__open, int, hook_open_3,
           (const char *path, int flags, unsigned mode), open);
HOOK_ALIAS(__open64, int, hook_open_4,
           (const char *path, int flags, unsigned mode), open);

HOOK(creat, int, hook_creat, (const char *path, unsigned mode));
int hook_creat(const char *path, unsigned mode)
{
    return hook_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
HOOK_ALIAS(creat64, int, hook_creat_2, (const char *path, unsigned mode),
           creat);

/* What -D_FORTIFY_SOURCE makes of one without a mode, which then must not need it. */
HOOK(__openat_2, int, hook_openat_chk,
     (int directory, const char *path, int flags));
int hook_openat_chk(int directory, const char *path, int flags)
{
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
        abort();
    return hook_openat(directory, path, flags, 0);
}
HOOK_ALIAS(__openat64_2, int, hook_openat_chk_2,
           (int directory, const char *path, int flags), __openat_2);

HOOK(__open_2, int, hook_open_chk, (const char *path, int flags));
int hook_open_chk(const char *path, int flags)
{
    return hook_openat_chk(AT_FDCWD, path, flags);
}
HOOK_ALIAS(__open64_2, int, hook_open_chk_2, (const char *path, int flags),
           __open_2);
