/* SPDX-License-Identifier: MIT */
/* link.c - layer 5: greenlets that begin when another has ended.
 *
 * A linked greenlet is made at once and waits among the joiners of the other, so
 * links and joins are served in one order.  It keeps the number of the other
 * (link.item), by which a link that is due but has not begun is found. */
#include <errno.h>
#include "block.h"
#include "greenlet.h"
#include "wait.h"

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

/* ---- and those that shall not ---- */

static bool is_link(const green_t *linked, void *(*fn)(void *arg),
                    const void *arg)
{
    return linked->fn == fn && linked->arg == arg;
}

/* The first link of g to fn(arg) that waits, or NULL. */
static green_t *find_waiting(const green_t *g, void *(*fn)(void *arg),
                             const void *arg)
{
    const struct green_waiter *w;

    for (w = g->joiners.first; w; w = w->next)
        if (w->detail != LINK_JOIN && w->detail != LINK_CALL &&
            is_link(w->greenlet, fn, arg))
            return w->greenlet;
    return NULL;
}

/* The same of those that are due, all at once, when g has ended. */
static green_t *find_due(const green_t *g, void *(*fn)(void *arg),
                         const void *arg)
{
    green_t *linked = g->hub->first;

    while (linked &&
           (linked->started || linked->link.item != green__link_mark(g) ||
            !is_link(linked, fn, arg)))
        linked = linked->next;
    return linked;
}

bool green_unlink(green_t *g, void *(*fn)(void *arg), void *arg)
{
    green_t *linked;

    if (!g || !fn)
        return false;
    green__check_thread(g, "green_unlink");
    linked = g->state == GREEN_STATE_ENDED ? find_due(g, fn, arg)
                                           : find_waiting(g, fn, arg);
    if (!linked)
        return false;
    green__drop_linked(linked);
    return true;
}
