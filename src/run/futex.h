/* SPDX-License-Identifier: MIT */
/* futex.h - futexes of tasks. */
#ifndef RUN_FUTEX_H
#define RUN_FUTEX_H

#include "call.h"

long futex_call(struct call *c);

/* Wake up to n waiters, here and, unless it is private, in other processes. */
long futex_wake(int *address, int n, uint32_t bits, bool private);

#endif
