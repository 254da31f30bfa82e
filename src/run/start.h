/* SPDX-License-Identifier: MIT */
/* start.h - how the engine takes a program over. */
#ifndef RUN_START_H
#define RUN_START_H

#include <stdbool.h>

extern bool start_fsgsbase; /* the thread pointer can be set without the kernel */

/* Have the kernel send us all system calls but the engine's own: 0 or -errno. */
long start_dispatch(void);

#endif
