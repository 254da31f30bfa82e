/* SPDX-License-Identifier: MIT */
/* greenlet.c - layer 5: a greenlet's life, from spawn to the last release.
 *
 *   spawn: all memory is found -> ready, or waiting for its delay or another's end
 *   first switch: run() on a stack of its own
 *   end: deferred calls, locals; joiners are told; the stack goes back, hot
 *   last reference gone: the control block goes back
 *
 * Control blocks come in slabs, apart from the stacks, since a handle outlives
 * its stack and many of them are looked at in a row.  A greenlet that has not
 * ended holds a reference to itself.
 *
 * Invariants:
 *   1. The hub's list holds exactly the greenlets that have not ended, oldest first.
 *   2. h->room >= h->live: ring and heaps have a place for each. */
#include "greenlet.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "block.h"
#include "defer.h"
#include "fiber.h"
#include "local.h"
#include "misuse.h"
#include "sys.h"
#include "wait.h"

#define TEXT_SIZE 256 /* of a failure's text */

/* ---- spawn ---- */

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
    if (h->last)
        h->last->next = g;
    else
        h->first = g;
    h->last = g;
    h->live++;
}

static void delist(struct green_hub *h, green_t *g)
{
    if (g->previous)
        g->previous->next = g->next;
    else
        h->first = g->next;
    if (g->next)
        g->next->previous = g->previous;
    else
        h->last = g->previous;
    h->live--;
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
    if (o->copy > green__stack_size(class) / 2 || (o->copy && !g->arg)) {
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

static void run(void);

green_t *green__make(struct green_hub *h, const green_options_t *options,
                     void *(*fn)(void *arg), void *arg, void *site)
{
    green_t *g;

    if (!fn) {
        errno = EINVAL;
        return NULL;
    }
    if (make_room(h) < 0 || !(g = green__block_take(h)))
        return NULL;
    g->fn = fn;
    g->arg = arg;
    if (equip(h, g, options) < 0) {
        green__block_give(g);
        return NULL;
    }
    g->id = ++h->last_id;
    g->parent_id = h->current->id;
    g->spawn_site = site;
    g->references = 2; /* the caller's and its own */
    h->entry = run;
    h->spawned++;
    enlist(h, g);
    return g;
}

green_t *green__spawn(struct green_hub *h, const green_options_t *options,
                      void *(*fn)(void *arg), void *arg, void *site)
{
    green_t *g = h ? green__make(h, options, fn, arg, site) : NULL;

    if (!g)
        return NULL;
    if (options->delay > 0)
        start_later(h, g, options->delay);
    else
        green__make_ready(g);
    return g;
}

void green__set_parent(green_t *g, uint64_t parent_id)
{
    g->parent_id = parent_id;
}

static const green_options_t defaults;

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

/* ---- the end ---- */

/* A linked greenlet whose condition did not come true: it never was. */
static void discard(green_t *g)
{
    struct green_hub *h = g->hub;

    list_remove(&g->link);
    delist(h, g);
    green__stack_unreserve(&h->stacks, g->stack_class);
    g->state = GREEN_STATE_ENDED;
    green_release(g);
}

static bool link_holds(enum link_condition condition, const green_t *ended)
{
    return condition == LINK_ALWAYS ||
           (condition == LINK_ERROR) == (ended->error != 0);
}

void green__call_at_end(green_t *g, struct end_call *call)
{
    call->waiter = (struct green_waiter){.item = call, .detail = LINK_CALL};
    list_append(&g->joiners, &call->waiter);
}

static void make_call(struct green_waiter *w, green_t *ended)
{
    struct end_call *call = w->item;

    list_remove(w);
    call->fn(call, ended);
}

void green__tell_end(green_t *g)
{
    struct green_waiter *w;

    while ((w = g->joiners.first)) {
        if (w->detail == LINK_CALL)
            make_call(w, g);
        else if (w->detail == LINK_JOIN ||
                 link_holds((enum link_condition)w->detail, g))
            green__wake(w);
        else
            discard(w->greenlet);
    }
}

/* The control block may go before the last switch, which only leaves its stack. */
_Noreturn static void finish(green_t *g)
{
    struct green_hub *h = g->hub;
    green_t *next;

    green__deferred_run(g);
    green__locals_end(g);
    g->state = GREEN_STATE_ENDED;
    delist(h, g);
    green__tell_end(g);
    green__stack_detach(&h->stacks, g->stack_class, g->stack);
    green__stack_unreserve(&h->stacks, g->stack_class);
    next = green__next(h);
    green_release(g);
    green__leave_for(h, g, next);
}

/* What each greenlet begins with. */
static void run(void)
{
    struct green_hub *h = green__current_hub;
    green_t *g = h->current;

    if (h->fibers_on)
        green__fiber_arrive(g);
    errno = 0;
    g->started = true;
    g->value = g->fn(g->arg);
    finish(g);
}

/* The running greenlet, which must be able to end. */
static green_t *ending(const char *call)
{
    struct green_hub *h = green__current_hub;

    if (!h || h->current == &h->main)
        green__misuse(call, "the main greenlet ends by returning from main "
                            "(or its thread's function)");
    return h->current;
}

void green_exit(void *value)
{
    green_t *g = ending("green_exit");

    g->value = value;
    finish(g);
}

void green_fail(int error, const char *format, ...)
{
    green_t *g = ending("green_fail");
    char text[TEXT_SIZE] = "";
    va_list list;

    if (error == 0)
        green__misuse("green_fail", "error 0 would be success");
    if (format) {
        va_start(list, format);
        vsnprintf(text, sizeof text, format, list);
        va_end(list);
    }
    green__sys.free(g->error_text);
    g->error_text = green__copy_text(text);
    g->error = error;
    g->value = NULL;
    finish(g);
}
