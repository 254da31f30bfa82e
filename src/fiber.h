/* SPDX-License-Identifier: MIT */
/* fiber.h - layer 2: tell the sanitizers which stack runs.
 *
 * AddressSanitizer, ThreadSanitizer and MemorySanitizer are found by weak
 * symbols, so an ordinary build of the library serves sanitized programs. */
#ifndef GREEN_FIBER_H
#define GREEN_FIBER_H

#include <stdbool.h>
#include "green_impl.h"

/* Is a sanitizer that must be told in this process? */
bool green__fiber_active(void);

/* This thread begins to have greenlets, or to hear signals. */
void green__fiber_open(void);

/* About to switch from one greenlet to another; `for_good` if `from` has ended.
 * `to` has its stack attached already. */
void green__fiber_leave(green_t *from, green_t *to, bool for_good);

/* The first thing done by a greenlet that was switched to, also at its start. */
void green__fiber_arrive(green_t *self);

/* The thread's own stack runs again, empty, without a switch: `from` ran when the
 * thread was ended. */
void green__fiber_unwound(green_t *from, green_t *main);

/* Forget what is kept for a greenlet that will not run any more.  Leaving one for
 * good does so. */
void green__fiber_free(green_t *g);

#endif
