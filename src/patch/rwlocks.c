/* SPDX-License-Identifier: MIT */
/* rwlocks.c - layer 8: pthread_rwlock_rdlock and its like.
 *
 * In place of libc's words:
 *
 *   __readers     WRITTEN, or how many read it; WAITING: somebody stands in the lot
 *   __cur_writer, __pad3   who writes: his thread, and which greenlet of that
 *
 * A lock that becomes free is handed to the first who waits, with him to all readers
 * if he is one, so that nobody starves.  A newcomer may read beside readers though a
 * writer waits, since he may read it already; but not if the lock's kind is the one
 * that forbids this. */
#include "locks.h"

enum { READ, WRITE };
#define WRITTEN 0x80000000u
#define WAITING 0x40000000u

static unsigned state_of(const pthread_rwlock_t *l)
{
    return __atomic_load_n(&l->__data.__readers, __ATOMIC_RELAXED);
}

static bool replace(pthread_rwlock_t *l, unsigned *from, unsigned to)
{
    return __atomic_compare_exchange_n(&l->__data.__readers, from, to, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static bool is_mine(const pthread_rwlock_t *l)
{
    int writer = __atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED);

    return writer == green__owner_thread() &&
           (!green__owners_are_greenlets() ||
            l->__data.__pad3 == (unsigned)green__parked_self());
}

static bool may_have(const pthread_rwlock_t *l, unsigned state, int wants)
{
    if (wants == WRITE)
        return state == 0;
    if (state & WRITTEN)
        return false;
    return !(state & WAITING) ||
           l->__data.__flags != PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

static bool take(pthread_rwlock_t *l, int wants)
{
    unsigned state = state_of(l);

    while (may_have(l, state, wants))
        if (replace(l, &state, wants == WRITE ? WRITTEN : state + 1))
            return true;
    return false;
}

/* Under the lock of its place: have it, or have who gives it back look here. */
static bool take_or_mark(pthread_rwlock_t *l, int wants)
{
    unsigned state;

    while (!take(l, wants)) {
        state = state_of(l);
        if (!may_have(l, state, wants) && replace(l, &state, state | WAITING))
            return false;
    }
    return true;
}

static void own(pthread_rwlock_t *l)
{
    l->__data.__pad3 = (unsigned)green__parked_self();
    __atomic_store_n(&l->__data.__cur_writer, green__owner_thread(),
                     __ATOMIC_RELAXED);
}

/* ---- giving it back ---- */

/* Under the lock of its place: who of those that wait is to have it next, and the
 * word as it is then. */
static unsigned choose(pthread_rwlock_t *l, struct lot_place *place)
{
    struct lot_waiter *first = green__lot_first(place, l), *w;
    int wants = first ? first->wants : READ;
    unsigned given = 0, waiting = 0;

    for (w = first; w; w = green__lot_next(w)) {
        w->handed = wants == WRITE ? w == first : w->wants == READ;
        w->handed ? given++ : waiting++;
    }
    return (wants == WRITE ? WRITTEN : given) | (waiting ? WAITING : 0);
}

static void wake_chosen(pthread_rwlock_t *l, struct lot_place *place)
{
    struct lot_waiter *w, *next;

    for (w = green__lot_first(place, l); w; w = next) {
        next = green__lot_next(w);
        if (w->handed)
            green__lot_wake(w);
    }
}

/* Readers come and go meanwhile.  Once nobody waits the lock may be gone, so the
 * word is set before they are woken. */
static __attribute__((noinline)) void unlock_slowly(pthread_rwlock_t *l)
{
    struct lot_place *place = green__lot_place(l);
    unsigned state;
    bool is_last;

    green__lot_lock(place);
    state = state_of(l);
    do
        is_last = state & WRITTEN || (state & ~WAITING) == 1;
    while (!replace(l, &state, is_last ? choose(l, place) : state - 1));
    if (is_last)
        wake_chosen(l, place);
    green__lot_unlock(place);
}

/* One reader less, or the writer. */
static int unlock(pthread_rwlock_t *l)
{
    unsigned state = state_of(l), left;

    if (state & WRITTEN)
        __atomic_store_n(&l->__data.__cur_writer, 0, __ATOMIC_RELAXED);
    do {
        left = state & WRITTEN ? state & ~WRITTEN : state - 1;
        if (left == WAITING) {
            unlock_slowly(l);
            return 0;
        }
    } while (!replace(l, &state, left));
    return 0;
}

/* A writer waits no more: readers that stood behind him may read beside others. */
static void readmit(pthread_rwlock_t *l, struct lot_place *place)
{
    struct lot_waiter *first;
    unsigned state, given;

    green__lot_lock(place);
    first = green__lot_first(place, l);
    state = state_of(l);
    while ((!first || first->wants == READ) && !(state & WRITTEN)) {
        given = choose(l, place);
        if (!replace(l, &state, (state & ~WAITING) + given))
            continue;
        wake_chosen(l, place);
        break;
    }
    green__lot_unlock(place);
}

/* ---- waiting ---- */

static int wait_for(pthread_rwlock_t *l, struct lot_waiter *w,
                    const struct lot_limit *limit)
{
    green__lot_lock(w->place);
    if (take_or_mark(l, w->wants)) {
        green__lot_unlock(w->place);
        return 0;
    }
    green__lot_enter(w);
    green__lot_unlock(w->place);
    return green__lot_wait(w, limit, limit ? LOT_TIME : 0) ? ETIMEDOUT : 0;
}

static __attribute__((noinline)) int lock_slowly(pthread_rwlock_t *l, int wants,
                                                 const struct lot_limit *limit,
                                                 const void *caller)
{
    struct lot_waiter w;
    int error;

    if (is_mine(l))
        return EDEADLK;
    green__lot_begin(&w, green__lot_place(l), l, WAIT_RWLOCK, caller);
    w.wants = wants;
    error = wait_for(l, &w, limit);
    green__lot_end(&w);
    if (error && wants == WRITE)
        readmit(l, w.place);
    return error;
}

static int lock(pthread_rwlock_t *l, int wants, const struct lot_limit *limit,
                const void *caller)
{
    int error = 0;

    if (limit && !green__is_limit(limit))
        return EINVAL;
    if (!take(l, wants))
        error = lock_slowly(l, wants, limit, caller);
    if (error == 0 && wants == WRITE)
        own(l);
    return error;
}

/* ---- the calls ---- */

HOOK(pthread_rwlock_rdlock, int, hook_rdlock, (pthread_rwlock_t * l));
int hook_rdlock(pthread_rwlock_t *l)
{
    if (l->__data.__shared)
        return green__libc_locks()->rwlock_rdlock(l);
    return lock(l, READ, NULL, __builtin_return_address(0));
}
HOOK_ALIAS(__pthread_rwlock_rdlock, int, hook_rdlock_2, (pthread_rwlock_t * l),
           pthread_rwlock_rdlock);

HOOK(pthread_rwlock_wrlock, int, hook_wrlock, (pthread_rwlock_t * l));
int hook_wrlock(pthread_rwlock_t *l)
{
    if (l->__data.__shared)
        return green__libc_locks()->rwlock_wrlock(l);
    return lock(l, WRITE, NULL, __builtin_return_address(0));
}
HOOK_ALIAS(__pthread_rwlock_wrlock, int, hook_wrlock_2, (pthread_rwlock_t * l),
           pthread_rwlock_wrlock);

HOOK(pthread_rwlock_tryrdlock, int, hook_tryrdlock, (pthread_rwlock_t * l));
int hook_tryrdlock(pthread_rwlock_t *l)
{
    if (l->__data.__shared)
        return green__libc_locks()->rwlock_tryrdlock(l);
    return take(l, READ) ? 0 : EBUSY;
}
HOOK_ALIAS(__pthread_rwlock_tryrdlock, int, hook_tryrdlock_2,
           (pthread_rwlock_t * l), pthread_rwlock_tryrdlock);

HOOK(pthread_rwlock_trywrlock, int, hook_trywrlock, (pthread_rwlock_t * l));
int hook_trywrlock(pthread_rwlock_t *l)
{
    if (l->__data.__shared)
        return green__libc_locks()->rwlock_trywrlock(l);
    if (!take(l, WRITE))
        return EBUSY;
    own(l);
    return 0;
}
HOOK_ALIAS(__pthread_rwlock_trywrlock, int, hook_trywrlock_2,
           (pthread_rwlock_t * l), pthread_rwlock_trywrlock);

HOOK(pthread_rwlock_clockrdlock, int, hook_clockrdlock,
     (pthread_rwlock_t * l, clockid_t clock, const struct timespec *at));
int hook_clockrdlock(pthread_rwlock_t *l, clockid_t clock,
                     const struct timespec *at)
{
    struct lot_limit limit = {clock, at};

    if (l->__data.__shared)
        return green__libc_locks()->rwlock_clockrdlock(l, clock, at);
    return lock(l, READ, &limit, __builtin_return_address(0));
}

HOOK(pthread_rwlock_clockwrlock, int, hook_clockwrlock,
     (pthread_rwlock_t * l, clockid_t clock, const struct timespec *at));
int hook_clockwrlock(pthread_rwlock_t *l, clockid_t clock,
                     const struct timespec *at)
{
    struct lot_limit limit = {clock, at};

    if (l->__data.__shared)
        return green__libc_locks()->rwlock_clockwrlock(l, clock, at);
    return lock(l, WRITE, &limit, __builtin_return_address(0));
}

HOOK(pthread_rwlock_timedrdlock, int, hook_timedrdlock,
     (pthread_rwlock_t * l, const struct timespec *at));
int hook_timedrdlock(pthread_rwlock_t *l, const struct timespec *at)
{
    struct lot_limit limit = {CLOCK_REALTIME, at};

    if (l->__data.__shared)
        return green__libc_locks()->rwlock_clockrdlock(l, CLOCK_REALTIME, at);
    return lock(l, READ, &limit, __builtin_return_address(0));
}

HOOK(pthread_rwlock_timedwrlock, int, hook_timedwrlock,
     (pthread_rwlock_t * l, const struct timespec *at));
int hook_timedwrlock(pthread_rwlock_t *l, const struct timespec *at)
{
    struct lot_limit limit = {CLOCK_REALTIME, at};

    if (l->__data.__shared)
        return green__libc_locks()->rwlock_clockwrlock(l, CLOCK_REALTIME, at);
    return lock(l, WRITE, &limit, __builtin_return_address(0));
}

HOOK(pthread_rwlock_unlock, int, hook_rwlock_unlock, (pthread_rwlock_t * l));
int hook_rwlock_unlock(pthread_rwlock_t *l)
{
    if (l->__data.__shared)
        return green__libc_locks()->rwlock_unlock(l);
    return unlock(l);
}
HOOK_ALIAS(__pthread_rwlock_unlock, int, hook_rwlock_unlock_2,
           (pthread_rwlock_t * l), pthread_rwlock_unlock);
