/* SPDX-License-Identifier: MIT */
/* dispatch.h - what becomes of a system call of the program. */
#ifndef RUN_DISPATCH_H
#define RUN_DISPATCH_H

#include "call.h"

/* Serve the call that stands in the frame; tried: see struct call. */
void dispatch_call(ucontext_t *frame, uint64_t tried);

/* The handler of SIGSYS. */
void dispatch_signal(int signal, siginfo_t *info, void *frame);

/* The handler of all signals that the program handles. */
void dispatch_arrived(int signal, siginfo_t *info, void *frame);

/* One that came while the hub waited. */
void dispatch_late(int signal, siginfo_t *info);

#endif
