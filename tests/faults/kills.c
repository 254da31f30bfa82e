/* SPDX-License-Identifier: MIT */
/* kills.c - see kills.h. */
#include "kills.h"

#include "green.h"
#include "green_impl.h"
#include "scope.h"
#include "wait.h"

static void let_expire(green_t *g)
{
    green_scope_t *s = g->scope;

    while (s->outer)
        s = s->outer;
    s->deadline = g->hub->now;
    g->limit = green__limit(g);
    if (g->state == GREEN_STATE_WAITING && g->limit <= g->hub->now)
        green__end_wait(g, -1, green__blame(g));
}

/* Main has no part in the scenario. */
static void on_switch(green_t *from, green_t *to, void *arg)
{
    struct kill *k = arg;

    (void)to;
    if (green_ready(from) || green_id(from) == 1 || k->fired ||
        (k->by_time && !from->scope) || ++k->stops != k->n)
        return;
    k->fired = true;
    if (k->by_time)
        let_expire(from);
    else
        green_kill(from);
}

void kills_begin(struct kill *k)
{
    green_hooks_t hooks = {.on_switch = on_switch, .arg = k};

    green_set_hooks(&hooks);
}

void kills_end(void)
{
    green_set_hooks(NULL);
}
