/* SPDX-License-Identifier: MIT */
/* x86_64.S - layer 1: switching on x86-64, System V ABI.
 *
 * A suspended context, which fills one cache line with its return address:
 *
 *     sp + 56   return address
 *     sp + 48   rbp
 *     sp + 40   rbx
 *     sp + 32   r12
 *     sp + 24   r13
 *     sp + 16   r14
 *     sp +  8   r15
 *     sp +  4   x87 control word, 2 bytes
 *     sp +  0   MXCSR, 4 bytes
 *
 * Loading a control register costs more than the whole switch, so they are
 * compared and loaded only where they differ.  The comparison is of control
 * bits: exception flags are the thread's, and they nearly always differ.  It
 * is made by two narrow loads, because one wide load cannot be forwarded from
 * the two narrow stores.
 *
 * A switch ends in `ret`, which takes off the return predictor what the call
 * of the switch put there, so that the returns that follow are predicted.
 *
 * No shadow stack is kept, hence the IBT bit alone. */
#include "asm.h"

#if defined(__x86_64__) && !defined(__ILP32__)

    property 0xc0000002, 1

    .set MXCSR_CONTROL, 0xffc0   /* rounding, masks, subnormal numbers */

/* Save the registers; control words also to eax and ecx. */
.macro save
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
    leaq -8(%rsp), %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movl (%rsp), %eax
    movzwl 4(%rsp), %ecx
.endm

/* Load the context at rsp; eax and ecx are the present control words. */
.macro resume
    movl (%rsp), %edx
    xorl %eax, %edx
    andl $MXCSR_CONTROL, %edx
    xorw 4(%rsp), %cx
    orl %edx, %ecx
    jnz 2f
1:  leaq 8(%rsp), %rsp
    .cfi_remember_state
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
2:  .cfi_restore_state
    xorl %edx, %eax              /* present flags, wanted control bits */
    movl %eax, (%rsp)
    ldmxcsr (%rsp)
    fnclex                       /* else a flag now unmasked would trap */
    fldcw 4(%rsp)
    jmp 1b
.endm

/* Load the context at rdi, saving nothing. */
.macro leave_for
    stmxcsr -8(%rsp)             /* in the red zone */
    fnstcw -4(%rsp)
    movl -8(%rsp), %eax
    movzwl -4(%rsp), %ecx
    movq %rdi, %rsp
    .cfi_def_cfa_offset 64
    .cfi_offset %rip, -8
    .cfi_offset %rbp, -16
    .cfi_offset %rbx, -24
    .cfi_offset %r12, -32
    .cfi_offset %r13, -40
    .cfi_offset %r14, -48
    .cfi_offset %r15, -56
    resume
.endm

/* void green__switch(void **save_sp, void *load_sp); */
function green__switch
    .cfi_startproc
    endbr64
    save
    movq %rsp, (%rdi)
    movq %rsi, %rsp              /* the frame there is as here: CFI holds */
    resume
    .cfi_endproc
end green__switch

/* void green__leave(void *load_sp); */
function green__leave
    .cfi_startproc
    endbr64
    leave_for
    .cfi_endproc
end green__leave

/* void green__restart(void *top, void *(*entry)(void), uint64_t control); */
function green__restart
    .cfi_startproc
    endbr64
    movq %rdx, %r8
    movq %rsi, %rdx
    stmxcsr -8(%rsp)
    fnstcw -4(%rsp)
    movl -8(%rsp), %eax
    movzwl -4(%rsp), %ecx
    movq %rdi, %rsp
    .cfi_undefined %rip
    jmp green__begin
    .cfi_endproc
end green__restart

/* void green__start(void **save_sp, void *top, void *(*entry)(void),
 *                   uint64_t control); */
function green__start
    .cfi_startproc
    endbr64
    movq %rcx, %r8
    save
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    .cfi_undefined %rip
    jmp green__begin
    .cfi_endproc
end green__start

/* The outermost frame of a greenlet: rsp is its top, rdx its entry, r8 its
 * control words, eax and ecx are the present ones.  Reached by a jump; unwinding
 * ends here, and at a return address of 0 for those who do not understand that
 * there is none.
 *
 *     top -  8   0
 *     top - 16   x87 control word and MXCSR as above, if they are loaded */
local green__begin
    .cfi_startproc
    .cfi_undefined %rip
    .cfi_undefined %rbp
    xorl %ebp, %ebp
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    leaq -8(%rsp), %rsp
    .cfi_adjust_cfa_offset 8
    movl %r8d, %r9d
    xorl %eax, %r9d
    andl $MXCSR_CONTROL, %r9d
    shrq $32, %r8
    xorl %r8d, %ecx
    orl %r9d, %ecx
    jnz 2f
1:  call *%rdx
    movq %rax, %rdi              /* now the return predictor is as it was when */
    jmp 3f                       /* this one was begun */
2:  xorl %r9d, %eax
    movl %eax, (%rsp)
    movw %r8w, 4(%rsp)
    ldmxcsr (%rsp)
    fnclex
    fldcw 4(%rsp)
    jmp 1b
3:  leave_for
    .cfi_endproc
end green__begin

/* uint64_t green__control(void); MXCSR below, x87 control word in the upper
 * half */
function green__control
    .cfi_startproc
    endbr64
    stmxcsr -8(%rsp)
    fnstcw -4(%rsp)
    movl -8(%rsp), %eax
    andl $MXCSR_CONTROL, %eax
    movzwl -4(%rsp), %ecx
    shlq $32, %rcx
    orq %rcx, %rax
    ret
    .cfi_endproc
end green__control

/* uintptr_t green__valgrind(const uintptr_t request[6]); the four rotations
 * make two whole turns, and only Valgrind sees more in them */
function green__valgrind
    .cfi_startproc
    endbr64
    movq %rdi, %rax
    xorl %edx, %edx
    rolq $3, %rdi
    rolq $13, %rdi
    rolq $61, %rdi
    rolq $51, %rdi
    xchgq %rbx, %rbx
    movq %rdx, %rax
    ret
    .cfi_endproc
end green__valgrind

#endif
