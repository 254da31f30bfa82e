/* SPDX-License-Identifier: MIT */
/* greenlet.c - layer 5: how a greenlet comes to be.
 *
 *   spawn: all memory is found -> ready, or waiting for its delay or another's end
 *   first switch: green__run() on a stack of its own   (end.c, as the rest)
 *   end: deferred calls, locals; joiners are told; the stack goes back, hot
 *   last reference gone: the control block goes back
 *
 * A greenlet that has not ended holds a reference to itself.
 *
 * Invariants:
 *   1. The hub's list holds exactly the greenlets that have not ended, oldest first.
 *   2. h->room >= h->live: ring and heaps have a place for each. */
#include "greenlet.h"
#include <errno.h>
#include <string.h>
#include "block.h"
#include "end.h"
#include "local.h"
#include "sys.h"
#include "wait.h"

static int make_room(struct green_hub *h)
{
    uint32_t room = h->room ? h->room * 2 : 64;

    if (h->live < h->room)
        return 0;
    if (green__sched_reserve(h, room) < 0 || green__wait_reserve(h, room) < 0)
        return -1;
    h->room = room;
    return 0;
}

static void enlist(struct green_hub *h, green_t *g)
{
    g->previous = h->last;
    g->next = NULL;
    atomic_signal_fence(memory_order_release); /* a handler may read the list */
    if (h->last)
        h->last->next = g;
    else
        h->first = g;
    h->last = g;
    h->live++;
}

/* The argument's copy lies on the greenlet's stack, which is attached early. */
static void copy_argument(struct green_hub *h, green_t *g, size_t n)
{
    char *top = green__stack_attach(&h->stacks, g->stack_class);

    g->stack = top;
    g->begin = top - (n + 15) / 16 * 16;
    g->arg = memcpy(g->begin, g->arg, n);
}

/* What options ask for; nothing is kept but the name when it fails. */
static int equip(struct green_hub *h, green_t *g, const green_options_t *o)
{
    int class = green__stack_class(o->stack_size);

    if (class < 0)
        return -1;
    if (o->copy && (!g->arg || o->copy > green__stack_size(class) / 2)) {
        errno = EINVAL;
        return -1;
    }
    if (o->name && !(g->name = green__copy_text(o->name)))
        return -1;
    if (green__stack_reserve(&h->stacks, class) < 0)
        return -1;
    g->stack_class = (uint8_t) class;
    if (o->copy)
        copy_argument(h, g, o->copy);
    return 0;
}

void green__start_after(green_t *g, green_t *other,
                        enum link_condition condition)
{
    g->state = GREEN_STATE_WAITING;
    g->reason = WAIT_START;
    g->object = 0;
    g->since = g->hub->now;
    g->due = g->until = GREEN_FOREVER;
    g->link.greenlet = g;
    g->link.item = green__link_mark(other);
    g->link.detail = (int)condition;
    g->waits = &g->link;
    g->n_waits = 1;
    list_append(&other->joiners, &g->link);
}

/* A greenlet that is to run later sleeps before its first instruction. */
static void start_later(struct green_hub *h, green_t *g, int64_t delay)
{
    g->state = GREEN_STATE_WAITING;
    g->reason = WAIT_START;
    g->since = green__look(h);
    g->due = green__deadline(h->now, delay);
    g->until = GREEN_FOREVER;
    if (g->due != GREEN_FOREVER)
        green__heap_insert(&h->sleepers, g->due, &g->timer, g);
}

static int inherit(struct green_hub *h, green_t *g, const struct origin *origin)
{
    if (LIKELY(!h->inherits) || !origin->locals)
        return 0;
    return green__locals_inherit(&g->locals, *origin->locals);
}

/* It could not be equipped: what it has inherited is destroyed. */
static void unmake(green_t *g)
{
    int saved_errno = errno;

    green__locals_end(&g->locals);
    green__block_give(g);
    errno = saved_errno;
}

/* Room is found after the copying of locals, which may spawn. */
green_t *green__make(struct green_hub *h, const green_options_t *options,
                     void *(*fn)(void *arg), void *arg,
                     const struct origin *origin)
{
    green_t *g;

    if (!fn) {
        errno = EINVAL;
        return NULL;
    }
    if (!(g = green__block_take(h)))
        return NULL;
    g->fn = fn;
    g->arg = arg;
    if (inherit(h, g, origin) < 0 || make_room(h) < 0 ||
        equip(h, g, options) < 0) {
        unmake(g);
        return NULL;
    }
    g->id = ++h->last_id;
    g->parent_id = origin->parent_id;
    g->spawn_site = origin->site;
    g->references = 2; /* the caller's and its own */
    h->entry = green__run;
    h->cut_off = green__cut_off;
    h->spawned++;
    enlist(h, g);
    green__happens(h, HAPPENS_SPAWN, g, NULL);
    return g;
}

green_t *green__spawn(struct green_hub *h, const green_options_t *options,
                      void *(*fn)(void *arg), void *arg, void *site)
{
    struct origin origin;
    green_t *g;

    if (!h)
        return NULL;
    origin = green__origin(h, site);
    if (!(g = green__make(h, options, fn, arg, &origin)))
        return NULL;
    if (options->delay > 0)
        start_later(h, g, options->delay);
    else
        green__make_ready(g);
    return g;
}

static const green_options_t defaults;

green_t *green__spawn_for(const struct origin *origin, struct green_hub *h,
                          void *(*fn)(void *arg), void *arg)
{
    green_t *g = green__make(h, &defaults, fn, arg, origin);

    if (g)
        green__make_ready(g);
    return g;
}

green_t *green_spawn(void *(*fn)(void *arg), void *arg)
{
    return green__spawn(green__hub(), &defaults, fn, arg,
                        __builtin_return_address(0));
}

green_t *green_spawn_with(const green_options_t *options,
                          void *(*fn)(void *arg), void *arg)
{
    return green__spawn(green__hub(), options ? options : &defaults, fn, arg,
                        __builtin_return_address(0));
}

int green_go(void *(*fn)(void *arg), void *arg)
{
    green_t *g = green__spawn(green__hub(), &defaults, fn, arg,
                              __builtin_return_address(0));

    green_release(g);
    return g ? 0 : -1;
}
