/* SPDX-License-Identifier: MIT */
/* offload.h - layer 7: run what can only block in a thread of its own. */
#ifndef GREEN_OFFLOAD_H
#define GREEN_OFFLOAD_H

#include "lane.h"

/* Run fn(arg) in a thread of the lane and wait for its result: 0, or -1 with
 * errno ETIMEDOUT or ECANCELED, ENOMEM, or EAGAIN if no thread could be started.
 *
 * A caller that gives up leaves at once.  If fn has not begun by then it never
 * does; if it has, it runs to its end and its result is lost.
 *
 * `drop` (may be NULL) is for the owner of arg who may be gone by then: whenever
 * this call fails, drop(arg) is called exactly once, as soon as fn is not
 * running; in whatever thread that may be. */
int green__offload(struct lane *lane, void *(*fn)(void *arg), void *arg,
                   void (*drop)(void *arg), void **result, int64_t timeout);

#endif
