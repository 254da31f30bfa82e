/* SPDX-License-Identifier: MIT */
/* handle.c - layer 5: what can be asked of a greenlet, and small wishes of the
 * running one. */
#include <errno.h>
#include "block.h"
#include "hub.h"
#include "sys.h"
#include "wait.h"

bool green_started(const green_t *g)
{
    return g && g->started;
}

bool green_ready(const green_t *g)
{
    return g && g->state == GREEN_STATE_ENDED;
}

bool green_successful(const green_t *g)
{
    return green_ready(g) && g->error == 0;
}

bool green_killed(const green_t *g)
{
    return g && g->killed;
}

void *green_value(const green_t *g)
{
    return green_ready(g) ? g->value : NULL;
}

int green_error(const green_t *g)
{
    if (!g)
        return EINVAL;
    return green_ready(g) ? g->error : 0;
}

const char *green_error_text(const green_t *g)
{
    return green_ready(g) && g->error_text ? g->error_text : "";
}

uint64_t green_id(const green_t *g)
{
    return g ? g->id : 0;
}

green_t *green_self(void)
{
    struct green_hub *h = green__hub();

    return h ? h->current : NULL;
}

/* Without memory for the new name the old one stays.  A report from a signal
 * handler finds one of the two. */
void green_set_name(const char *name)
{
    green_t *g = green_self();
    char *copy = name ? green__copy_text(name) : NULL, *old;

    if (!g || (name && !copy)) {
        green__sys.free(copy);
        return;
    }
    old = g->name;
    g->name = copy;
    atomic_signal_fence(memory_order_release);
    green__sys.free(old);
}

int green_yield(void)
{
    struct green_hub *h = green__hub();

    if (green__refused(h, GREEN_FOREVER))
        return -1;
    green__give_way(h);
    return 0;
}

int green_checkpoint(void)
{
    struct green_hub *h = green__hub();

    if (green__refused(h, GREEN_FOREVER))
        return -1;
    green__spend(h);
    return 0;
}

int green_sleep(int64_t duration)
{
    struct green_hub *h = green__hub();
    struct waiting wait = {
        .delay = duration, .timeout = GREEN_FOREVER, .reason = WAIT_SLEEP};

    if (duration <= 0)
        return green_yield();
    if (green__refused(h, GREEN_FOREVER))
        return -1;
    return green__wait(h, &wait) < 0 ? -1 : 0;
}
