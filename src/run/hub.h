/* SPDX-License-Identifier: MIT */
/* hub.h - looking at the world, when nobody can run and now and then. */
#ifndef RUN_HUB_H
#define RUN_HUB_H

#include "task.h"

/* What runs on the hub's stack; it does not return. */
void hub_run(void);

/* A descriptor of the engine's own, and what to do when it can be read. */
int hub_listen(int fd, void (*heard)(void));

/* Signals that must stay with the kernel while the hub waits. */
extern uint64_t hub_kept;

/* The task that ran last has an alternate stack. */
extern bool hub_finds_stack;

#endif
