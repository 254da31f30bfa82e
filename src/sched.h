/* SPDX-License-Identifier: MIT */
/* sched.h - layer 2: greenlets as things that run or do not. */
#ifndef GREEN_SCHED_H
#define GREEN_SCHED_H

#include "green_impl.h"

static inline bool green__ring_empty(const struct green_hub *h)
{
    return h->head == h->tail;
}

/* Append to the ready queue.  Its room was found when g was spawned. */
static inline void green__make_ready(green_t *g)
{
    struct green_hub *h = g->hub;

    g->state = GREEN_STATE_READY;
    h->ring[h->tail++ & h->mask] = g;
}

/* Room in the ready queue for n greenlets: 0, or -1 with ENOMEM. */
int green__sched_reserve(struct green_hub *h, uint32_t n);

/* Set up the switching of a new hub, whose main greenlet runs. */
void green__sched_open(struct green_hub *h);
void green__sched_close(struct green_hub *h);

/* Switch from the running greenlet, whose state the caller has set, to the next
 * ready one; polls and waits while nobody is.  Returns when this greenlet is
 * switched to again.  Errno survives. */
void green__park(struct green_hub *h);

/* The same for a greenlet that has ended and given back its stack. */
_Noreturn void green__end(struct green_hub *h);

/* Let the others run once, whether killed or not. */
void green__give_way(struct green_hub *h);

/* The C function that each greenlet begins with; set by greenlet.c. */
extern void (*green__entry)(void);

#endif
