/* SPDX-License-Identifier: MIT */
/* scope.c - layer 3: what bounds the waits of a greenlet: kill, timeouts, shields.
 *
 * All of it is one number, the greenlet's limit: from this time on its blocking
 * calls fail.  A kill makes it the beginning of time, a timeout scope makes it
 * earlier, a shield puts its own time in place of everything outside.  So a
 * wait compares once, and scopes need no timers of their own.
 *
 *   limit = earliest deadline of the scopes from the innermost out to the
 *           nearest shield, that included; without a shield, INT64_MIN if killed.
 *
 * Which scope is to blame is asked only when the limit has passed. */
#include "scope.h"
#include <errno.h>
#include <string.h>
#include "misuse.h"
#include "sched.h"

int64_t green__limit(const green_t *g)
{
    int64_t limit = GREEN_FOREVER;
    const green_scope_t *s;

    for (s = g->scope; s; s = s->outer) {
        if (s->deadline < limit)
            limit = s->deadline;
        if (s->is_shield)
            return limit;
    }
    return g->killed ? INT64_MIN : limit;
}

/* The scope whose deadline came first; of equal ones the outermost. */
static green_scope_t *earliest(const green_t *g, bool *shielded)
{
    green_scope_t *s, *first = NULL;

    *shielded = false;
    for (s = g->scope; s && !*shielded; s = s->outer) {
        if (!first || s->deadline <= first->deadline)
            first = s;
        *shielded = s->is_shield;
    }
    return first;
}

int green__blame(green_t *g)
{
    bool shielded;
    green_scope_t *s = earliest(g, &shielded);

    if (g->killed && !shielded)
        return ECANCELED;
    if (!s)
        return ETIMEDOUT;
    s->fired = true;
    return s->is_shield && g->killed ? ECANCELED : ETIMEDOUT;
}

static void refuse_begun(const green_t *g, const green_scope_t *s)
{
    const green_scope_t *begun;

    for (begun = g->scope; begun; begun = begun->outer)
        if (begun == s)
            green__misuse("beginning a scope", "it has begun and not ended");
}

static void scope_begin(green_scope_t *s, int64_t timeout, bool is_shield)
{
    struct green_hub *h = green__hub();

    if (h)
        refuse_begun(h->current, s);
    memset(s, 0, sizeof *s);
    if (!h) {
        s->outer = s; /* a mark for its end; waits fail with ENOMEM meanwhile */
        return;
    }
    s->owner = h->current;
    s->outer = h->current->scope;
    s->is_shield = is_shield;
    if (timeout == GREEN_FOREVER)
        s->deadline = GREEN_FOREVER;
    else
        s->deadline =
            timeout <= 0 ? h->now : green__deadline(green__look(h), timeout);
    h->current->scope = s;
    h->current->limit = green__limit(h->current);
}

void green_timeout_begin(green_scope_t *s, int64_t timeout)
{
    scope_begin(s, timeout, false);
}

void green_shield_begin(green_scope_t *s, int64_t timeout)
{
    scope_begin(s, timeout, true);
}

bool green_scope_end(green_scope_t *s)
{
    green_t *g = s->owner;

    if (!g && s->outer == s)
        return false;
    if (!g)
        green__misuse("green_scope_end", "the scope has ended before");
    if (g->hub != green__current_hub || g->hub->current != g)
        green__misuse("green_scope_end", "the scope is another greenlet's");
    if (g->scope != s)
        green__misuse("green_scope_end",
                      "scopes must end in reverse order of their beginning");
    g->scope = s->outer;
    s->owner = NULL;
    g->limit = green__limit(g);
    return s->fired;
}

void green__scopes_over(green_t *g)
{
    g->scope = NULL;
    g->limit = green__limit(g);
}

void green__scopes_check(const green_t *g, const green_scope_t *innermost)
{
    if (g->scope != innermost)
        green__misuse("green_scope_end", "a function has returned without "
                                         "ending the scope that it began");
}
