/* SPDX-License-Identifier: MIT */
/* hooks.c - layer 2: functions of the program that are told what greenlets do.
 *
 * They run between two steps of the scheduler, so one that blocks would leave
 * it half-way.  That is seen afterwards: the ready queue has moved on. */
#include <errno.h>
#include "misuse.h"
#include "sched.h"

static void call_hooks(struct green_hub *h, enum green_happening what,
                       green_t *g, green_t *next)
{
    const green_hooks_t *hooks = &h->hooks;
    uint32_t head = h->head;
    int saved_errno = errno;

    if (what == HAPPENS_SPAWN && hooks->on_spawn)
        hooks->on_spawn(g, hooks->arg);
    if (what == HAPPENS_SWITCH && hooks->on_switch)
        hooks->on_switch(g, next, hooks->arg);
    if (what == HAPPENS_END && hooks->on_end)
        hooks->on_end(g, hooks->arg);
    if (h->head != head)
        green__misuse("a hook", "it blocked, which hooks must not");
    errno = saved_errno;
}

int green_set_hooks(const green_hooks_t *hooks)
{
    struct green_hub *h = green__hub();

    if (!h)
        return -1;
    h->hooks = hooks ? *hooks : (green_hooks_t){.arg = NULL};
    green__observe(h, OBSERVER_HOOKS, hooks ? call_hooks : NULL);
    return 0;
}
