/* SPDX-License-Identifier: MIT */
/* cycle.h - layer 3: would a wait close a circle? */
#ifndef GREEN_CYCLE_H
#define GREEN_CYCLE_H

#include <stdbool.h>
#include "green_impl.h"

/* The next, of a blocker that waits, or is the caller. */
bool green__is_long_cycle(green_t *self, green_t *const *blocker);

/* Would waiting for *blocker be waiting for oneself?  Sets errno EDEADLK. */
static inline bool green__is_cycle(green_t *self, green_t *const *blocker)
{
    const green_t *g = *blocker;

    if (g && g != self && g->state != GREEN_STATE_WAITING)
        return false;
    return green__is_long_cycle(self, blocker);
}

/* The same of waiting for all members of a group. */
bool green__is_group_cycle(green_t *self, const green_group_t *p);

#endif
