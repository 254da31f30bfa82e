/* SPDX-License-Identifier: MIT */
/* join.c - layer 5: waiting for the end of greenlets, and asking for it.
 *
 * Joiners and greenlets linked to another's end wait in one queue of that other,
 * so they are served in the order in which they came. */
#include <errno.h>
#include "block.h"
#include "greenlet.h"
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
    green_release(g);
    return r;
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
    if (green_joinall(&g, 1, timeout) < 0)
        return -1;
    if (value)
        *value = g->value;
    return 0;
}

int green_get(green_t *g, void **value, int64_t timeout)
{
    if (g)
        green__check_thread(g, "green_get");
    if (green_joinall(&g, 1, timeout) < 0)
        return -1;
    if (g->error) {
        errno = g->error;
        return -1;
    }
    if (value)
        *value = g->value;
    return 0;
}

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

/* All memory is found now, so that nothing can fail when g ends. */
static int link_to(green_t *g, void *(*fn)(void *arg), void *arg,
                   enum link_condition condition, void *site)
{
    struct green_hub *h = green__hub();
    green_options_t none = {0};
    struct origin origin;
    green_t *linked;

    if (!g) {
        errno = EINVAL;
        return -1;
    }
    green__check_thread(g, "green_link");
    origin = green__origin(h, site);
    if (!(linked = green__make(h, &none, fn, arg, &origin)))
        return -1;
    green__start_after(linked, g, condition);
    if (g->state == GREEN_STATE_ENDED)
        green__tell_end(g);
    green_release(linked);
    return 0;
}

int green_link(green_t *g, void *(*fn)(void *arg), void *arg)
{
    return link_to(g, fn, arg, LINK_ALWAYS, __builtin_return_address(0));
}

int green_link_value(green_t *g, void *(*fn)(void *arg), void *arg)
{
    return link_to(g, fn, arg, LINK_VALUE, __builtin_return_address(0));
}

int green_link_error(green_t *g, void *(*fn)(void *arg), void *arg)
{
    return link_to(g, fn, arg, LINK_ERROR, __builtin_return_address(0));
}
