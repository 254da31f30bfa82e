/* SPDX-License-Identifier: MIT */
/* mutex.c - layer 6: a lock that is handed on.
 *
 * Unlocking makes the longest waiting the owner, before it runs: no newcomer
 * gets in between.  The owner is where cycles of waiting are looked for. */
#include <errno.h>
#include "misuse.h"
#include "wait.h"

void green_mutex_init(green_mutex_t *m)
{
    *m = (green_mutex_t)GREEN_MUTEX_INIT;
}

int green_mutex_lock(green_mutex_t *m, int64_t timeout)
{
    struct green_hub *h = green__hub();

    if (!m) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    if (!m->owner) {
        green__set_owner(&m->owner, h->current);
        return 0;
    }
    if (m->owner == h->current) {
        errno = EDEADLK;
        return -1;
    }
    return green__wait_for(&m->waiters, NULL, timeout, WAIT_MUTEX, (uintptr_t)m,
                           &m->owner);
}

void green_mutex_unlock(green_mutex_t *m)
{
    struct green_waiter *next = m->waiters.first;

    if (!m->owner)
        green__misuse("green_mutex_unlock", "the mutex is not locked");
    if (m->owner->hub != green__current_hub ||
        m->owner != green__current_hub->current)
        green__misuse("green_mutex_unlock", "another greenlet holds the mutex");
    green__set_owner(&m->owner, next ? next->greenlet : NULL);
    if (next)
        green__wake(next);
}
