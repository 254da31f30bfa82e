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

#endif
