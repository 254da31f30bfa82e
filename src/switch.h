/* SPDX-License-Identifier: MIT */
/* switch.h - layer 1: the contract of arch/, which has one file per CPU.
 *
 * A suspended context is a stack pointer: below it lie the callee-saved
 * registers and the floating-point control words, above it the frames of the
 * functions that were running.  All four routines end by returning or jumping
 * into a context; none allocates, none looks at the stack it leaves. */
#ifndef GREEN_SWITCH_H
#define GREEN_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

/* Save the running context, store its stack pointer in *save_sp and resume the
 * context `load_sp`.  Returns when something resumes the saved one. */
void green__switch(void **save_sp, void *load_sp);

/* Save the running context as above, then call entry() on an empty stack that
 * grows down from `top` (16-byte aligned), with the floating-point control words
 * `control`.  If entry returns, then the context that goes on: this one is over.
 * Unwinding ends at entry's caller. */
void green__start(void **save_sp, void *top, void *(*entry)(void),
                  uint64_t control);

/* Resume `load_sp` and never come back: the running context is over.  Returning
 * from entry does the same, and the return predictor foresees it. */
_Noreturn void green__leave(void *load_sp);

/* The same for a context that begins: as green__start, but nothing is saved.
 * `top` may be the top of the very stack that is being left. */
_Noreturn void green__restart(void *top, void *(*entry)(void), uint64_t control);

/* The floating-point control words of the caller (rounding mode, flush to
 * zero, exception masks), in the form green__start takes. */
uint64_t green__control(void);

/* A request to Valgrind (request[0] is its code, up to five arguments follow);
 * does nothing and returns 0 outside Valgrind. */
uintptr_t green__valgrind(const uintptr_t request[6]);

static inline bool green__on_valgrind(void)
{
    const uintptr_t running_on_valgrind[6] = {0x1001};

    return green__valgrind(running_on_valgrind) != 0;
}

#endif
