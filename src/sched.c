/* SPDX-License-Identifier: MIT */
/* sched.c - layer 2: greenlets as things that run or do not.
 *
 * There is no scheduler greenlet.  Whoever stops takes the next from the ready
 * queue and switches straight to it; when nobody is ready it turns the hub on
 * its own stack.  Every switch goes through the one call in green__park, so
 * that the processor's return predictor finds what it expects.
 *
 * Invariants:
 *   1. A greenlet is in the ring at most once, and only in state READY.
 *   2. The ring has room for all greenlets of the hub, so appending cannot fail.
 *   3. A stack is attached exactly from a greenlet's first switch (or its spawn, if
 *      it carries a copied argument) to its end. */
#include "sched.h"
#include <errno.h>
#include <string.h>
#include "exceptions.h"
#include "fiber.h"
#include "overflow.h"
#include "switch.h"
#include "sys.h"
#include "trace.h"

_Thread_local struct green_hub *green__current_hub
    __attribute__((tls_model("initial-exec")));

int green__sched_reserve(struct green_hub *h, uint32_t n)
{
    uint32_t room = 64, i;
    green_t **ring;

    while (room < n)
        room *= 2;
    if (h->ring && room <= h->mask + 1)
        return 0;
    ring = green__sys.malloc(room * sizeof *ring);
    if (!ring)
        return -1;
    memset(ring, 0, room * sizeof *ring);
    for (i = h->head; i != h->tail; i++)
        ring[i & (room - 1)] = h->ring[i & h->mask];
    green__sys.free(h->ring);
    h->ring = ring;
    h->mask = room - 1;
    return 0;
}

/* A program may install its SIGSEGV handler at any time, most do early: look
 * after ours with each of the first greenlets, then ever more rarely. */
static void guard_handler(struct green_hub *h)
{
    unsigned n = ++h->attaches;

    if (n <= 64 || (n & (n - 1)) == 0)
        green__overflow_arm(h);
}

static void attach(green_t *g)
{
    struct green_hub *h = g->hub;

    if (!g->stack)
        g->stack = g->begin = green__stack_attach(&h->stacks, g->stack_class);
    guard_handler(h);
}

/* ThreadSanitizer counts calls and returns, which do not pair here. */
#define UNCOUNTED __attribute__((no_sanitize("thread")))

/* Apart, so that a mere switch saves no registers for it. */
UNCOUNTED static __attribute__((noinline)) void start(green_t *from,
                                                      green_t *to)
{
    attach(to);
    green__start(&from->sp, to->begin, to->hub->entry,
                 to->hub->default_control);
}

UNCOUNTED static void swap_plain(green_t *from, green_t *to)
{
    if (LIKELY(to->sp != NULL))
        green__switch(&from->sp, to->sp);
    else
        start(from, to);
}

/* The same while somebody observes, a sanitizer must be told, or in a program
 * with C++. */
UNCOUNTED static void swap_observed(green_t *from, green_t *to)
{
    struct green_hub *h = from->hub;

    green__happens(h, HAPPENS_SWITCH, from, to);
    if (h->fibers_on) {
        if (!to->sp)
            attach(to);
        green__fiber_leave(from, to, false);
    }
    if (h->exceptions) {
        green__exceptions_leave(from);
        green__exceptions_arrive(to);
    }
    swap_plain(from, to);
    if (h->fibers_on)
        green__fiber_arrive(from);
}

void green__tell(struct green_hub *h, enum green_happening what, green_t *g,
                 green_t *next)
{
    int i;

    for (i = 0; i < OBSERVERS; i++)
        if (h->observers[i])
            h->observers[i](h, what, g, next);
}

/* Nothing of this is on the path of a switch that nobody observes. */
void green__observe(struct green_hub *h, unsigned who, green_observer_fn *fn)
{
    int i;

    h->observers[who] = fn;
    h->observed = false;
    for (i = 0; i < OBSERVERS; i++)
        h->observed |= h->observers[i] != NULL;
    h->swap = h->fibers_on || h->observed || h->exceptions ? swap_observed
                                                           : swap_plain;
}

void green__sched_open(struct green_hub *h)
{
    green__fiber_open();
    h->fibers_on = green__fiber_active();
    green__exceptions_open(h);
    green__observe(h, OBSERVER_HASH,
                   green__trace_wanted() ? green__trace_observe : NULL);
    h->default_control = green__control();
    h->thread_errno = &errno;
    h->current = &h->main;
    h->main.state = GREEN_STATE_RUNNING;
}

void green__sched_close(struct green_hub *h)
{
    green__sys.free(h->ring);
    h->ring = NULL;
}

static void unready(struct green_hub *h, const green_t *g)
{
    uint32_t from, to = h->head;
    green_t *next;

    for (from = h->head; from != h->tail; from++) {
        next = h->ring[from & h->mask];
        if (next != g)
            h->ring[to++ & h->mask] = next;
    }
    h->tail = to;
}

green_t *green__sched_unwound(struct green_hub *h)
{
    green_t *left = h->current;

    unready(h, left);
    unready(h, &h->main);
    if (h->fibers_on)
        green__fiber_unwound(left, &h->main);
    h->current = &h->main;
    h->main.state = GREEN_STATE_RUNNING;
    return left;
}

void green__sched_forget(struct green_hub *h)
{
    h->head = h->tail;
    h->budget = 0;
}

/* The next greenlet is known a few switches ahead: fetch its control block. */
static inline green_t *take_next(struct green_hub *h)
{
    __builtin_prefetch(h->ring[(h->head + 4) & h->mask]);
    return h->ring[h->head++ & h->mask];
}

green_t *green__next(struct green_hub *h)
{
    if (UNLIKELY(--h->budget < 0 || green__ring_empty(h)))
        h->turn(h);
    return take_next(h);
}

__attribute__((noinline)) void green__park(struct green_hub *h)
{
    green_t *self = h->current, *next;
    int saved_errno = *h->thread_errno;

    next = green__next(h);
    next->state = GREEN_STATE_RUNNING;
    if (next != self) {
        h->switches++;
        h->current = next;
        h->swap(self, next);
    }
    *h->thread_errno = saved_errno;
}

static void go_to(struct green_hub *h, green_t *next)
{
    h->switches++;
    h->current = next;
    next->state = GREEN_STATE_RUNNING;
    if (!next->sp)
        attach(next);
}

UNCOUNTED _Noreturn void green__leave_for(struct green_hub *h, green_t *self,
                                          green_t *next)
{
    go_to(h, next);
    if (h->fibers_on)
        green__fiber_leave(self, next, true);
    if (h->exceptions)
        green__exceptions_arrive(next);
    if (next->sp)
        green__leave(next->sp);
    green__restart(next->begin, h->entry, h->default_control);
}

/* A sanitizer that was told of the switch must not see the returns. */
UNCOUNTED void *green__return_for(struct green_hub *h, green_t *self,
                                  green_t *next)
{
    if (h->fibers_on || !next->sp)
        green__leave_for(h, self, next);
    go_to(h, next);
    if (h->exceptions)
        green__exceptions_arrive(next);
    return next->sp;
}

void green__give_way(struct green_hub *h)
{
    green_t *self = h->current;

    self->reason = WAIT_YIELD;
    green__append(h, self);
    green__park(h);
}
