/* SPDX-License-Identifier: MIT */
/* window.c - layer 7: a descriptor that does not block for the moment of a call. */
#include <errno.h>
#include <fcntl.h>
#include "sys.h"
#include "window.h"

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
