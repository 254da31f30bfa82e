/* SPDX-License-Identifier: MIT */
/* cycle.c - layer 3: would a wait close a circle?
 *
 * Who waits for one greenlet to act names it (`blocker`).  Each waits for at most
 * one, and no circle was let in before, so most chains are short and end.  Who
 * waits for a group waits for all its members: from there all are followed, each
 * greenlet once in a search.  If one of them is the caller, its wait could not
 * end.
 *
 * Who waits for a group is found by what it waits for; its waiter has no item, so
 * that chains those whose group is still to be looked at. */
#include "cycle.h"
#include <errno.h>
#include "group.h"

struct search {
    const green_t *self;
    uint32_t number;    /* what is noted in those that were met */
    green_t *in_groups; /* met, and not followed yet */
};

static green_t *blocker_of(const green_t *g)
{
    return g->state == GREEN_STATE_WAITING && g->blocker ? *g->blocker : NULL;
}

static bool awaits_group(const green_t *g)
{
    return g->state == GREEN_STATE_WAITING &&
           (g->reason == WAIT_GROUP || g->reason == WAIT_TASKS);
}

static bool follow(struct search *s, green_t *g)
{
    for (; g && g->sought != s->number; g = blocker_of(g)) {
        if (g == s->self)
            return true;
        g->sought = s->number;
        if (awaits_group(g)) {
            g->waits->item = s->in_groups;
            s->in_groups = g;
        }
    }
    return false;
}

static bool follow_members(struct search *s, const green_group_t *p)
{
    const struct green_member *m = p->first;

    while (m && !follow(s, m->greenlet))
        m = m->next;
    return m != NULL;
}

/* Is self a member of the group, or waited for by one? */
static bool is_needed(const green_t *self, const green_group_t *p)
{
    struct search s = {self, ++self->hub->searches, NULL};
    bool found = follow_members(&s, p);
    green_t *g;

    while (!found && (g = s.in_groups)) {
        s.in_groups = g->waits->item;
        found = follow_members(&s, (const green_group_t *)g->object);
    }
    return found;
}

static bool refuse(bool is_cycle)
{
    if (is_cycle)
        errno = EDEADLK;
    return is_cycle;
}

bool green__is_long_cycle(green_t *self, green_t *const *blocker)
{
    const green_t *g = *blocker, *last = NULL;

    for (; g && g != self; g = blocker_of(g))
        last = g;
    if (g)
        return refuse(true);
    if (!last || !awaits_group(last))
        return false;
    return refuse(is_needed(self, (const green_group_t *)last->object));
}

bool green__is_group_cycle(green_t *self, const green_group_t *p)
{
    return refuse(is_needed(self, p));
}
