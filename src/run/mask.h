/* SPDX-License-Identifier: MIT */
/* mask.h - which signals all tasks block: those the kernel must keep. */
#ifndef RUN_MASK_H
#define RUN_MASK_H

#include "task.h"

#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))

/* Signals that the kernel must never find blocked outside of the engine. */
#define MASK_NEVER SIGNAL_BIT(SIGSYS)
#define MASK_ALL UINT64_MAX

void mask_set(struct task *t, uint64_t mask);
void mask_forget(struct task *t); /* it ends */
uint64_t mask_common(void);       /* blocked by everybody */

/* The mask that a frame brings back. */
static inline uint64_t mask_of(const ucontext_t *frame)
{
    return frame->uc_sigmask.__val[0];
}

/* Change it, and the task's, which is the one whose frame this is. */
void mask_put(struct task *t, ucontext_t *frame, uint64_t mask);

/* The kernel's own, now. */
void mask_install(uint64_t mask);

/* Who enters the engine without a trap leaves the kernel's mask as it is: the engine
 * is open.  A signal that comes then is put aside, and closes it; there can be one. */
void mask_open(const struct task *t); /* whose mask the kernel has */
void mask_is_closed(void);            /* after a trap: the kernel blocks all */
bool mask_takes(int signal, const siginfo_t *info, ucontext_t *frame);

void mask_wait(
    void); /* closed, but for the length of a call that has its own mask */

/* Block all, and have what was put aside passed on. */
void mask_close(void);
extern void (*mask_late)(int signal, siginfo_t *info);

/* Into the program, with the mask of this task; false: first something came. */
bool mask_leave(const struct task *t);

#endif
