/* SPDX-License-Identifier: MIT */
/* option.h - what green-run was asked for, by the variable GREEN_RUN. */
#ifndef RUN_OPTION_H
#define RUN_OPTION_H

#include <stdbool.h>
#include <stdint.h>

extern int64_t option_preempt; /* nanoseconds of a turn; 0: none */
extern bool option_stats, option_follow, option_deterministic;
extern int option_dump;        /* the signal that asks for a list; 0: none */

/* Read them, and take them out of the environment unless children follow. */
void option_read(char **environment);

#endif
