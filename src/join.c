/* SPDX-License-Identifier: MIT */
/* join.c - layer 5: waiting for the end of greenlets, and asking for it.
 *
 * Joiners and greenlets linked to another's end wait in one queue of that other,
 * so they are served in the order in which they came.  Who waits for the first
 * of several is in none of theirs, since that would take a waiter for each, but
 * in one of the hub, which is looked through when one with `picks` has ended. */
#include <errno.h>
#include <limits.h>
#include "block.h"
#include "end.h"
#include "scope.h"
#include "sys.h"
#include "wait.h"

static bool is_missing(green_t *const *gs, size_t n)
{
    size_t i;

    if (!gs && n > 0)
        return true;
    for (i = 0; i < n; i++)
        if (!gs[i])
            return true;
    return false;
}

/* g is held meanwhile: others may release it. */
static int await_end(green_t *g, int64_t timeout)
{
    int r;

    if (g->state == GREEN_STATE_ENDED)
        return 0;
    g->references++;
    r = green__wait_for(&g->joiners, NULL, timeout, WAIT_JOIN, (uintptr_t)g->id,
                        &g);
    green__let_go(g);
    return r;
}

/* The same for one, whom most calls are for, without what several need. */
static inline int join_one(green_t *g, int64_t timeout)
{
    struct green_hub *h = green__hub();

    if (!g) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    return await_end(g, timeout);
}

int green_joinall(green_t *const *gs, size_t n, int64_t timeout)
{
    struct green_hub *h = green__hub();
    int64_t until;
    size_t i;

    if (is_missing(gs, n)) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    until = green__until(h, timeout);
    for (i = 0; i < n; i++) {
        green__check_thread(gs[i], "green_joinall");
        if (i > 0)
            timeout = green__left(h, until);
        if (await_end(gs[i], timeout) < 0)
            return -1;
    }
    return 0;
}

int green_join(green_t *g, void **value, int64_t timeout)
{
    if (g)
        green__check_thread(g, "green_join");
    if (join_one(g, timeout) < 0)
        return -1;
    if (value)
        *value = g->value;
    return 0;
}

int green_get(green_t *g, void **value, int64_t timeout)
{
    if (g)
        green__check_thread(g, "green_get");
    if (join_one(g, timeout) < 0)
        return -1;
    if (g->error) {
        errno = g->error;
        return -1;
    }
    if (value)
        *value = g->value;
    return 0;
}

/* ---- the first of several ---- */

/* The index of the one that ended first, or n if none has. */
static size_t first_ended(green_t *const *gs, size_t n)
{
    size_t first = n, i;

    for (i = 0; i < n; i++)
        if (gs[i]->ended && (first == n || gs[i]->ended < gs[first]->ended))
            first = i;
    return first;
}

static bool are_all(green_t *const *gs, size_t n, const green_t *g)
{
    size_t i = 0;

    while (i < n && gs[i] == g)
        i++;
    return i == n;
}

/* They are held meanwhile: others may release them. */
static int await_first(struct green_hub *h, struct pick pick, int64_t timeout)
{
    size_t i;
    int r;

    for (i = 0; i < pick.n; i++) {
        pick.greenlets[i]->picks++;
        pick.greenlets[i]->references++;
    }
    r = green__wait_in(&h->pickers, &pick, 0, timeout, WAIT_FIRST, 0);
    for (i = 0; i < pick.n; i++) {
        pick.greenlets[i]->picks--;
        green_release(pick.greenlets[i]);
    }
    return r;
}

int green_join_any(green_t *const *gs, size_t n, int64_t timeout)
{
    struct green_hub *h = green__hub();
    size_t i;

    if (n == 0 || n > INT_MAX || is_missing(gs, n)) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    for (i = 0; i < n; i++)
        green__check_thread(gs[i], "green_join_any");
    if ((i = first_ended(gs, n)) < n)
        return (int)i;
    if (timeout > 0 && are_all(gs, n, h->current)) {
        errno = EDEADLK;
        return -1;
    }
    return await_first(h, (struct pick){gs, n}, timeout);
}

/* ---- kill ---- */

void green_kill(green_t *g)
{
    if (!g)
        return;
    green__check_thread(g, "green_kill");
    g->killed = true;
    g->limit = green__limit(g);
    green__interrupt(g);
}

int green_killall(green_t *const *gs, size_t n, int64_t timeout)
{
    size_t i;

    if (is_missing(gs, n)) {
        errno = EINVAL;
        return -1;
    }
    for (i = 0; i < n; i++)
        green_kill(gs[i]);
    return green_joinall(gs, n, timeout);
}
