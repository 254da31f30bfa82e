/* SPDX-License-Identifier: MIT */
/* wait.c - layer 3: the one way to block.
 *
 * A wait ends once, for one reason, and that is decided by whoever ends it
 * (green__end_wait), not when the greenlet next runs: it leaves every queue and
 * heap there and then.  So a permit, a lock, an item given to a waiter cannot be
 * lost to a kill or a timeout that comes later, and nothing is given to one that
 * has gone already.
 *
 * Invariants:
 *   1. A greenlet that is not WAITING is in no queue and in no heap.
 *   2. Nothing here allocates: waiters are in the frame of who waits, room in
 *      the heaps was found when it was spawned. */
#include "wait.h"
#include <errno.h>
#include "cycle.h"
#include "misuse.h"
#include "scope.h"

/* Refused calls in a row before the others get a turn, so that a loop that
 * ignores its errors cannot stop the thread. */
#define PATIENCE 64

bool green__refused_slowly(struct green_hub *h)
{
    green_t *g = h->current;

    if (++g->refusals % PATIENCE == 0)
        green__give_way(h);
    errno = green__blame(g);
    return true;
}

static struct green_waiter *nth_waiter(const green_t *g, unsigned i)
{
    return (void *)((char *)g->waits + (size_t)i * g->stride);
}

void green__end_wait(green_t *g, int index, int error)
{
    struct green_hub *h = g->hub;
    unsigned i;

    if (UNLIKELY(h != green__current_hub))
        green__misuse("waking a greenlet",
                      "it belongs to another thread, which "
                      "only green_spawn_on may reach");
    for (i = 0; i < g->n_waits; i++)
        list_remove(nth_waiter(g, i));
    if (g->timer)
        green__heap_remove(g->timer_fails ? &h->timeouts : &h->sleepers,
                           &g->timer);
    g->wake_index = index;
    g->wake_error = error;
    green__make_ready(g);
}

void green__wake_all(green_waiters_t *q, int error)
{
    struct green_waiter *w;

    while ((w = q->first))
        green__end_wait(w->greenlet, w->index, error);
}

void green__interrupt(green_t *g)
{
    if (g->state == GREEN_STATE_WAITING && g->limit == INT64_MIN)
        green__end_wait(g, -1, ECANCELED);
}

void green__wait_give_up(green_t *g)
{
    if (g->state == GREEN_STATE_WAITING)
        green__end_wait(g, -1, ECANCELED);
}

/* Set the time at which the wait ends by itself.  One timer is enough: the
 * earliest of success, the call's own timeout, and the limit of kill and scopes. */
static inline void set_timer(struct green_hub *h, green_t *g, int64_t delay,
                             int64_t timeout)
{
    int64_t fails;

    g->due = g->until = GREEN_FOREVER;
    if (delay != GREEN_FOREVER || timeout != GREEN_FOREVER) {
        green__look(h);
        g->due = green__deadline(h->now, delay);
        g->until = green__deadline(h->now, timeout);
    }
    fails = g->until < g->limit ? g->until : g->limit;
    g->timer_fails = fails < g->due;
    if (g->timer_fails)
        green__heap_insert(&h->timeouts, fails, &g->timer, g);
    else if (g->due != GREEN_FOREVER)
        green__heap_insert(&h->sleepers, g->due, &g->timer, g);
}

static inline void begin_wait(struct green_hub *h, green_t *g,
                              const struct waiting *wait)
{
    g->waits = wait->waiters;
    g->n_waits = wait->n;
    g->stride = wait->stride;
    g->due_index = wait->delay_index;
    g->reason = (uint8_t)wait->reason;
    g->object = wait->object;
    g->since = h->now;
    g->state = GREEN_STATE_WAITING;
    set_timer(h, g, wait->delay, wait->timeout);
}

/* It has what it wants, and lets the others run once. */
static inline void begin_yield(struct green_hub *h, green_t *g)
{
    g->reason = WAIT_YIELD;
    g->wake_index = g->wake_error = 0;
    green__append(h, g);
}

/* Into both that wait, without a call: after a switch each return from a function
 * that was running is mispredicted. */
