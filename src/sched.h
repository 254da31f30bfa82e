/* SPDX-License-Identifier: MIT */
/* sched.h - layer 2: greenlets as things that run or do not. */
#ifndef GREEN_SCHED_H
#define GREEN_SCHED_H

#include "green_impl.h"
#include "sys.h"

static inline bool green__ring_empty(const struct green_hub *h)
{
    return h->head == h->tail;
}

/* Append to the ready queue of its hub.  Its room was found when g was spawned. */
static inline void green__append(struct green_hub *h, green_t *g)
{
    g->state = GREEN_STATE_READY;
    h->ring[h->tail++ & h->mask] = g;
}

static inline void green__make_ready(green_t *g)
{
    green__append(g->hub, g);
}

/* Room in the ready queue for n greenlets: 0, or -1 with ENOMEM. */
int green__sched_reserve(struct green_hub *h, uint32_t n);

/* Have fn told from now on what happens, as observer `who`; NULL: no more. */
void green__observe(struct green_hub *h, unsigned who, green_observer_fn *fn);

/* Tell all who observe. */
void green__tell(struct green_hub *h, enum green_happening what, green_t *g,
                 green_t *next);

static inline void green__happens(struct green_hub *h,
                                  enum green_happening what, green_t *g,
                                  green_t *next)
{
    if (UNLIKELY(h->observed))
        green__tell(h, what, g, next);
}

/* Set up the switching of a new hub, whose main greenlet runs. */
void green__sched_open(struct green_hub *h);
void green__sched_close(struct green_hub *h);

/* The thread ends by pthread_exit or cancellation amid what the running greenlet
 * did, and main: neither will go on.  Main runs, as if it began anew; returns the
 * one that did. */
green_t *green__sched_unwound(struct green_hub *h);

/* In the child of a fork: none of those that were ready is there. */
void green__sched_forget(struct green_hub *h);

/* Switch from the running greenlet, whose state the caller has set, to the next
 * ready one; polls and waits while nobody is.  Returns when this greenlet is
 * switched to again.  Errno survives. */
void green__park(struct green_hub *h);

/* The two halves of that for a greenlet that has ended: who is next, and go
 * there for good.  `self` may be read until the switch, its stack is its own
 * no more. */
green_t *green__next(struct green_hub *h);
_Noreturn void green__leave_for(struct green_hub *h, green_t *self,
                                green_t *next);

/* The same for its outermost function, which returns what this does: then the
 * return predictor has nothing on it that the next one does not expect. */
void *green__return_for(struct green_hub *h, green_t *self, green_t *next);

/* Let the others run once, whether killed or not. */
void green__give_way(struct green_hub *h);

/* Look at the clock. */
static inline int64_t green__look(struct green_hub *h)
{
    return h->now = green__sys.now();
}

/* now + timeout, without overflow; GREEN_FOREVER stays for ever. */
static inline int64_t green__deadline(int64_t now, int64_t timeout)
{
    return timeout >= GREEN_FOREVER - now ? GREEN_FOREVER : now + timeout;
}

/* For a call that waits several times: when its timeout will have passed, and
 * what is left of it.  A try has passed from the start, by no clock. */
static inline int64_t green__until(struct green_hub *h, int64_t timeout)
{
    if (timeout <= 0 || timeout == GREEN_FOREVER)
        return timeout <= 0 ? INT64_MIN : GREEN_FOREVER;
    return green__deadline(green__look(h), timeout);
}

static inline int64_t green__left(struct green_hub *h, int64_t until)
{
    if (until == INT64_MIN || until == GREEN_FOREVER)
        return until == INT64_MIN ? 0 : GREEN_FOREVER;
    return until - green__look(h);
}

#endif
