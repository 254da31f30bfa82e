/* SPDX-License-Identifier: MIT */
/* overflow.h - layer 2: the line that names a greenlet whose stack ran over. */
#ifndef GREEN_OVERFLOW_H
#define GREEN_OVERFLOW_H

#include "green_impl.h"

/* Give this thread a signal stack, if it has none, and make sure that our
 * SIGSEGV and SIGBUS handlers come first, before one that the program may have
 * installed since.  Two system calls; called with a fresh stack, before the hub blocks,
 * and at starts of greenlets, ever more rarely. */
void green__overflow_arm(struct green_hub *h);

/* The thread ends: free its signal stack. */
void green__overflow_close(struct green_hub *h);

#endif