static inline __attribute__((always_inline)) int park_here(struct green_hub *h,
                                                           green_t *g)
{
    green__park(h);
    g->blocker = NULL;
    g->refusals = 0;
    if (g->wake_error) {
        errno = g->wake_error;
        return -1;
    }
    return g->wake_index;
}

int green__wait(struct green_hub *h, const struct waiting *wait)
{
    green_t *self = h->current;

    begin_wait(h, self, wait);
    return park_here(h, self);
}

int green__wait_in(green_waiters_t *q, void *item, int detail, int64_t timeout,
                   enum green_reason reason, uintptr_t object)
{
    struct green_hub *h = green__current_hub;
    green_t *self = h->current;
    struct green_waiter w = {.greenlet = self, .item = item, .detail = detail};
    struct waiting wait = {.waiters = &w,
                           .n = 1,
                           .delay = GREEN_FOREVER,
                           .timeout = timeout,
                           .reason = reason,
                           .object = object};

    if (timeout <= 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    if (q) {
        list_append(q, &w);
        begin_wait(h, self, &wait);
    } else {
        begin_yield(h, self);
    }
    return park_here(h, self);
}

int green__wait_for(green_waiters_t *q, void *item, int64_t timeout,
                    enum green_reason reason, uintptr_t object,
                    green_t *const *blocker)
{
    green_t *self = green__current_hub->current;

    if (timeout > 0 && green__is_cycle(self, blocker))
        return -1;
    self->blocker = timeout > 0 ? blocker : NULL;
    return green__wait_in(q, item, 0, timeout, reason, object);
}

int green__wait_reserve(struct green_hub *h, uint32_t n)
{
    return green__heap_reserve(&h->sleepers, n) < 0 ||
                   green__heap_reserve(&h->timeouts, n) < 0
               ? -1
               : 0;
}

void green__wait_close(struct green_hub *h)
{
    green__sys.free(h->sleepers.entries);
    green__sys.free(h->timeouts.entries);
}

/* What is no greenlet, a call at the end of one, stays.  The waiters lie on the
 * stacks of the others, whose pages are shared with the parent until they are
 * written to: so they are only read. */
static void forget_waiters(green_waiters_t *q)
{
    struct green_waiter *w = q->first, *next;

    q->first = q->last = NULL;
    for (; w; w = next) {
        next = w->next;
        if (!w->greenlet)
            list_append(q, w);
    }
}

void green__wait_forget(struct green_hub *h)
{
    const struct green_waiter *w;
    green_t *g;
    unsigned i;

    for (g = h->first; g; g = g->next) {
        g->timer = 0;
        for (i = 0; g->state == GREEN_STATE_WAITING && i < g->n_waits; i++) {
            w = nth_waiter(g, i);
            if (w->queue)
                forget_waiters(w->queue);
        }
    }
    h->sleepers.n = h->timeouts.n = 0;
    h->expiring = INT64_MIN;
}

static green_t *due_by(const struct heap *heap, int64_t time)
{
    return heap->n && heap->entries[0].deadline <= time ? heap->entries[0].owner
                                                        : NULL;
}

void green__wake_sleepers(struct green_hub *h)
{
    green_t *g;

    while ((g = due_by(&h->sleepers, h->now)))
        green__end_wait(g, g->due_index, 0);
}

/* A sleeper due in the same turn as the timeout around it has slept enough. */
void green__expire(struct green_hub *h)
{
    green_t *g;

    while ((g = due_by(&h->timeouts, h->expiring))) {
        if (g->due <= h->expiring)
            green__end_wait(g, g->due_index, 0);
        else
            green__end_wait(g, -1,
                            g->until <= g->limit ? ETIMEDOUT : green__blame(g));
    }
    h->expiring = INT64_MIN;
}

int64_t green__next_deadline(const struct green_hub *h)
{
    int64_t sleeper =
        h->sleepers.n ? h->sleepers.entries[0].deadline : GREEN_FOREVER;
    int64_t timeout =
        h->timeouts.n ? h->timeouts.entries[0].deadline : GREEN_FOREVER;

    return sleeper < timeout ? sleeper : timeout;
}
