/* SPDX-License-Identifier: MIT */
/* asm.h - layer 1: what object formats differ in, for the files of arch/.
 *
 * Included before anything else, also by a file that is empty on this CPU: an
 * object without .note.GNU-stack would make the whole program's stack
 * executable.  Nothing here depends on a CPU.
 *
 *   function NAME     begins a routine that only this library can call
 *   local NAME        begins one that only its own file can
 *   end NAME          ends either
 *   property T, BITS  marks the object with features it is compatible with */
#ifndef GREEN_ASM_H
#define GREEN_ASM_H

#if defined(__APPLE__)

.macro function name
    .globl _\name
    .private_extern _\name
    .p2align 4
_\name:
.endm

.macro local name
    .p2align 2
_\name:
.endm

.macro end name
.endm

.macro property type, bits
.endm

#else

.macro function name
    .globl \name
    .hidden \name
    .type \name, %function
    .p2align 4
\name:
.endm

.macro local name
    .type \name, %function
    .p2align 2
\name:
.endm

.macro end name
    .size \name, . - \name
.endm

/* One word of NT_GNU_PROPERTY_TYPE_0, as the linker merges them.  Written by
 * hand, for <cet.h> would also promise shadow stacks, which a switch breaks. */
.macro property type, bits
    .pushsection .note.gnu.property, "a", %note
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long \type, 4, \bits, 0
    .popsection
.endm

    .section .note.GNU-stack, "", %progbits

#endif

    .text

#endif
