/* SPDX-License-Identifier: MIT */
/* lot.h - layer 8: where greenlets and threads wait for libc's locks.
 *
 * A parking lot: who waits for an object stands in the place that the object's
 * address leads to, in the order in which they came, whatever they are.  The
 * objects themselves have words that tell whether somebody may wait.
 *
 * A place has a lock of its own, which is held for moments, never across a switch.
 * Places of semaphores are apart, and locked with signals blocked: a signal handler
 * may post. */
#ifndef GREEN_LOT_H
#define GREEN_LOT_H

#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include "parked.h"
#include "patch.h"

/* Who waits; in his own frame. */
struct lot_waiter {
    struct lot_waiter *next, *previous; /* in its place */
    struct lot_place *place;
    const void *object;
    enum green_reason reason;
    int wants;           /* the object's own: for what */
    bool is_greenlet;
    bool woken;          /* taken out by who woke it; under the place's lock */
    bool handed;         /* and has got it: set before it is woken */
    unsigned lost;       /* was woken, and somebody else was faster */
    atomic_int signal;   /* of a thread: 1 when it is woken */
    struct parked parked; /* of a greenlet */
};

struct lot_place {
    atomic_int lock;    /* 0 free, 1 held, 2 and somebody waits for it */
    atomic_uint n;      /* who stands here; written under the lock */
    struct lot_waiter *first, *last;
    bool threads_turn;  /* semaphores.c */
    struct hold *held;  /* streams of this place: holding.c */
    unsigned long mask; /* of signals, as it was before the lock */
} __attribute__((aligned(64)));

struct lot_place *green__lot_place(const void *object);
struct lot_place *green__lot_place_of_sem(const void *sem);

void green__lot_lock(struct lot_place *p);
void green__lot_unlock(struct lot_place *p);

/* Does nobody stand there?  Also without the lock. */
static inline bool lot_is_empty(struct lot_place *p)
{
    return atomic_load_explicit(&p->n, memory_order_relaxed) == 0;
}

/* A wait of the caller of a hook, who called from `caller`: of his greenlet, or of
 * his thread if that cannot be.  The other: as it says. */
void green__lot_begin(struct lot_waiter *w, struct lot_place *place,
                      const void *object, enum green_reason reason,
                      const void *caller);
void green__lot_begin_as(struct lot_waiter *w, struct lot_place *place,
                         const void *object, enum green_reason reason,
                         bool greenlet);
void green__lot_end(struct lot_waiter *w);

/* ---- under the lock of its place ---- */

/* Stand at the end; or at the front, who was there before. */
void green__lot_enter(struct lot_waiter *w);

/* The first who waits for the object, or the next after one; or NULL. */
struct lot_waiter *green__lot_first(struct lot_place *p, const void *object);
struct lot_waiter *green__lot_next(const struct lot_waiter *w);

/* Take it out and wake it. */
void green__lot_wake(struct lot_waiter *w);
void green__lot_wake_all(struct lot_place *p, const void *object);

/* ---- without it ---- */

/* A time of a clock; a wait that has one can fail. */
struct lot_limit {
    clockid_t clock;
    const struct timespec *at;
};

bool green__is_limit(const struct lot_limit *limit);

/* What can end a wait, besides being woken. */
enum lot_ends {
    LOT_TIME = 1,   /* the limit; kills and scopes, if there is one */
    LOT_ALWAYS = 2, /* kills and scopes anyway */
    LOT_CANCEL = 4  /* the cancellation of a thread */
};

/* Having entered wait to be woken: 0, or ETIMEDOUT or ECANCELED, and out of the
 * place again.  errno stays. */
int green__lot_wait(struct lot_waiter *w, const struct lot_limit *limit,
                    unsigned ends);

/* Wait no more.  False: it has been woken already. */
bool green__lot_leave(struct lot_waiter *w);

/* May the greenlet that runs be parked in a call from there?  callers.c */
bool green__may_park(const void *caller);
void green__callers_prepare(void);

#endif
