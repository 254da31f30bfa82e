/* SPDX-License-Identifier: MIT */
/* watchdog.h - layer 4: tells of greenlets that do not give way. */
#ifndef GREEN_WATCHDOG_H
#define GREEN_WATCHDOG_H

#include "green_impl.h"

/* A new hub is watched, if any is; with the first, GREEN_WATCHDOG_MS decides. */
void green__watchdog_open(struct green_hub *h);

#endif
