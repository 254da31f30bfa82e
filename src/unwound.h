/* SPDX-License-Identifier: MIT */
/* unwound.h - layer 3: what is done while a thread's frames go.
 *
 * pthread_exit and cancellation unwind the running stack, and then leave for the
 * thread's own.  The record of a wait lies in the frames of who waits, so waits
 * have to end before that: in a function that says SEES_UNWINDING, which costs it
 * no instruction.  It names green__unwinding to the unwinder, by a pointer of four
 * bytes relative to where it is (0x1b). */
#ifndef GREEN_UNWOUND_H
#define GREEN_UNWOUND_H

#include "green_impl.h"

#if defined(__ELF__) &&                                                        \
    (defined(__GCC_HAVE_DWARF2_CFI_ASM) || defined(__clang__))
#define SEES_UNWINDING __asm__(".cfi_personality 0x1b, green__unwinding")
#else
#define SEES_UNWINDING (void)0
#endif

/* Called by the unwinder for such a function. */
int green__unwinding(int version, int actions, uint64_t language,
                     void *exception, void *context);

/* End the waits of the greenlet that is left behind, and of main. */
void green__unwound_waits(struct green_hub *h);

#endif
