/* SPDX-License-Identifier: MIT */
/* direct.h - into the engine without a trap. */
#ifndef RUN_DIRECT_H
#define RUN_DIRECT_H

#include "kernel.h"

/* A system call of the program, made by a function that it has called; tried: see
 * struct call.  The kernel's result. */
long direct_call(long number, const long a[6], uint64_t tried);

#endif
