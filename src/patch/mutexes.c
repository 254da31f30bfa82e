/* SPDX-License-Identifier: MIT */
/* mutexes.c - layer 8: pthread_mutex_lock and its like.
 *
 * A mutex has libc's format, which its users may look at:
 *
 *   __lock   0 free, 1 held, 2 held and somebody may stand in the lot
 *   __owner, __nusers, __count   as libc has them, set by who holds it
 *   __list   libc's for robust ones; here, of who holds it, which greenlet
 *
 * Only the holder, under the lock of the place, changes a 2.  Who is woken tries
 * again, and so a newcomer may be faster; but one of its own thread who waits would
 * then never get it, so who has lost once, or LOSSES times to other threads, has it
 * handed over. */
#include "locks.h"
#include <sys/single_threaded.h>

enum {
    TYPE = 3, /* PTHREAD_MUTEX_NORMAL and so on, in __kind */
    SPECIAL = 0x10 | 0x20 | 0x40 | 0x80, /* robust, PI, PP, shared */
    LOSSES = 8,
    TRIES = 50
};

static bool is_plain(const pthread_mutex_t *m)
{
    int kind = m->__data.__kind & (SPECIAL | TYPE);

    return kind == PTHREAD_MUTEX_NORMAL || kind == PTHREAD_MUTEX_ADAPTIVE_NP;
}

static bool is_special(const pthread_mutex_t *m)
{
    return m->__data.__kind & SPECIAL;
}

/* ---- the word ---- */

static inline bool replace_lock(pthread_mutex_t *m, int from, int to)
{
    return __atomic_compare_exchange_n(&m->__data.__lock, &from, to, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline bool take(pthread_mutex_t *m)
{
    if (!__libc_single_threaded)
        return replace_lock(m, 0, 1);
    if (m->__data.__lock != 0)
        return false;
    m->__data.__lock = 1;
    return true;
}

static inline bool give(pthread_mutex_t *m)
{
    if (!__libc_single_threaded)
        return replace_lock(m, 1, 0);
    if (m->__data.__lock != 1)
        return false;
    m->__data.__lock = 0;
    return true;
}

/* Under the lock of its place: have it, or have whoever holds it look here. */
static bool take_or_mark(pthread_mutex_t *m, struct lot_place *place)
{
    for (;;) {
        if (replace_lock(m, 0, green__lot_first(place, m) ? 2 : 1))
            return true;
        if (replace_lock(m, 1, 2) ||
            __atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) == 2)
            return false;
    }
}

/* ---- the owner ---- */

static inline void own(pthread_mutex_t *m)
{
    m->__data.__owner = green__owner_thread();
    m->__data.__nusers++;
}

static inline void disown(pthread_mutex_t *m)
{
    m->__data.__owner = 0;
    m->__data.__nusers--;
}

static void own_as_greenlet(pthread_mutex_t *m)
{
    m->__data.__count = 1;
    m->__data.__list.__prev = (void *)(uintptr_t)green__parked_self();
    own(m);
}

/* Read without a lock: only who holds it finds himself there. */
static bool is_mine(const pthread_mutex_t *m)
{
    int owner = __atomic_load_n(&m->__data.__owner, __ATOMIC_RELAXED);

    return owner == green__owner_thread() &&
           (!green__owners_are_greenlets() ||
            (uintptr_t)m->__data.__list.__prev == green__parked_self());
}

/* ---- waiting ---- */

static bool take_soon(pthread_mutex_t *m)
{
    if (m->__data.__owner == green__owner_thread())
        return false; /* who runs on this thread does not give it back meanwhile */
    for (int i = 0; i < TRIES; i++) {
        if (__atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) == 0 &&
            take(m))
            return true;
        __asm__ volatile("" ::: "memory");
    }
    return false;
}

static int wait_for(pthread_mutex_t *m, struct lot_waiter *w,
                    const struct lot_limit *limit)
{
    int error;

    for (;;) {
        green__lot_lock(w->place);
        if (take_or_mark(m, w->place)) {
            green__lot_unlock(w->place);
            return 0;
        }
        green__lot_enter(w);
        green__lot_unlock(w->place);
        error = green__lot_wait(w, limit, limit ? LOT_TIME : 0);
        if (error || w->handed)
            return error;
        w->lost++;
    }
}

/* A lock cannot say that it was not got, and few look whether it was: so only that
 * with a time can be ended, by a kill or a scope as by its time. */
static __attribute__((noinline)) int lock_slowly(pthread_mutex_t *m,
                                                 const struct lot_limit *limit,
                                                 const void *caller)
{
    struct lot_waiter w;
    int error;

    if (limit && !green__is_limit(limit))
        return EINVAL;
    if (take_soon(m))
        return 0;
    green__lot_begin(&w, green__lot_place(m), m, WAIT_MUTEX, caller);
    error = wait_for(m, &w, limit);
    green__lot_end(&w);
    return error ? ETIMEDOUT : 0;
}

static bool is_to_be_handed(const struct lot_waiter *w)
{
    if (w->is_greenlet && green__parked_here(&w->parked))
        return w->lost > 0;
    return w->lost >= LOSSES;
}

