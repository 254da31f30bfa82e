/* SPDX-License-Identifier: MIT */
/* sys_frames.c - layer 1: who called whom, written to a descriptor.
 *
 * For reports from signal handlers.  The C library's own way finds names; it
 * allocates when it is first used, so use it once outside of a handler.  Where
 * there is none, the compiler's unwinder finds the addresses. */
#include <stdint.h>
#include <unistd.h>
#include "sys_os.h"
#if defined(__GLIBC__) || defined(__APPLE__)

#include <execinfo.h>

enum { MOST_FRAMES = 64 };

void green__os_backtrace(int fd)
{
    void *frames[MOST_FRAMES];

    backtrace_symbols_fd(frames, backtrace(frames, MOST_FRAMES), fd);
}

#else

#include <stdio.h>
#include <unwind.h>

enum { MOST_FRAMES = 64 };

struct walk {
    int fd, frames;
};

static _Unwind_Reason_Code write_frame(struct _Unwind_Context *context,
                                       void *arg)
{
    struct walk *w = arg;
    char line[32];
    int n = snprintf(line, sizeof line, "[%#jx]\n",
                     (uintmax_t)_Unwind_GetIP(context));

    if (write(w->fd, line, (size_t)n) < 0 || ++w->frames == MOST_FRAMES)
        return _URC_END_OF_STACK;
    return _URC_NO_REASON;
}

/* The unwinder that musl-gcc finds may be one made for glibc, and want this to link:
 * it knows of no object. */
int _dl_find_object(void *address, void *result) __attribute__((weak));
int _dl_find_object(void *address, void *result)
{
    (void)address;
    (void)result;
    return -1;
}

void green__os_backtrace(int fd)
{
    struct walk w = {fd, 0};

    (void)_Unwind_Backtrace(write_frame, &w);
}

#endif
