/* SPDX-License-Identifier: MIT */
/* use.c - layer 8: a call of libc's on a stream, and the waits for it. */
#include <stdio_ext.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "streams.h"

/* One of memory, or of functions of the program's, has none. */
static int descriptor_of(FILE *f)
{
    int saved_errno = errno, fd = fileno(f);

    errno = saved_errno;
    return fd;
}

/* ---- libc's lock ---- */

static long try_lock(void *file)
{
    return green__streams()->ftrylockfile(file) == 0 ? 0 : -EAGAIN;
}

/* A plain thread that has it may have it for long.  While it is waited for, another
 * greenlet of this one may have got it: libc lets it in, but it is not our turn. */
long green__use_begin(struct use *u, FILE *f, bool locks)
{
    long r;

    *u = (struct use){f, false, NULL};
    while (locks) {
        r = green__hold_await(f, &u->hold);
        if (r == 0 && try_lock(f) != 0)
            r = green__insist(try_lock, f, GREEN_FOREVER);
        if (r != 0)
            return r;
        u->locks = true;
        if (u->hold || !green__held_by_other(f))
            return 0;
        green__streams()->funlockfile(f);
    }
    return 0;
}

void green__use_end(struct use *u, long r)
{
    int saved_errno = errno;

    if (r < 0)
        green__stream_fail(u->file);
    if (u->locks)
        green__streams()->funlockfile(u->file);
    if (u->hold)
        green__hold_end(u->hold);
    errno = r < 0 ? (int)-r : saved_errno;
}

/* ---- waiting ---- */

/* So that nobody else comes in meanwhile. */
static bool keep_others_out(struct use *u)
{
    if (u->locks && !u->hold)
        u->hold = green__hold(u->file);
    return !u->locks || u->hold;
}

long green__use_ready(struct use *u, int events)
{
    int fd = descriptor_of(u->file), saved_errno = errno;
    int option = events == GREEN_READ ? SO_RCVTIMEO : SO_SNDTIMEO;
    int64_t deadline;
    long r = 0;

    if (green__is_ready(fd, events) || !green__waits(fd))
        return 0;
    if (!keep_others_out(u))
        return -ENOMEM;
    deadline = green__option_deadline(fd, option);
    while (r == 0 && !green__is_ready(fd, events))
        r = green__hook_park(fd, events, deadline);
    errno = saved_errno;
    return r;
}

/* What waits would be told of a kill, and so is what only reads and reads.  What it
 * has to write goes first, as libc does it. */
long green__use_refill(struct use *u)
{
    int saved_errno = errno;
    long r = 0;

    if (green__stream_has(u->file))
        return 0;
    if (green_checkpoint() != 0 && green__waits(descriptor_of(u->file)))
        r = -errno;
    errno = saved_errno;
    if (r == 0 && __fpending(u->file) > 0)
        r = green__use_ready(u, GREEN_WRITE);
    return r != 0 ? r : green__use_ready(u, GREEN_READ);
}

/* ---- writing what is there ---- */

static bool is_file(int fd)
{
    struct stat s;

    return fstat(fd, &s) == 0 && (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode));
}

bool green__use_writes_slowly(struct use *u)
{
    int saved_errno = errno, fd = descriptor_of(u->file);
    bool slow = fd >= 0 && !is_file(fd) && green__waits(fd);

    errno = saved_errno;
    return slow;
}

/* More than is sure to go at once, of a large buffer. */
static long write_much(struct use *u, int fd)
{
    const char *bytes;
    long done;
    size_t n;

    bytes = green__stream_pending(u->file, &n);
    while (n > 0) {
        done = green__write_all(fd, bytes, n);
        if (done < 0)
            return done;
        green__stream_wrote(u->file, (size_t)done);
        bytes = green__stream_pending(u->file, &n);
    }
    return 0;
}

static long write_pending(struct use *u, int fd)
{
    long r = 0;

    if (__fpending(u->file) > STREAM_PIECE)
        r = write_much(u, fd);
    if (r == 0 && __fpending(u->file) > 0)
        r = green__use_ready(u, GREEN_WRITE);
    if (r == 0 && green__streams()->fflush_unlocked(u->file) != 0)
        r = -errno;
    return r;
}

long green__use_drain(struct use *u)
{
    int saved_errno = errno;
    long r;

    if (__fpending(u->file) == 0 || !green__use_writes_slowly(u))
        return 0;
    if (!keep_others_out(u))
        return -ENOMEM;
    r = write_pending(u, descriptor_of(u->file));
    errno = saved_errno;
    return r;
}
