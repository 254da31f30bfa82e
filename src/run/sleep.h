/* SPDX-License-Identifier: MIT */
/* sleep.h - waiting for time, for a lock of a file, for a child. */
#ifndef RUN_SLEEP_H
#define RUN_SLEEP_H

#include "call.h"

long sleep_nanosleep(struct call *c);
long sleep_clock_nanosleep(struct call *c);
long sleep_yield(struct call *c);
long sleep_flock(struct call *c);
long sleep_fcntl(struct call *c);
long sleep_wait4(struct call *c);
long sleep_waitid(struct call *c);

void sleep_child_changed(void); /* who waits for one, look */

#endif
