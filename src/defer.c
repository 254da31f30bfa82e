/* SPDX-License-Identifier: MIT */
/* defer.c - layer 5: calls put off until a greenlet ends.
 *
 * The main greenlet's run when its thread ends: at exit() for the thread that
 * calls it, else when its function returns. */
#include "defer.h"
#include <errno.h>
#include <stdatomic.h>
#include "scope.h"
#include "sys.h"

struct deferred {
    struct deferred *next;
    void (*fn)(void *arg);
    void *arg;
};

/* A deferred call may defer others, or end the greenlet once more: it is off
 * the list before it runs. */
static void run_deferred(green_t *g)
{
    const green_t *self = g->hub->current;
    const green_scope_t *scope = self->scope;
    struct deferred d;

    while (g->deferred) {
        d = *g->deferred;
        green__sys.free(g->deferred);
        g->deferred = d.next;
        d.fn(d.arg);
        green__scopes_check(self, scope);
    }
}

/* Once more if a destructor has deferred a call. */
void green__last_calls(green_t *g)
{
    do {
        run_deferred(g);
        if (g->hub->end_locals)
            g->hub->end_locals(&g->locals);
    } while (g->deferred);
}

/* At the end of a thread, and of the process for the thread that calls exit,
 * which may be in any greenlet: only from its own is main past its scopes. */
static void farewell(struct green_hub *h)
{
    if (!h->leader)
        return;
    if (h->current == h->leader)
        green__scopes_over(h->leader);
    green__last_calls(h->leader);
}

static void farewell_at_exit(void)
{
    struct green_hub *h = green__current_hub;

    if (h && h->farewell)
        h->farewell(h);
}

void green__expect_farewell(struct green_hub *h)
{
    static atomic_flag registered = ATOMIC_FLAG_INIT;

    h->farewell = farewell;
    if (!atomic_flag_test_and_set(&registered))
        green__sys.at_exit(farewell_at_exit);
}

void green__defer_forked(struct green_hub *h)
{
    if (h->farewell || h->leader->deferred || h->leader->locals)
        green__expect_farewell(h);
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
