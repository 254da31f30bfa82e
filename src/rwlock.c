/* SPDX-License-Identifier: MIT */
/* rwlock.c - layer 6: many readers or one writer, in the order they came.
 *
 * Readers queue behind a writer that waits, so writers are not starved; when
 * the lock is free again it goes to the first in the queue, and if that is a
 * reader to all readers before the next writer.
 *
 * Invariant: readers > 0 implies that there is no writer. */
#include <errno.h>
#include "cycle.h"
#include "misuse.h"
#include "wait.h"

enum { RW_READ, RW_WRITE };

void green_rwlock_init(green_rwlock_t *l)
{
    *l = (green_rwlock_t)GREEN_RWLOCK_INIT;
}

static bool can_enter(const green_rwlock_t *l, int how)
{
    return !l->writer && (how == RW_READ || l->readers == 0);
}

static void enter(green_rwlock_t *l, green_t *g, int how)
{
    if (how == RW_WRITE)
        green__set_owner(&l->writer, g);
    else
        l->readers++;
}

/* Let in whoever can enter now. */
static void hand_on(green_rwlock_t *l)
{
    struct green_waiter *w;

    while ((w = l->waiters.first) && can_enter(l, w->detail)) {
        enter(l, w->greenlet, w->detail);
        green__wake(w);
    }
}

static bool is_refused(green_rwlock_t *l, int64_t timeout)
{
    struct green_hub *h = green__hub();

    if (!l)
        errno = EINVAL;
    if (!l || green__refused(h, timeout))
        return true;
    if (l->writer != h->current)
        return false;
    errno = EDEADLK;
    return true;
}

/* A writer that gave up may have been all that kept those behind it out. */
static int rw_lock(green_rwlock_t *l, int how, int64_t timeout)
{
    green_t *self;
    int r, saved_errno;

    if (is_refused(l, timeout))
        return -1;
    self = green__current_hub->current;
    if (can_enter(l, how) && !l->waiters.first) {
        enter(l, self, how);
        return 0;
    }
    if (timeout > 0 && green__is_cycle(self, &l->writer))
        return -1;
    self->blocker = timeout > 0 ? &l->writer : NULL;
    r = green__wait_in(&l->waiters, NULL, how, timeout, WAIT_RWLOCK,
                       (uintptr_t)l);
    saved_errno = errno;
    if (r < 0)
        hand_on(l);
    errno = saved_errno;
    return r;
}

int green_rwlock_rdlock(green_rwlock_t *l, int64_t timeout)
{
    return rw_lock(l, RW_READ, timeout);
}

int green_rwlock_wrlock(green_rwlock_t *l, int64_t timeout)
{
    return rw_lock(l, RW_WRITE, timeout);
}

void green_rwlock_unlock(green_rwlock_t *l)
{
    if (l->writer && l->writer != green_self())
        green__misuse("green_rwlock_unlock", "another greenlet holds the lock");
    if (!l->writer && l->readers == 0)
        green__misuse("green_rwlock_unlock", "the lock is not held");
    if (l->writer)
        green__set_owner(&l->writer, NULL);
    else
        l->readers--;
    hand_on(l);
}
