/* SPDX-License-Identifier: MIT */
/* debug.h - layer 7: a socket that tells what greenlets do. */
#ifndef GREEN_DEBUG_H
#define GREEN_DEBUG_H

#include "green_impl.h"

/* In the child of a fork: it is the parent's. */
void green__debug_forked(struct green_hub *h);

#endif
