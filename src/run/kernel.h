/* SPDX-License-Identifier: MIT */
/* kernel.h - the engine's own system calls.
 *
 * They lie in the engine's text, from which the kernel takes calls without
 * dispatching them.  Results are the kernel's: -errno for a failure. */
#ifndef RUN_KERNEL_H
#define RUN_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long kernel_call(long number, long a, long b, long c, long d,
                               long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                       "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* The same with up to four arguments. */
static inline long kernel(long number, long a, long b, long c, long d)
{
    return kernel_call(number, a, b, c, d, 0, 0);
}

extern bool kernel_fsgsbase; /* the thread pointer can be set without it */

/* Have it send us all system calls but the engine's own: 0 or -errno. */
long kernel_dispatch(void);

/* What the kernel itself answers where a handler decides between EINTR and
 * another try. */
enum { RESTART_IF_ASKED = 512, RESTART_IF_NO_HANDLER = 514 };

enum { SECOND = 1000000000, MILLISECOND = 1000000 };
#define FOREVER INT64_MAX

#endif
