/* SPDX-License-Identifier: MIT */
/* aarch64.S - layer 1: switching on 64-bit Arm, AAPCS64 (Linux, BSD, Apple).
 *
 * A suspended context:
 *
 *     sp + 160   FPCR
 *     sp + 144   d14 d15
 *     sp + 128   d12 d13
 *     sp + 112   d10 d11
 *     sp +  96   d8 d9
 *     sp +  80   x27 x28
 *     sp +  64   x25 x26
 *     sp +  48   x23 x24
 *     sp +  32   x21 x22
 *     sp +  16   x19 x20
 *     sp +   0   x29 x30    frame pointer and return address
 *
 * Callers expect of the vector registers only the lower halves of 8 to 15
 * back, and nothing of SVE.  x18 is the platform's.  FPCR is written only where
 * it differs, for that waits until the processor has run dry.
 *
 * Where return addresses are signed, they are signed with the stack pointer at
 * the call, which is the same at the return; no frame is ever made up.
 * Every routine is a landing pad, those that are only jumped to need none. */
#include "asm.h"

#if defined(__aarch64__)

#if defined(__ARM_FEATURE_PAC_DEFAULT)

    property 0xc0000000, 3       /* BTI and PAC */

.macro sign
    hint #25                     /* paciasp, a landing pad too */
    .cfi_negate_ra_state
.endm

.macro authenticate
    hint #29                     /* autiasp */
    .cfi_negate_ra_state
.endm

/* The return address that is found now is signed. */
.macro signed_here
    .cfi_negate_ra_state
.endm

#else

    property 0xc0000000, 1       /* BTI */

.macro sign
    hint #34                     /* bti c */
.endm

.macro authenticate
.endm

.macro signed_here
.endm

#endif

/* Where the registers of a frame at sp are. */
.macro frame_at_sp
    .cfi_def_cfa sp, 176
    .cfi_offset x29, -176
    .cfi_offset x30, -168
    .cfi_offset x19, -160
    .cfi_offset x20, -152
    .cfi_offset x21, -144
    .cfi_offset x22, -136
    .cfi_offset x23, -128
    .cfi_offset x24, -120
    .cfi_offset x25, -112
    .cfi_offset x26, -104
    .cfi_offset x27, -96
    .cfi_offset x28, -88
    .cfi_offset d8, -80
    .cfi_offset d9, -72
    .cfi_offset d10, -64
    .cfi_offset d11, -56
    .cfi_offset d12, -48
    .cfi_offset d13, -40
    .cfi_offset d14, -32
    .cfi_offset d15, -24
.endm

