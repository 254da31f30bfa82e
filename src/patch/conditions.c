/* SPDX-License-Identifier: MIT */
/* conditions.c - layer 8: pthread_cond_wait and its like.
 *
 * All that there is of a condition is who stands in the lot.  Who waits stands there
 * before the mutex is free; who signals without the mutex, but after a change under
 * it, so sees him.  The object is only asked for its clock, and whether processes
 * share it: then it is libc's. */
#include "locks.h"

enum { SHARED = 1, MONOTONIC = 2 }; /* in __wrefs */

static bool is_shared(const pthread_cond_t *c)
{
    return __atomic_load_n(&c->__data.__wrefs, __ATOMIC_RELAXED) & SHARED;
}

struct wait {
    pthread_cond_t *cond;
    pthread_mutex_t *mutex;
    const void *caller;
};

/* The mutex is taken back whatever happens, also when the thread is cancelled. */
static void take_back(void *arg)
{
    struct wait *wait = arg;

    (void)green__mutex_lock(wait->mutex, wait->caller);
}

static int enter(struct lot_waiter *w, pthread_mutex_t *m)
{
    int error;

    green__lot_lock(w->place);
    green__lot_enter(w);
    green__lot_unlock(w->place);
    error = green__mutex_unlock(m);
    if (error == 0)
        return 0;
    green__lot_leave(w);
    return error;
}

static int wait_entered(struct wait *wait, struct lot_waiter *w,
                        const struct lot_limit *limit)
{
    unsigned ends = LOT_CANCEL | (limit ? LOT_TIME : 0);
    int error, of_mutex;

    pthread_cleanup_push(take_back, wait);
    error = green__lot_wait(w, limit, ends);
    pthread_cleanup_pop(0);
    of_mutex = green__mutex_lock(wait->mutex, wait->caller);
    return of_mutex ? of_mutex : error ? ETIMEDOUT : 0;
}

/* Callers of one without a time take an error for the end of the world, so nothing
 * but a signal ends it.  To one with a time a kill or a scope is its time. */
static int wait_until(struct wait *wait, const struct lot_limit *limit)
{
    struct lot_waiter w;
    int error;

    if (limit && !green__is_limit(limit))
        return EINVAL;
    green__lot_begin(&w, green__lot_place(wait->cond), wait->cond, WAIT_COND,
                     wait->caller);
    error = enter(&w, wait->mutex);
    if (error == 0)
        error = wait_entered(wait, &w, limit);
    green__lot_end(&w);
    return error;
}

HOOK(pthread_cond_wait, int, hook_cond_wait,
     (pthread_cond_t * c, pthread_mutex_t *m));
int hook_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    struct wait wait = {c, m, __builtin_return_address(0)};

    if (is_shared(c))
        return green__libc_locks()->cond_wait(c, m);
    return wait_until(&wait, NULL);
}

HOOK(pthread_cond_timedwait, int, hook_cond_timedwait,
     (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *at));
int hook_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
                        const struct timespec *at)
{
    struct wait wait = {c, m, __builtin_return_address(0)};
    bool monotonic = c->__data.__wrefs & MONOTONIC;
    struct lot_limit limit = {monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, at};

    if (is_shared(c))
        return green__libc_locks()->cond_timedwait(c, m, at);
    return wait_until(&wait, &limit);
}

HOOK(pthread_cond_clockwait, int, hook_cond_clockwait,
     (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock,
      const struct timespec *at));
int hook_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
                        const struct timespec *at)
{
    struct wait wait = {c, m, __builtin_return_address(0)};
    struct lot_limit limit = {clock, at};

    if (is_shared(c))
        return green__libc_locks()->cond_clockwait(c, m, clock, at);
    return wait_until(&wait, &limit);
}

HOOK(pthread_cond_signal, int, hook_cond_signal, (pthread_cond_t * c));
int hook_cond_signal(pthread_cond_t *c)
{
    struct lot_place *place = green__lot_place(c);
    struct lot_waiter *w;

    if (is_shared(c))
        return green__libc_locks()->cond_signal(c);
    if (lot_is_empty(place))
        return 0;
    green__lot_lock(place);
    w = green__lot_first(place, c);
    if (w)
        green__lot_wake(w);
    green__lot_unlock(place);
    return 0;
}

HOOK(pthread_cond_broadcast, int, hook_cond_broadcast, (pthread_cond_t * c));
int hook_cond_broadcast(pthread_cond_t *c)
{
    struct lot_place *place = green__lot_place(c);

    if (is_shared(c))
        return green__libc_locks()->cond_broadcast(c);
    if (lot_is_empty(place))
        return 0;
    green__lot_lock(place);
    green__lot_wake_all(place, c);
    green__lot_unlock(place);
    return 0;
}
