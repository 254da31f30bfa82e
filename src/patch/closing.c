/* SPDX-License-Identifier: MIT */
/* closing.c - layer 8: close, and what else ends a descriptor.
 *
 * Who waits for it is told EBADF, where plain ones would wait on.  Those that close
 * many, or put another thing in a number's place, must do so in one step; so the
 * kernel does it first, and libgreen then closes the number for its own books only. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "patch.h"

enum { NUMBER_CLOSE_RANGE = 436, ONLY_CLOEXEC = 4 };

static bool closes_patched(void)
{
    return green__patched(GREEN_PATCH_SOCKET | GREEN_PATCH_FILE);
}

HOOK(close, int, hook_close, (int fd));
int hook_close(int fd)
{
    int saved_errno = errno, r;

    if (!closes_patched())
        return (int)call_result(green__call(SYS_close, fd, 0, 0, 0, 0, 0));
    r = green_close(fd);
    if (r == 0)
        errno = saved_errno;
    return r;
}
HOOK_ALIAS(__close, int, hook_close_2, (int fd), close);

void green__descriptor_gone(int fd)
{
    green__close_pretends = true;
    green_close(fd);
    green__close_pretends = false;
}

/* ---- many at once ---- */

static unsigned highest_descriptor(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX)
        return INT32_MAX;
    return (unsigned)limit.rlim_cur;
}

static void range_gone(unsigned first, unsigned last)
{
    unsigned highest = highest_descriptor(), fd;

    for (fd = first; fd <= last && fd <= highest; fd++)
        green__descriptor_gone((int)fd);
}

HOOK(close_range, int, hook_close_range,
     (unsigned first, unsigned last, int flags));
int hook_close_range(unsigned first, unsigned last, int flags)
{
    long r = green__call(NUMBER_CLOSE_RANGE, first, last, flags, 0, 0, 0);

    if (r == 0 && !(flags & ONLY_CLOEXEC) && closes_patched())
        range_gone(first, last);
    return (int)call_result(r);
}

/* Of kernels that have no such call, one by one. */
HOOK(closefrom, void, hook_closefrom, (int first));
void hook_closefrom(int first)
{
    unsigned low = first < 0 ? 0 : (unsigned)first, fd;
    int saved_errno = errno;

    if (hook_close_range(low, ~0U, 0) != 0)
        for (fd = low; fd <= highest_descriptor(); fd++)
            hook_close((int)fd);
    errno = saved_errno;
}

/* ---- another in its place ---- */

HOOK(dup3, int, hook_dup3, (int fd, int place, int flags));
int hook_dup3(int fd, int place, int flags)
{
    long r = green__call(SYS_dup3, fd, place, flags, 0, 0, 0);

    if (r >= 0 && closes_patched())
        green__descriptor_gone(place);
    return (int)call_result(r);
}

HOOK(dup2, int, hook_dup2, (int fd, int place));
int hook_dup2(int fd, int place)
{
    long r;

    if (fd != place)
        return hook_dup3(fd, place, 0);
    r = green__call(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0);
    return (int)call_result(r < 0 ? r : fd);
}
HOOK_ALIAS(__dup2, int, hook_dup2_2, (int fd, int place), dup2);
