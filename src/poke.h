/* SPDX-License-Identifier: MIT */
/* poke.h - layer 4: have something done in a hub's thread, at once. */
#ifndef GREEN_POKE_H
#define GREEN_POKE_H

#include "green_impl.h"

/* Before the first poke: 0, or -1 with errno. */
int green__poke_prepare(void);

/* Of the hub's own thread. */
void green__poke_open(struct green_hub *h);
void green__poke_close(struct green_hub *h);

/* Have fn(h) called in a signal handler of h's thread.  False if an earlier poke
 * is under way.  h must not go meanwhile: see green__hubs_each. */
bool green__poke(struct green_hub *h, void (*fn)(struct green_hub *h));

/* Take a poke back: true if it had not begun. */
bool green__poke_withdraw(struct green_hub *h);

/* Poke and wait until fn has returned: true; false if it had not begun within so
 * many milliseconds. */
bool green__poke_await(struct green_hub *h, void (*fn)(struct green_hub *h),
                       int patience);

#endif
