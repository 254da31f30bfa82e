/* SPDX-License-Identifier: MIT */
/* fifo.h - opening: only a FIFO can wait, for the other end. */
#ifndef RUN_FIFO_H
#define RUN_FIFO_H

#include "call.h"

long fifo_open(struct call *c);
long fifo_openat(struct call *c);

#endif