/* From the moment it is free it may be gone: its memory is not looked at again. */
static __attribute__((noinline)) void unlock_slowly(pthread_mutex_t *m)
{
    struct lot_place *place = green__lot_place(m);
    struct lot_waiter *w;

    green__lot_lock(place);
    w = green__lot_first(place, m);
    if (w && is_to_be_handed(w))
        w->handed = true;
    else
        __atomic_store_n(&m->__data.__lock, 0, __ATOMIC_RELEASE);
    if (w)
        green__lot_wake(w);
    green__lot_unlock(place);
}

/* ---- recursive and error-checking ones ---- */

static int lock_again(pthread_mutex_t *m)
{
    if ((m->__data.__kind & TYPE) == PTHREAD_MUTEX_ERRORCHECK)
        return EDEADLK;
    if (m->__data.__count + 1 == 0)
        return EAGAIN;
    m->__data.__count++;
    return 0;
}

static int lock_checked(pthread_mutex_t *m, const struct lot_limit *limit,
                        const void *caller)
{
    int error = 0;

    if (is_mine(m))
        return lock_again(m);
    if (!take(m))
        error = lock_slowly(m, limit, caller);
    if (error == 0)
        own_as_greenlet(m);
    return error;
}

static int unlock_checked(pthread_mutex_t *m)
{
    if (m->__data.__lock == 0 || !is_mine(m))
        return EPERM;
    if (--m->__data.__count > 0)
        return 0;
    disown(m);
    if (!give(m))
        unlock_slowly(m);
    return 0;
}

static int try_checked(pthread_mutex_t *m)
{
    if (is_mine(m))
        return (m->__data.__kind & TYPE) == PTHREAD_MUTEX_ERRORCHECK
                   ? EBUSY
                   : lock_again(m);
    if (!take(m))
        return EBUSY;
    own_as_greenlet(m);
    return 0;
}

/* ---- the calls ---- */

static int lock_until(pthread_mutex_t *m, const struct lot_limit *limit,
                      const void *caller)
{
    int error = 0;

    if (!is_plain(m))
        return lock_checked(m, limit, caller);
    if (!take(m))
        error = lock_slowly(m, limit, caller);
    if (error == 0)
        own(m);
    return error;
}

int green__mutex_lock(pthread_mutex_t *m, const void *caller)
{
    if (is_special(m))
        return green__libc_locks()->mutex_lock(m);
    return lock_until(m, NULL, caller);
}

HOOK(pthread_mutex_lock, int, hook_mutex_lock, (pthread_mutex_t * m));
int hook_mutex_lock(pthread_mutex_t *m)
{
    if (__builtin_expect(is_plain(m) && take(m), true)) {
        own(m);
        return 0;
    }
    return green__mutex_lock(m, __builtin_return_address(0));
}
HOOK_ALIAS(__pthread_mutex_lock, int, hook_mutex_lock_2, (pthread_mutex_t * m),
           pthread_mutex_lock);

int green__mutex_unlock(pthread_mutex_t *m)
{
    if (is_plain(m)) {
        disown(m);
        if (!give(m))
            unlock_slowly(m);
        return 0;
    }
    if (is_special(m))
        return green__libc_locks()->mutex_unlock(m);
    return unlock_checked(m);
}

HOOK(pthread_mutex_unlock, int, hook_mutex_unlock, (pthread_mutex_t * m));
int hook_mutex_unlock(pthread_mutex_t *m)
{
    return green__mutex_unlock(m);
}
HOOK_ALIAS(__pthread_mutex_unlock, int, hook_mutex_unlock_2,
           (pthread_mutex_t * m), pthread_mutex_unlock);

HOOK(pthread_mutex_trylock, int, hook_mutex_trylock, (pthread_mutex_t * m));
int hook_mutex_trylock(pthread_mutex_t *m)
{
    if (is_special(m))
        return green__libc_locks()->mutex_trylock(m);
    if (!is_plain(m))
        return try_checked(m);
    if (!take(m))
        return EBUSY;
    own(m);
    return 0;
}
HOOK_ALIAS(__pthread_mutex_trylock, int, hook_mutex_trylock_2,
           (pthread_mutex_t * m), pthread_mutex_trylock);

static int lock_by_clock(pthread_mutex_t *m, clockid_t clock,
                         const struct timespec *at, const void *caller)
{
    struct lot_limit limit = {clock, at};

    if (is_special(m))
        return green__libc_locks()->mutex_clocklock(m, clock, at);
    return lock_until(m, &limit, caller);
}

HOOK(pthread_mutex_timedlock, int, hook_mutex_timedlock,
     (pthread_mutex_t * m, const struct timespec *at));
int hook_mutex_timedlock(pthread_mutex_t *m, const struct timespec *at)
{
    return lock_by_clock(m, CLOCK_REALTIME, at, __builtin_return_address(0));
}

HOOK(pthread_mutex_clocklock, int, hook_mutex_clocklock,
     (pthread_mutex_t * m, clockid_t clock, const struct timespec *at));
int hook_mutex_clocklock(pthread_mutex_t *m, clockid_t clock,
                         const struct timespec *at)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    return lock_by_clock(m, clock, at, __builtin_return_address(0));
}
