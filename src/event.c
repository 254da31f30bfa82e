/* SPDX-License-Identifier: MIT */
/* event.c - layer 6: a flag that greenlets wait for.
 *
 * Setting it serves all who wait at that moment; they need not find it set when
 * they run.  Who asks while those have yet to run gets in line behind them
 * (`served` is the ready queue's end after the last of them). */
#include <errno.h>
#include <string.h>
#include "wait.h"

void green_event_init(green_event_t *e)
{
    memset(e, 0, sizeof *e);
}

void green_event_set(green_event_t *e)
{
    struct green_waiter *first;
    struct green_hub *h;

    if (!e)
        return;
    e->is_set = true;
    if (!(first = e->waiters.first))
        return;
    h = first->greenlet->hub;
    green__wake_all(&e->waiters, 0);
    e->served = h->tail;
}

void green_event_clear(green_event_t *e)
{
    if (e)
        e->is_set = false;
}

bool green_event_is_set(const green_event_t *e)
{
    return e && e->is_set;
}

int green_event_wait(green_event_t *e, int64_t timeout)
{
    struct green_hub *h = green__hub();

    if (!e) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    if (!e->is_set)
        return green__wait_in(&e->waiters, NULL, 0, timeout, WAIT_EVENT,
                              (uintptr_t)e);
    if (timeout > 0 && (int32_t)(e->served - h->head) > 0)
        green__give_way(h);
    return 0;
}
