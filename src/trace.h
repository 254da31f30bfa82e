/* SPDX-License-Identifier: MIT */
/* trace.h - layer 2: a hash of what happened, to prove determinism. */
#ifndef GREEN_TRACE_H
#define GREEN_TRACE_H

#include "green_impl.h"

/* Is the hash asked for by GREEN_TRACE_HASH=1? */
bool green__trace_wanted(void);

/* Note a switch: who stops and why, who goes on and with what result. */
void green__trace_switch(struct green_hub *h, const green_t *from,
                         const green_t *to);

#endif
