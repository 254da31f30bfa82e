/* SPDX-License-Identifier: MIT */
/* process.h - new processes, and new programs. */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

#include "call.h"

long process_clone(struct call *c); /* and threads */
long process_clone3(struct call *c);
long process_fork(struct call *c);
long process_vfork(struct call *c);
long process_execve(struct call *c);
long process_execveat(struct call *c);

/* Not 0: a child of this process may run in our memory.  Its calls are none of
 * ours, and go to the kernel. */
extern int process_parent;

#endif
