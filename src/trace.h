/* SPDX-License-Identifier: MIT */
/* trace.h - layer 2: a hash of what happened, to prove determinism. */
#ifndef GREEN_TRACE_H
#define GREEN_TRACE_H

#include "green_impl.h"

/* Is the hash asked for by GREEN_TRACE_HASH=1? */
bool green__trace_wanted(void);

/* Note each switch: who stops and why, who goes on and with what result. */
green_observer_fn green__trace_observe;

#endif
