/* SPDX-License-Identifier: MIT */
/* pending.h - signals on their way to a task, and their delivery. */
#ifndef RUN_PENDING_H
#define RUN_PENDING_H

#include "action.h"

/* A signal for this task; it wakes it, unless it is blocked. */
void pending_add(struct task *t, int signal, const siginfo_t *info);

/* A signal for whoever does not block it: the main thread, if that does. */
void pending_for_process(int signal, const siginfo_t *info);

/* The first of these signals that is pending, taken out: its number, or 0. */
int pending_take(struct task *t, uint64_t of, siginfo_t *info);

/* The first that would be delivered: its number, or 0. */
int pending_first(const struct task *t);

/* Run the program's handlers, in the task that runs and has this frame. */
void pending_deliver(struct task *t, ucontext_t *frame);

void pending_forget(struct task *t);

#endif
