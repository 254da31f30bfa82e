/* SPDX-License-Identifier: MIT */
/* end.c - layer 5: how a greenlet runs, ends, and whom that concerns.
 *
 * It ends by returning, green_exit or green_fail: all the same from wind_up() on,
 * which happens on its own stack. */
#include "end.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "block.h"
#include "defer.h"
#include "fiber.h"
#include "misuse.h"
#include "scope.h"
#include "sys.h"
#include "unwound.h"
#include "wait.h"

#define TEXT_SIZE 256 /* of a failure's text */

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
    h->services -= g->is_service;
    g->ended = ++h->last_end;
}

/* A linked greenlet whose condition did not come true: it never was. */
static void discard(green_t *g)
{
    struct green_hub *h = g->hub;

    list_remove(&g->link);
    delist(h, g);
    green__stack_unreserve(&h->stacks, g->stack_class);
    g->state = GREEN_STATE_ENDED;
    green__happens(h, HAPPENS_END, g, NULL);
    green__tell_runners(h);
    green_release(g);
}

static void *do_nothing(void *arg)
{
    return arg;
}

/* What it inherited is destroyed on itself, as always, so it has to run. */
void green__drop_linked(green_t *g)
{
    if (g->state == GREEN_STATE_WAITING && !g->locals) {
        discard(g);
        return;
    }
    g->fn = do_nothing;
    if (g->state == GREEN_STATE_WAITING)
        green__wake(&g->link);
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
            green__drop_linked(w->greenlet);
    }
}

/* Whoever waits for the first of several has the index of g among its own. */
static void tell_pickers(struct green_hub *h, const green_t *g)
{
    struct green_waiter *w = h->pickers.first, *next;

    for (; w; w = next) {
        const struct pick *pick = w->item;
        size_t i = 0;

        next = w->next;
        while (i < pick->n && pick->greenlets[i] != g)
            i++;
        if (i < pick->n)
            green__end_wait(w->greenlet, (int)i, 0);
    }
}

/* The reference that each has to itself. */
static void release_own(green_t *g)
{
    if (LIKELY(g->holds == 0)) /* see green__set_owner */
        green__let_go(g);
}

/* Its own reference, its stack and what lies on that stay: others may point
 * there, and the pages are shared with the parent until they are written to. */
static void vanish(struct green_hub *h, green_t *g)
{
    g->gone = true;
    g->state = GREEN_STATE_ENDED;
    g->error = ESRCH;
    delist(h, g);
    green__tell_end(g);
}

void green__vanish_others(struct green_hub *h)
{
    green_t *g, *next;

    for (g = h->first; g; g = next) {
        next = g->next;
        if (g != h->current)
            vanish(h, g);
    }
}

void green__tell_runners(struct green_hub *h)
{
    if (h->live - h->services == 1)
        green__wake_all(&h->runners, 0);
}

/* What it deferred is lost.  Its stack stays until all go. */
void green__cut_off(green_t *g)
{
    g->state = GREEN_STATE_ENDED;
    g->error = ECANCELED;
    delist(g->hub, g);
    green__happens(g->hub, HAPPENS_END, g, NULL);
    green__tell_end(g);
    release_own(g);
}

/* While looking for the next one the hub may do anything, also spawn, so the
 * stack goes back after that, ready for the next.  The control block may go
 * before the last switch, which only leaves the stack.  Returns the next one. */
static green_t *wind_up(green_t *g)
{
    struct green_hub *h = g->hub;
    green_t *next;

    green__last_calls(g);
    g->state = GREEN_STATE_ENDED;
    if (UNLIKELY(g == h->leader))
        h->leader = NULL;
    delist(h, g);
    green__happens(h, HAPPENS_END, g, NULL);
    green__tell_end(g);
    if (UNLIKELY(g->picks > 0))
        tell_pickers(h, g);
    if (UNLIKELY(h->runners.first != NULL))
        green__tell_runners(h);
    next = green__next(h);
    green__happens(h, HAPPENS_SWITCH, g, next);
    green__stack_detach(&h->stacks, g->stack_class, g->stack);
    green__stack_unreserve(&h->stacks, g->stack_class);
    release_own(g);
    return next;
}

_Noreturn static void finish(green_t *g)
{
    green_t *next = wind_up(g);

    green__leave_for(next->hub, g, next);
}

void *green__run(void)
{
    struct green_hub *h = green__current_hub;
    green_t *g = h->current;

    SEES_UNWINDING;
    if (h->fibers_on)
        green__fiber_arrive(g);
    *h->thread_errno = 0;
    g->started = true;
    g->value = g->fn(g->arg);
    green__scopes_check(g, NULL);
    return green__return_for(h, g, wind_up(g));
}

/* The running greenlet, which must be able to end.  It has ended before if it is
 * in a deferred call: the last word counts. */
static green_t *ending(const char *call)
{
    struct green_hub *h = green__current_hub;

    if (!h || h->current == &h->main)
        green__misuse(call, "the main greenlet ends by returning from main "
                            "(or its thread's function)");
    green__scopes_over(h->current);
    return h->current;
}

static void set_result(green_t *g, void *value, int error, char *text)
{
    green__sys.free(g->error_text);
    g->error_text = text;
    g->error = error;
    g->value = value;
}

void green_exit(void *value)
{
    green_t *g = ending("green_exit");

    set_result(g, value, 0, NULL);
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
    set_result(g, NULL, error, green__copy_text(text));
    finish(g);
}
