/* SPDX-License-Identifier: MIT */
/* patch.h - layer 8: what the hooks of libc's functions have in common.
 *
 * A hook has the linker's name of the function that it stands in for, and in C a
 * name of its own, so that no header's declaration is in its way:
 *
 *     HOOK(read, ssize_t, hook_read, (int fd, void *buffer, size_t n));
 *
 * Rules for all of them:
 *
 * 1. While its family is off, and in threads without a hub, it is the system call
 *    and nothing else.
 * 2. It neither allocates nor calls libc for what the kernel does.
 * 3. It tries first, in a way that does not wait and changes nothing of the
 *    descriptor.  Only if that would block, it asks what the user wants of the
 *    descriptor (O_NONBLOCK, SO_RCVTIMEO), and waits as a greenlet. */
#ifndef GREEN_PATCH_H
#define GREEN_PATCH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "green.h"

#define HOOK(symbol, type, name, parameters)                                   \
    GREEN_API type name parameters __asm__(#symbol)

/* Another name of a hook that this file defines. */
#define HOOK_ALIAS(symbol, type, name, parameters, of)                         \
    GREEN_API extern type name parameters __asm__(#symbol)                     \
        __attribute__((alias(#of)))

/* A system call, as the kernel answers it: errors are negative. */
long green__call(long number, long a, long b, long c, long d, long e, long f);

/* The same as libc's functions tell it. */
static inline long call_result(long r)
{
    if (r >= 0)
        return r;
    errno = (int)-r;
    return -1;
}

/* The families that may be switched on, and whether one of these is here: not in a
 * thread without a hub, and not while the library itself makes a child. */
bool green__patched(unsigned families);

/* A hook's call is going to wait: for green_patch_report. */
void green__hook_waits(void);

extern _Thread_local bool green__straight;

/* Switch families on; the caller need not have a hub. */
void green__patch_families(unsigned what);

/* The family of that name, "all" of them, or 0. */
unsigned green__family(const char *name, size_t n);

/* What libgreen closes now is closed already. */
extern _Thread_local bool green__close_pretends;

/* Have libgreen's own calls go past the hooks. */
void green__seam_patch(void);

/* ---- waiting ---- */

/* What a hook tries. */
struct attempt {
    long (*once)(struct attempt *a); /* the kernel's answer; -EAGAIN: would wait */
    int fd;
    int events;         /* to wait for: GREEN_READ or GREEN_WRITE */
    int timeout_option; /* SO_RCVTIMEO, SO_SNDTIMEO, or 0 */
    int64_t deadline;   /* of that; 0: not asked for yet */
};

/* Try until it is done, or the user wants no waiting, or has waited for as long
 * as he wants to: the kernel's answer, or -errno of a kill or a scope.  errno
 * stays what it was. */
long green__attempt(struct attempt *a);

/* Wait for fd until `deadline` (GREEN_FOREVER: none): 0, -EAGAIN after that, or
 * -errno of a kill or a scope. */
long green__hook_park(int fd, int events, int64_t deadline);

/* Try again and again, ever less often, for what nobody tells of: the kernel's
 * answer, -EAGAIN at the deadline, or -errno of a kill or a scope. */
long green__insist(long (*once)(void *what), void *what, int64_t deadline);

/* A system call in another thread, as nothing else helps: the kernel's answer.  It
 * may change the caller's memory, so neither a kill nor a scope ends it. */
long green__call_apart(long number, long a, long b, long c, long d, long e,
                       long f);

/* Whoever waits for fd is told EBADF, as its number is not that of the same thing
 * any more. */
void green__descriptor_gone(int fd);

/* Have one call on fd not wait: the flags to restore after it; negative: that is
 * the kernel's error. */
long green__window_begin(int fd);
void green__window_over(int fd, long flags);

/* Do calls on fd wait, as the user has it? */
bool green__waits(int fd);

/* When must a call that begins now end, by that option of a socket? */
int64_t green__option_deadline(int fd, int option);

/* What a patched write of it returns: how much was written, or -errno. */
long green__write_all(int fd, const void *buffer, size_t n);

/* Is fd ready for one of these at this moment?  True if poll cannot tell. */
bool green__is_ready(int fd, int events);

#endif
