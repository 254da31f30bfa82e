/* SPDX-License-Identifier: MIT */
/* group.c - layer 6: greenlets that belong together.
 *
 * A member's record waits among the joiners of its greenlet, and is called at
 * the end in its turn.  So the group needs no reference to its members, a join
 * of the group is woken in order with joins of the last member, and whoever is
 * woken finds the group without it.
 *
 * That a kill is under way is not kept anywhere: it is so while one of the
 * joiners is a killer.  The end of its wait, whatever the reason, ends it.
 *
 * Invariants:
 *   1. The list holds exactly the members that have not ended, oldest first.
 *   2. size counts them, and the places that a pool has promised.
 *   3. Nobody joins while size is 0. */
#include "group.h"
#include <errno.h>
#include "block.h"
#include "cycle.h"
#include "misuse.h"
#include "sys.h"
#include "wait.h"

/* What one of the joiners is (its `detail`). */
enum { GROUP_JOIN, GROUP_KILL };

void green_group_init(green_group_t *p)
{
    *p = (green_group_t)GREEN_GROUP_INIT;
}

/* ---- coming and going ---- */

bool green__group_is_killed(const green_group_t *p)
{
    const struct green_waiter *w = p->joiners.first;

    while (w && w->detail != GROUP_KILL)
        w = w->next;
    return w != NULL;
}

void green__group_enter(green_group_t *p, struct green_member *m, green_t *g,
                        void (*ended)(struct end_call *call, green_t *g))
{
    m->call.fn = ended;
    m->group = p;
    m->greenlet = g;
    m->next = NULL;
    m->previous = p->last;
    if (p->last)
        p->last->next = m;
    else
        p->first = m;
    p->last = m;
    green__call_at_end(g, &m->call);
    if (green__group_is_killed(p))
        green_kill(g);
}

static void note_error(green_group_t *p, const green_t *ended)
{
    if (p->error == 0)
        p->error = ended->error;
}

void green__group_leave(struct green_member *m, const green_t *ended)
{
    green_group_t *p = m->group;

    if (m->previous)
        m->previous->next = m->next;
    else
        p->first = m->next;
    if (m->next)
        m->next->previous = m->previous;
    else
        p->last = m->previous;
    note_error(p, ended);
}

static void member_ended(struct end_call *call, green_t *ended)
{
    struct green_member *m = (struct green_member *)call;
    green_group_t *p = m->group;

    green__group_leave(m, ended);
    green__sys.free(m);
    if (--p->size == 0)
        green__wake_all(&p->joiners, 0);
}

static bool is_member(const green_group_t *p, const green_t *g)
{
    const struct green_waiter *w;
    const struct end_call *call;

    for (w = g->joiners.first; w; w = w->next) {
        call = w->detail == LINK_CALL ? w->item : NULL;
        if (call && call->fn == member_ended &&
            ((const struct green_member *)call)->group == p)
            return true;
    }
    return false;
}

green_t *green_group_spawn(green_group_t *p, void *(*fn)(void *arg), void *arg)
{
    static const green_options_t none;
    struct green_hub *h = green__hub();
    struct green_member *m;
    green_t *g;

    if (!p)
        errno = EINVAL;
    if (!p || !h || !(m = green__sys.malloc(sizeof *m)))
        return NULL;
    g = green__spawn(h, &none, fn, arg, __builtin_return_address(0));
    if (!g) {
        green__sys.free(m);
        return NULL;
    }
    p->size++;
    green__group_enter(p, m, g, member_ended);
    green_release(g);
    return g;
}

int green_group_add(green_group_t *p, green_t *g)
{
    struct green_member *m;

    if (!p || !g) {
        errno = EINVAL;
        return -1;
    }
    green__check_thread(g, "green_group_add");
    if (green_ready(g)) {
        note_error(p, g);
        return 0;
    }
    if (is_member(p, g))
        return 0;
    if (!(m = green__sys.malloc(sizeof *m)))
        return -1;
    p->size++;
    green__group_enter(p, m, g, member_ended);
    return 0;
}

/* ---- all together ---- */

static int await_empty(green_group_t *p, int detail, int64_t timeout,
                       enum green_reason reason)
{
    struct green_hub *h = green__hub();

    if (green__refused(h, timeout))
        return -1;
    if (p->size == 0)
        return 0;
    if (timeout > 0 && green__is_group_cycle(h->current, p))
        return -1;
    return green__wait_in(&p->joiners, NULL, detail, timeout, reason,
                          (uintptr_t)p);
}

int green__group_join(green_group_t *p, int64_t timeout,
                      enum green_reason reason)
{
    return await_empty(p, GROUP_JOIN, timeout, reason);
}

int green__group_kill(green_group_t *p, int64_t timeout,
                      enum green_reason reason)
{
    const struct green_member *m;

    for (m = p->first; m; m = m->next)
        green_kill(m->greenlet);
    return await_empty(p, GROUP_KILL, timeout, reason);
}

static bool is_no_group(const green_group_t *p)
{
    if (p)
        return false;
    errno = EINVAL;
    return true;
}

int green_group_join(green_group_t *p, int64_t timeout)
{
    return is_no_group(p) ? -1 : green__group_join(p, timeout, WAIT_GROUP);
}

int green_group_kill(green_group_t *p, int64_t timeout)
{
    return is_no_group(p) ? -1 : green__group_kill(p, timeout, WAIT_GROUP);
}

size_t green_group_size(const green_group_t *p)
{
    return p->size;
}

int green_group_error(const green_group_t *p)
{
    return p->error;
}

void green_group_destroy(green_group_t *p)
{
    if (p->size > 0)
        green__misuse("green_group_destroy", "the group has members");
}
