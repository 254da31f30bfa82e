/* SPDX-License-Identifier: MIT */
/* connection.c - layer 8: accept, connect.
 *
 * Of accept and connect there is no form that does not wait, only descriptors for
 * which they do not.  So O_NONBLOCK is set around the one system call and taken
 * away again; an accept looks first whether somebody is there, to spare that. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "patch.h"

enum { UNIX_PAUSE = 5 * 1000000 };

long green__window_begin(int fd)
{
    long flags = green__call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);

    if (flags >= 0 && !(flags & O_NONBLOCK))
        green__call(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK, 0, 0, 0);
    return flags;
}

void green__window_over(int fd, long flags)
{
    if (!(flags & O_NONBLOCK))
        green__call(SYS_fcntl, fd, F_SETFL, flags, 0, 0, 0);
}

/* ---- accept ---- */

struct acceptance {
    struct attempt attempt; /* first */
    void *address;
    socklen_t *length;
    int flags;
};

/* What does not listen has nobody to wait for: the kernel says why. */
static bool listens(int fd)
{
    int answer = 0;
    socklen_t length = sizeof answer;

    return green__call(SYS_getsockopt, fd, SOL_SOCKET, SO_ACCEPTCONN,
                       (long)&answer, (long)&length, 0) == 0 &&
           answer;
}

static long accept_once(struct attempt *a)
{
    struct acceptance *c = (struct acceptance *)a;
    long flags, r;

    if (!green__is_ready(a->fd, GREEN_READ) && listens(a->fd))
        return -EAGAIN;
    flags = green__window_begin(a->fd);
    if (flags < 0)
        return flags;
    r = green__call(SYS_accept4, a->fd, (long)c->address, (long)c->length,
                    c->flags, 0, 0);
    green__window_over(a->fd, flags);
    return r;
}

HOOK(accept4, int, hook_accept4,
     (int fd, void *address, socklen_t *length, int flags));
int hook_accept4(int fd, void *address, socklen_t *length, int flags)
{
    struct acceptance c = {{.once = accept_once,
                            .fd = fd,
                            .events = GREEN_READ,
                            .timeout_option = SO_RCVTIMEO},
                           address,
                           length,
                           flags};

    if (!green__patched(GREEN_PATCH_SOCKET))
        return (int)call_result(green__call(SYS_accept4, fd, (long)address,
                                            (long)length, flags, 0, 0));
    return (int)call_result(green__attempt(&c.attempt));
}

HOOK(accept, int, hook_accept, (int fd, void *address, socklen_t *length));
int hook_accept(int fd, void *address, socklen_t *length)
{
    return hook_accept4(fd, address, length, 0);
}

/* ---- connect ---- */

static long connect_at_once(int fd, const void *address, socklen_t length)
{
    long flags = green__window_begin(fd), r;

    if (flags < 0)
        return flags;
    r = green__call(SYS_connect, fd, (long)address, length, 0, 0, 0);
    green__window_over(fd, flags);
    return r;
}

/* Calling it again is what makes the socket connected in the kernel's books. */
static long finish_connect(int fd, const void *address, socklen_t length,
                           int64_t deadline)
{
    long r;

    do {
        r = green__hook_park(fd, GREEN_WRITE, deadline);
        if (r != 0)
            return r == -EAGAIN ? -EINPROGRESS : r;
        r = connect_at_once(fd, address, length);
    } while (r == -EALREADY || r == -EINPROGRESS);
    return r == -EISCONN ? 0 : r;
}

/* A Unix listener whose backlog is full has no event for us to wait for. */
static long connect_patched(int fd, const void *address, socklen_t length)
{
    int64_t deadline = green__option_deadline(fd, SO_SNDTIMEO);
    long r;

    if (green_checkpoint() != 0)
        return -errno;
    while ((r = connect_at_once(fd, address, length)) == -EAGAIN &&
           green_now() < deadline)
        if (green_sleep(UNIX_PAUSE) != 0)
            return -errno;
    return r == -EINPROGRESS ? finish_connect(fd, address, length, deadline)
                             : r;
}

HOOK(connect, int, hook_connect,
     (int fd, const void *address, socklen_t length));
int hook_connect(int fd, const void *address, socklen_t length)
{
    int saved_errno = errno;
    long r;

    if (!green__patched(GREEN_PATCH_SOCKET) || !green__waits(fd))
        return (int)call_result(
            green__call(SYS_connect, fd, (long)address, length, 0, 0, 0));
    r = connect_patched(fd, address, length);
    errno = saved_errno;
    return (int)call_result(r);
}
HOOK_ALIAS(__connect, int, hook_connect_2,
           (int fd, const void *address, socklen_t length), connect);
