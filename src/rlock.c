/* SPDX-License-Identifier: MIT */
/* rlock.c - layer 6: a mutex that its owner may lock again.
 *
 * Invariant: depth counts the owner's locks; it is 0 exactly when the mutex is
 * free or has just been handed to a greenlet that has yet to run. */
#include <errno.h>
#include "misuse.h"
#include "wait.h"

void green_rlock_init(green_rlock_t *l)
{
    *l = (green_rlock_t)GREEN_RLOCK_INIT;
}

int green_rlock_lock(green_rlock_t *l, int64_t timeout)
{
    struct green_hub *h = green__hub();

    if (!l) {
        errno = EINVAL;
        return -1;
    }
    if (h && l->mutex.owner == h->current) {
        if (green__refused(h, timeout))
            return -1;
    } else if (green_mutex_lock(&l->mutex, timeout) < 0) {
        return -1;
    }
    l->depth++;
    return 0;
}

void green_rlock_unlock(green_rlock_t *l)
{
    if (l->depth == 0 || l->mutex.owner != green_self())
        green__misuse("green_rlock_unlock",
                      "the caller does not hold the lock");
    if (--l->depth == 0)
        green_mutex_unlock(&l->mutex);
}
