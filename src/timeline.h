/* SPDX-License-Identifier: MIT */
/* timeline.h - layer 4: a recording of what each greenlet did, for a viewer. */
#ifndef GREEN_TIMELINE_H
#define GREEN_TIMELINE_H

#include "green_impl.h"

/* A new hub takes part if a recording is being made, or wished for by
 * GREEN_TRACE. */
void green__timeline_open(struct green_hub *h);

/* It ends, and with it what its main greenlet does. */
void green__timeline_close(struct green_hub *h);

#endif
