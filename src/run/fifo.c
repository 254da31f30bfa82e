/* SPDX-License-Identifier: MIT */
/* fifo.c - opening: only a FIFO can wait, for the other end.
 *
 * It is opened without waiting.  That fails for writing while nobody reads; for
 * reading it succeeds, and whether there is a writer shows when its bytes are
 * duplicated into another pipe, which takes none away. */
#include "fifo.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include "attempt.h"

enum { GLANCE = 2 * MILLISECOND, WITHOUT_WAITING = 2 };

static bool has_writer(int fd)
{
    int scratch[2];
    long r;

    if (attempt_ready(fd, POLLIN))
        return true;
    if (kernel(SYS_pipe2, (long)scratch, O_CLOEXEC, 0, 0) != 0)
        return true;
    r = kernel(SYS_tee, fd, scratch[1], 1, WITHOUT_WAITING);
    kernel(SYS_close, scratch[0], 0, 0, 0);
    kernel(SYS_close, scratch[1], 0, 0, 0);
    return r != 0;
}

static bool is_interrupted(void)
{
    return task_park(task_clock() + GLANCE) == WOKEN_SIGNAL;
}

static long open_now(long directory, const char *path, long flags, long mode)
{
    return kernel(SYS_openat, directory, (long)path, flags | O_NONBLOCK, mode);
}

/* For writing. */
static long await_reader(long directory, const char *path, long flags,
                         long mode)
{
    long fd;

    while ((fd = open_now(directory, path, flags, mode)) == -ENXIO)
        if (is_interrupted())
            return -RESTART_IF_ASKED;
    return fd;
}

static long await_writer(long directory, const char *path, long flags,
                         long mode)
{
    long fd = open_now(directory, path, flags, mode);

    while (fd >= 0 && !has_writer((int)fd))
        if (is_interrupted()) {
            kernel(SYS_close, fd, 0, 0, 0);
            return -RESTART_IF_ASKED;
        }
    return fd;
}

static bool can_wait(long directory, const char *path, long flags)
{
    struct stat s;

    if (flags & (O_NONBLOCK | O_PATH | O_DIRECTORY) ||
        (flags & O_ACCMODE) == O_RDWR)
        return false;
    return kernel(SYS_newfstatat, directory, (long)path, (long)&s, 0) == 0 &&
           S_ISFIFO(s.st_mode);
}

static long open_as(struct call *c, long directory, long path, long flags,
                    long mode)
{
    const char *name = (const char *)path;
    long fd;

    if (!can_wait(directory, name, flags))
        return call_pass(c);
    fd = (flags & O_ACCMODE) == O_RDONLY
             ? await_writer(directory, name, flags, mode)
             : await_reader(directory, name, flags, mode);
    if (fd >= 0)
        kernel(SYS_fcntl, fd, F_SETFL, flags & ~(long)O_CREAT, 0);
    return fd;
}

long fifo_open(struct call *c)
{
    return open_as(c, AT_FDCWD, c->a[0], c->a[1], c->a[2]);
}

long fifo_openat(struct call *c)
{
    return open_as(c, c->a[0], c->a[1], c->a[2], c->a[3]);
}