/* Save the registers, and FPCR also to x9. */
.macro save
    stp x29, x30, [sp, #-176]!
    .cfi_adjust_cfa_offset 176
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    mrs x9, fpcr
    stp x19, x20, [sp, #16]
    .cfi_rel_offset x19, 16
    .cfi_rel_offset x20, 24
    stp x21, x22, [sp, #32]
    .cfi_rel_offset x21, 32
    .cfi_rel_offset x22, 40
    stp x23, x24, [sp, #48]
    .cfi_rel_offset x23, 48
    .cfi_rel_offset x24, 56
    stp x25, x26, [sp, #64]
    .cfi_rel_offset x25, 64
    .cfi_rel_offset x26, 72
    stp x27, x28, [sp, #80]
    .cfi_rel_offset x27, 80
    .cfi_rel_offset x28, 88
    stp d8, d9, [sp, #96]
    .cfi_rel_offset d8, 96
    .cfi_rel_offset d9, 104
    stp d10, d11, [sp, #112]
    .cfi_rel_offset d10, 112
    .cfi_rel_offset d11, 120
    stp d12, d13, [sp, #128]
    .cfi_rel_offset d12, 128
    .cfi_rel_offset d13, 136
    stp d14, d15, [sp, #144]
    .cfi_rel_offset d14, 144
    .cfi_rel_offset d15, 152
    str x9, [sp, #160]
.endm

/* Load the context at sp; x9 is the present FPCR. */
.macro resume
    ldr x10, [sp, #160]
    cmp x9, x10
    b.ne 2f
1:  ldp x19, x20, [sp, #16]
    .cfi_remember_state
    .cfi_restore x19
    .cfi_restore x20
    ldp x21, x22, [sp, #32]
    .cfi_restore x21
    .cfi_restore x22
    ldp x23, x24, [sp, #48]
    .cfi_restore x23
    .cfi_restore x24
    ldp x25, x26, [sp, #64]
    .cfi_restore x25
    .cfi_restore x26
    ldp x27, x28, [sp, #80]
    .cfi_restore x27
    .cfi_restore x28
    ldp d8, d9, [sp, #96]
    .cfi_restore d8
    .cfi_restore d9
    ldp d10, d11, [sp, #112]
    .cfi_restore d10
    .cfi_restore d11
    ldp d12, d13, [sp, #128]
    .cfi_restore d12
    .cfi_restore d13
    ldp d14, d15, [sp, #144]
    .cfi_restore d14
    .cfi_restore d15
    ldp x29, x30, [sp], #176
    .cfi_restore x29
    .cfi_restore x30
    .cfi_adjust_cfa_offset -176
    authenticate
    ret
2:  .cfi_restore_state
    msr fpcr, x10
    b 1b
.endm

/* void green__switch(void **save_sp, void *load_sp); */
function green__switch
    .cfi_startproc
    sign
    save
    mov x10, sp
    str x10, [x0]
    mov sp, x1                   /* the frame there is as here: CFI holds */
    resume
    .cfi_endproc
end green__switch

/* void green__leave(void *load_sp); */
function green__leave
    .cfi_startproc
    sign
    mrs x9, fpcr
    mov sp, x0
    frame_at_sp
    resume
    .cfi_endproc
end green__leave

/* void green__restart(void *top, void *(*entry)(void), uint64_t control); */
function green__restart
    .cfi_startproc
    sign
    mrs x9, fpcr
    mov sp, x0
    .cfi_undefined x30
    mov x3, x2
    mov x2, x1
    b green__begin
    .cfi_endproc
end green__restart

/* void green__start(void **save_sp, void *top, void *(*entry)(void),
 *                   uint64_t control); */
function green__start
    .cfi_startproc
    sign
    save
    mov x10, sp
    str x10, [x0]
    mov sp, x1
    .cfi_undefined x30
    b green__begin
    .cfi_endproc
end green__start

/* The outermost frame of a greenlet: sp is its top, x2 its entry, x3 its FPCR,
 * x9 the present one.  Reached by a jump; unwinding ends here. */
local green__begin
    .cfi_startproc
    .cfi_undefined x30
    .cfi_undefined x29
    cmp x9, x3
    b.eq 1f
    msr fpcr, x3
1:  mov x29, xzr
    mov x30, xzr
    blr x2
    mrs x9, fpcr                 /* it has ended: now the return predictor is as */
    mov sp, x0                   /* it was when this one was begun */
    signed_here
    frame_at_sp
    resume
    .cfi_endproc
end green__begin

/* uint64_t green__control(void); FPCR */
function green__control
    .cfi_startproc
    hint #34
    mrs x0, fpcr
    ret
    .cfi_endproc
end green__control

/* uintptr_t green__valgrind(const uintptr_t request[6]); the four rotations
 * make two whole turns, and only Valgrind sees more in them */
function green__valgrind
    .cfi_startproc
    hint #34
    mov x4, x0
    mov x3, xzr
    ror x12, x12, #3
    ror x12, x12, #13
    ror x12, x12, #51
    ror x12, x12, #61
    orr x10, x10, x10
    mov x0, x3
    ret
    .cfi_endproc
end green__valgrind

#endif
