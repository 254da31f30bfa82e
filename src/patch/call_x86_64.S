/* SPDX-License-Identifier: MIT */
/* call_x86_64.S - layer 8: a system call, with nothing of libc in between.
 *
 * Arguments of a C function -> those of the kernel:
 *
 *     rdi rsi rdx rcx r8  r9 8(rsp)
 *     rax rdi rsi rdx r10 r8 r9 */
#include "../../arch/asm.h"

#if defined(__x86_64__) && defined(__linux__)

    .text

property 0xc0000002, 1

/* long green__call(long number, long a, long b, long c, long d, long e, long f);
 * what the kernel says: errors are negative */
function green__call
    .cfi_startproc
    endbr64
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, %r10
    movq %r9, %r8
    movq 8(%rsp), %r9
    syscall
    ret
    .cfi_endproc
end green__call

/* Where a signal's handler returns to.  Unwinders and debuggers know it by its bytes,
 * and look at the one before, which belongs to nobody. */
    nop
function green__restore
    movq $15, %rax /* rt_sigreturn */
    syscall
end green__restore

#endif
