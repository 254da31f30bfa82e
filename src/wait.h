/* SPDX-License-Identifier: MIT */
/* wait.h - layer 3: the one way to block.
 *
 * An object that makes greenlets wait has a green_waiters_t and knows four
 * calls: refused (before it looks at its state), wait_in (block), first (whom
 * to serve) and wake (serve it).  Timeouts, kills and scopes are not its concern. */
#ifndef GREEN_WAIT_H
#define GREEN_WAIT_H

#include "green_impl.h"
#include "sched.h"

/* Must a blocking call fail at once?  True with errno set: ECANCELED or ETIMEDOUT by
 * a kill or an enclosing scope, ENOMEM without a hub.  A call with timeout <= 0
 * is a try, never refused. */
bool green__refused_slowly(struct green_hub *h);

static inline bool green__refused(struct green_hub *h, int64_t timeout)
{
    if (UNLIKELY(!h))
        return true; /* errno is green__hub_open's */
    if (timeout <= 0 || LIKELY(h->current->limit > h->now))
        return false;
    return green__refused_slowly(h);
}

/* Block in one queue until woken: 0, or -1 with errno.  timeout <= 0 fails with
 * ETIMEDOUT and does not switch.  `item` is for whoever serves this waiter. */
int green__wait_in(green_waiters_t *q, void *item, int detail, int64_t timeout,
                   enum green_reason reason, uintptr_t object);

/* Let the others run once, killed or not; returns 0.  As green__give_way, but by the
 * very calls of green__wait_in: where one waits and its partner gives way, the
 * processor then predicts all returns but the last. */
static inline int green__pass(void)
{
    return green__wait_in(NULL, NULL, 0, GREEN_FOREVER, WAIT_YIELD, 0);
}

/* The same, refused with EDEADLK if *blocker waits, directly or through others,
 * for the caller. */
int green__wait_for(green_waiters_t *q, void *item, int64_t timeout,
                    enum green_reason reason, uintptr_t object,
                    green_t *const *blocker);

/* A lock gets another owner, or none.  Who ends as an owner keeps its control block,
 * lest a greenlet made later be taken for it. */
static inline void green__set_owner(green_t **owner, green_t *g)
{
    if (*owner)
        (*owner)->holds--;
    if (g)
        g->holds++;
    *owner = g;
}

/* Block with n waiters, each already in its queue, until one of them is woken
 * (its index is returned) or `delay` has passed (delay_index is returned), else
 * -1 with errno.  On return all are out of their queues. */
struct waiting {
    struct green_waiter *waiters;
    unsigned n, stride; /* how many, how far apart in bytes */
    int64_t delay;      /* GREEN_FOREVER: none */
    int delay_index;
    int64_t timeout;
    enum green_reason reason;
    uintptr_t object;
};
int green__wait(struct green_hub *h, const struct waiting *wait);

/* End the wait of g: with error 0 it got what waiter `index` was for.  Takes it
 * out of every queue and heap, and makes it ready. */
void green__end_wait(green_t *g, int index, int error);

static inline void green__wake(struct green_waiter *w)
{
    green__end_wait(w->greenlet, w->index, 0);
}

/* Serve all who wait in q now, in order; error 0 for success. */
void green__wake_all(green_waiters_t *q, int error);

/* g was killed: end its wait, if a kill may. */
void green__interrupt(green_t *g);

/* Room for the deadlines of n greenlets. */
int green__wait_reserve(struct green_hub *h, uint32_t n);
void green__wait_close(struct green_hub *h);

/* g will not go on from the wait that it may be in: it is in no queue any more,
 * but ready. */
void green__wait_give_up(green_t *g);

/* In the child of a fork, where of all greenlets only the running one is: no
 * other waits for anything any more. */
void green__wait_forget(struct green_hub *h);

/* The hub's turn: make sleepers that are due ready; then, later, fail the waits
 * whose time was up by then.  When must the hub look again? */
void green__wake_sleepers(struct green_hub *h);
void green__expire(struct green_hub *h);
int64_t green__next_deadline(const struct green_hub *h);

#endif
