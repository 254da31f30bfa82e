/* SPDX-License-Identifier: MIT */
/* preempt.h - timers of the kernel that send SIGSYS: to take turns, and for tasks. */
#ifndef RUN_PREEMPT_H
#define RUN_PREEMPT_H

#include "call.h"

/* Begin to take turns, if that is wished. */
void preempt_start(void);

/* A SIGSYS that is not a system call. */
void preempt_signal(const siginfo_t *info, ucontext_t *frame);

/* timer_create: a timer may be meant for one thread. */
long preempt_timer_create(struct call *c);

#endif
