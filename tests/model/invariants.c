/* SPDX-License-Identifier: MIT */
/* invariants.c - what ARCHITECTURE.md says is always true, at every switch.
 *
 * The numbers are those of its table.  Those that are missing are not of one moment:
 * that nothing is lost and all goes in its order (6, 7, 9, 13) is what the programs are
 * compared for; events of earlier lives (10) are in tests/storm; the stacks' (12) only
 * stack.c can see; and who calls whom (14, 15) is checked of the libraries. */
#include "green_impl.h"
#include "program.h"
#include "sched.h"

static void must(bool is_so, int number, const char *what)
{
    if (!is_so)
        program_gives_up(number, what);
}

/* 1: a greenlet is in the ring at most once, and only if ready. */
static void check_ring(const struct green_hub *h)
{
    for (uint32_t i = h->head; i != h->tail; i++) {
        const green_t *g = h->ring[i & h->mask];

        must(g->state == GREEN_STATE_READY, 1, "one in the ring is not ready");
        for (uint32_t j = h->head; j != i; j++)
            must(h->ring[j & h->mask] != g, 1, "one is in the ring twice");
    }
}

static bool is_in_ring(const struct green_hub *h, const green_t *g)
{
    for (uint32_t i = h->head; i != h->tail; i++)
        if (h->ring[i & h->mask] == g)
            return true;
    return false;
}

/* 5: a waiter is linked into `queue`, in both directions; and 2: who is in a queue
 * waits. */
static void check_queue(const green_waiters_t *q)
{
    const struct green_waiter *w, *before = NULL;

    for (w = q->first; w; before = w, w = w->next) {
        must(w->queue == q, 5, "a waiter is in a queue that it does not know");
        must(w->prev == before, 5, "a queue differs backwards");
        must(!w->greenlet || w->greenlet->state == GREEN_STATE_WAITING, 2,
             "one in a queue does not wait");
    }
    must(q->last == before, 5, "a queue does not end with its last");
}

static void check_waiters(const green_t *g)
{
    const struct green_waiter *w = g->waits;

    for (unsigned i = 0; i < g->n_waits; i++) {
        if (w->queue)
            check_queue(w->queue);
        w = (const struct green_waiter *)(const void *)((const char *)w +
                                                        g->stride);
    }
}

/* 2: one that does not wait is in no heap, and one that does in its place. */
static void check_timer(const struct green_hub *h, const green_t *g)
{
    const struct heap *heap = g->timer_fails ? &h->timeouts : &h->sleepers;

    if (g->timer == 0)
        return;
    must(g->state == GREEN_STATE_WAITING, 2, "one in a heap does not wait");
    must(g->timer <= heap->n && heap->entries[g->timer - 1].owner == g, 2,
         "one is not where it is in the heap");
}

static void check_heap(const struct heap *heap)
{
    for (uint32_t i = 0; i < heap->n; i++) {
        const struct heap_entry *e = &heap->entries[i],
                                *above = &heap->entries[i ? (i - 1) / 4 : 0];

        must(*e->place == i + 1, 2, "an entry of a heap is lost");
        must(above->deadline < e->deadline ||
                 (above->deadline == e->deadline && above->order <= e->order),
             9, "a heap is out of order");
    }
}

/* 3: ring and heaps have room for all greenlets of the hub. */
static void check_room(const struct green_hub *h)
{
    must(h->mask >= h->live && h->sleepers.room >= h->live &&
             h->timeouts.room >= h->live,
         3, "there is no room for all");
}

/* 8: the limit is what scopes and kills make it.  Said anew, not asked of scope.c:
 * a shield puts its deadline in place of all that is outside of it. */
static void check_limit(const green_t *g)
{
    int64_t limit = g->killed ? INT64_MIN : GREEN_FOREVER;
    const green_scope_t *scopes[STEPS + 4], *s;
    int n = 0;

    for (s = g->scope; s; s = s->outer)
        scopes[n++] = s;
    while (n-- > 0)
        limit = scopes[n]->is_shield || scopes[n]->deadline < limit
                    ? scopes[n]->deadline
                    : limit;
    must(g->limit == limit, 8, "a limit is not what it should be");
}

/* `next` has been taken from the ring, but may not be running yet. */
static void check_greenlet(const struct green_hub *h, const green_t *g,
                           const green_t *next)
{
    must(g == next || (g->state == GREEN_STATE_READY) == is_in_ring(h, g), 1,
         "one that is ready is not in the ring");
    if (g->state == GREEN_STATE_WAITING)
        check_waiters(g);
    check_timer(h, g);
    check_limit(g);
}

static void check_all(struct green_hub *h, enum green_happening what,
                      green_t *g, green_t *next)
{
    (void)g;
    if (what != HAPPENS_SWITCH && what != HAPPENS_REST)
        return;
    check_ring(h);
    check_heap(&h->sleepers);
    check_heap(&h->timeouts);
    check_room(h);
    for (g = h->first; g; g = g->next)
        check_greenlet(h, g, next);
    /* 11: when a turn ends, somebody is ready. */
    must(what == HAPPENS_REST || (next && !is_in_ring(h, next)), 11,
         "nobody goes on");
}

void invariants_watch(bool on)
{
    struct green_hub *h = green__hub();

    green__observe(h, OBSERVER_HOOKS, on ? check_all : NULL);
}
