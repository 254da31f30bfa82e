/* SPDX-License-Identifier: MIT */
/* x86_64.S - what the engine cannot say in C.
 *
 * gregs are those of a ucontext_t: r8 to r15, rdi, rsi, rbp, rbx, rdx, rax,
 * rcx, rsp, rip, flags, eight bytes each. */
#if defined(__x86_64__) && !defined(__ILP32__)

    .text

/* void run_swap(void **save, void *load): go on where `load` was saved, with the
 * control words of floating point, which a call must preserve. */
    .globl run_swap
    .hidden run_swap
    .type run_swap, @function
run_swap:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    ret
    .cfi_endproc
    .size run_swap, . - run_swap

/* void run_enter(const greg_t *gregs): begin in the program, as after a system
 * call: rcx may be anything then, and holds the address. */
    .globl run_enter
    .hidden run_enter
    .type run_enter, @function
run_enter:
    .cfi_startproc
    .cfi_undefined rip
    movq 0(%rdi), %r8
    movq 8(%rdi), %r9
    movq 16(%rdi), %r10
    movq 32(%rdi), %r12
    movq 40(%rdi), %r13
    movq 48(%rdi), %r14
    movq 56(%rdi), %r15
    movq 72(%rdi), %rsi
    movq 80(%rdi), %rbp
    movq 88(%rdi), %rbx
    movq 96(%rdi), %rdx
    movq 104(%rdi), %rax
    movq 120(%rdi), %rsp
    movq 128(%rdi), %rcx
    movq 64(%rdi), %rdi
    jmp *%rcx
    .cfi_endproc
    .size run_enter, . - run_enter

/* long run_child(long number, const long *arguments, const greg_t *gregs,
 *                const uint64_t *mask): a system call that makes a process.
 * The child enters the program with this mask, the parent returns. */
    .globl run_child
    .hidden run_child
    .type run_child, @function
run_child:
    .cfi_startproc
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    movq %rdx, %rbx
    movq %rcx, %r12
    movq %rdi, %rax
    movq %rsi, %r11
    movq 0(%r11), %rdi
    movq 8(%r11), %rsi
    movq 16(%r11), %rdx
    movq 24(%r11), %r10
    movq 32(%r11), %r8
    movq 40(%r11), %r9
    syscall
    testq %rax, %rax
    jz 1f
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    ret
1:  movl $14, %eax          /* rt_sigprocmask */
    movl $2, %edi           /* SIG_SETMASK */
    movq %r12, %rsi
    xorl %edx, %edx
    movl $8, %r10d
    syscall
    movq %rbx, %rdi
    jmp run_enter
    .cfi_endproc
    .size run_child, . - run_child

/* void run_on(void *stack, void (*fn)(), a, b, c): fn(a, b, c) on a stack. */
    .globl run_on
    .hidden run_on
    .type run_on, @function
run_on:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq %rdi, %rsp
    andq $-16, %rsp
    movq %rsi, %rax
    movq %rdx, %rdi
    movq %rcx, %rsi
    movq %r8, %rdx
    call *%rax
    movq %rbp, %rsp
    popq %rbp
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size run_on, . - run_on

/* void run_sigreturn(long rsp): the program's own return from a frame. */
    .globl run_sigreturn
    .hidden run_sigreturn
    .type run_sigreturn, @function
run_sigreturn:
    movq %rdi, %rsp
    movl $15, %eax
    syscall
    hlt
    .size run_sigreturn, . - run_sigreturn

/* Unwinders know this place by its bytes, and look for one byte before it. */
    nop
    .globl run_restorer
    .hidden run_restorer
    .type run_restorer, @function
run_restorer:
    .byte 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0   /* movq $15, %rax */
    syscall
    hlt
    .size run_restorer, . - run_restorer

#endif
    .section .note.GNU-stack, "", @progbits
