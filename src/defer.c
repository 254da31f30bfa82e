/* SPDX-License-Identifier: MIT */
/* defer.c - layer 5: calls put off until a greenlet ends.
 *
 * The main greenlet's run when its thread ends: at exit() for the thread that
 * calls it, else when its function returns. */
#include "defer.h"
#include <errno.h>
#include "sys.h"

struct deferred {
    struct deferred *next;
    void (*fn)(void *arg);
    void *arg;
};

/* A deferred call may defer others, or end the greenlet once more: it is off
 * the list before it runs. */
void green__deferred_run(green_t *g)
{
    struct deferred d;

    while (g->deferred) {
        d = *g->deferred;
        green__sys.free(g->deferred);
        g->deferred = d.next;
        d.fn(d.arg);
    }
}

/* At the end of a thread, and of the process for its main thread. */
static void farewell(struct green_hub *h)
{
    if (!h->leader)
        return;
    green__deferred_run(h->leader);
    if (h->end_locals)
        h->end_locals(&h->leader->locals);
}

/* The hub whose thread calls exit, presumably. */
static struct green_hub *first_to_defer;

static void farewell_at_exit(void)
{
    if (first_to_defer && first_to_defer == green__current_hub)
        farewell(first_to_defer);
}

void green__expect_farewell(struct green_hub *h)
{
    static bool registered;

    if (h->farewell)
        return;
    h->farewell = farewell;
    if (registered)
        return;
    registered = true;
    first_to_defer = h;
    green__sys.at_exit(farewell_at_exit);
}

void green__defer_forked(struct green_hub *h)
{
    if (h->farewell || h->leader->deferred || h->leader->locals) {
        green__expect_farewell(h);
        first_to_defer = h;
    }
}

int green_defer(void (*fn)(void *arg), void *arg)
{
    struct green_hub *h = green__hub();
    struct deferred *d;

    if (!fn)
        errno = EINVAL;
    if (!h || !fn || !(d = green__sys.malloc(sizeof *d)))
        return -1;
    if (h->current == h->leader)
        green__expect_farewell(h);
    d->fn = fn;
    d->arg = arg;
    d->next = h->current->deferred;
    h->current->deferred = d;
    return 0;
}
