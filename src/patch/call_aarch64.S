/* SPDX-License-Identifier: MIT */
/* call_aarch64.S - layer 8: a system call, with nothing of libc in between. */
#include "../../arch/asm.h"

#if defined(__aarch64__) && defined(__linux__)

    .text

property 0xc0000000, 3

/* long green__call(long number, long a, long b, long c, long d, long e, long f);
 * what the kernel says: errors are negative */
function green__call
    .cfi_startproc
    hint #34 /* bti c */
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc #0
    ret
    .cfi_endproc
end green__call

/* Where a signal's handler returns to; unwinders know it by its bytes. */
    nop
function green__restore
    mov x8, #139 /* rt_sigreturn */
    svc #0
end green__restore

#endif
