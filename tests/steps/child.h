/* SPDX-License-Identifier: MIT */
/* child.h - what the child of steps.c does, and where it leaves its findings. */
#ifndef STEPS_CHILD_H
#define STEPS_CHILD_H

#include <signal.h>

enum { HERE = SIGUSR1, APART = SIGUSR2 }; /* on this stack, on another */

extern volatile long came[2]; /* signals: here, apart */
extern const char *volatile complaint;

/* Stops itself by SIGSTOP before and after; exits with 77 if nobody may trace. */
_Noreturn void be_traced(void);

#endif
