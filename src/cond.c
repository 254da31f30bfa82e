/* SPDX-License-Identifier: MIT */
/* cond.c - layer 6: a condition variable.
 *
 * The wait can be ended by a kill or a timeout, taking the mutex back cannot:
 * whoever returns from green_cond_wait holds it. */
#include <errno.h>
#include "misuse.h"
#include "wait.h"

void green_cond_init(green_cond_t *c)
{
    *c = (green_cond_t)GREEN_COND_INIT;
}

static int take_back(green_mutex_t *m)
{
    green_scope_t shield;
    int r, saved_errno = errno;

    green_shield_begin(&shield, GREEN_FOREVER);
    r = green_mutex_lock(m, GREEN_FOREVER);
    green_scope_end(&shield);
    if (r == 0)
        errno = saved_errno;
    return r;
}

int green_cond_wait(green_cond_t *c, green_mutex_t *m, int64_t timeout)
{
    struct green_hub *h = green__hub();
    int r;

    if (!c || !m) {
        errno = EINVAL;
        return -1;
    }
    if (h && m->owner != h->current)
        green__misuse("green_cond_wait", "the caller does not hold the mutex");
    if (green__refused(h, timeout))
        return -1;
    if (timeout <= 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    green_mutex_unlock(m);
    r = green__wait_in(&c->waiters, NULL, 0, timeout, WAIT_COND, (uintptr_t)c);
    return take_back(m) < 0 ? -1 : r;
}

void green_cond_signal(green_cond_t *c)
{
    if (c && c->waiters.first)
        green__wake(c->waiters.first);
}

void green_cond_broadcast(green_cond_t *c)
{
    if (c)
        green__wake_all(&c->waiters, 0);
}
