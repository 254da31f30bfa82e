/* SPDX-License-Identifier: MIT */
/* semaphores.c - layer 8: sem_wait and its like.
 *
 * A semaphore is libc's: its value in the lower half of a word, how many wait in the
 * upper.  Threads wait there; a greenlet stands in the lot, and is counted there,
 * too.  What is posted goes to a greenlet or to the threads in turns, to a greenlet
 * from hand to hand.  sem_post is for signal handlers, too: see lot.h. */
#include <linux/futex.h>
#include <limits.h>
#include <sys/syscall.h>
#include "locks.h"

/* libc's, where a word has 64 bits. */
struct sem {
    uint64_t word;
    int shared;
    int unused;
};
_Static_assert(sizeof(struct sem) <= sizeof(sem_t), "room for libc's own");

#define ONE_WAITS (UINT64_C(1) << 32)
#define VALUE_OF(word) ((uint32_t)(word))

static struct sem *sem_of(sem_t *s)
{
    return (struct sem *)(void *)s;
}

static bool replace(struct sem *s, uint64_t *from, uint64_t to)
{
    return __atomic_compare_exchange_n(&s->word, from, to, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Take one, and `also` off the word. */
static bool take(struct sem *s, uint64_t also)
{
    uint64_t word = __atomic_load_n(&s->word, __ATOMIC_RELAXED);

    while (VALUE_OF(word) > 0)
        if (replace(s, &word, word - 1 - also))
            return true;
    return false;
}

static bool is_shared(const struct sem *s)
{
    return s->shared != 0;
}

/* ---- waiting ---- */

static int fail(int error)
{
    errno = error;
    return -1;
}

/* Counted as one who waits, so that a post comes to the lot. */
static int park(struct sem *s, struct lot_waiter *w,
                const struct lot_limit *limit)
{
    int error;

    __atomic_fetch_add(&s->word, ONE_WAITS, __ATOMIC_SEQ_CST);
    for (;; w->lost++) {
        green__lot_lock(w->place);
        if (take(s, ONE_WAITS)) {
            green__lot_unlock(w->place);
            return 0;
        }
        green__lot_enter(w);
        green__lot_unlock(w->place);
        error = green__lot_wait(w, limit, LOT_ALWAYS);
        if (error)
            __atomic_fetch_sub(&s->word, ONE_WAITS, __ATOMIC_RELEASE);
        if (error || w->handed)
            return error;
    }
}

static int wait_in_lot(struct sem *s, const struct lot_limit *limit,
                       const void *caller)
{
    struct lot_waiter w;
    int error;

    green__lot_begin(&w, green__lot_place_of_sem(s), s, WAIT_SEM, caller);
    error = w.is_greenlet ? park(s, &w, limit) : EAGAIN;
    green__lot_end(&w);
    return error;
}

HOOK(sem_wait, int, hook_sem_wait, (sem_t * sem));
int hook_sem_wait(sem_t *sem)
{
    struct sem *s = sem_of(sem);
    const void *caller = __builtin_return_address(0);
    int error = EAGAIN;

    if (take(s, 0))
        return 0;
    if (!is_shared(s) && green__may_park(caller))
        error = wait_in_lot(s, NULL, caller);
    if (error == EAGAIN)
        return green__libc_locks()->sem_wait(sem);
    return error ? fail(error) : 0;
}

static int wait_by_clock(sem_t *sem, clockid_t clock, const struct timespec *at,
                         const void *caller)
{
    struct sem *s = sem_of(sem);
    struct lot_limit limit = {clock, at};
    int error = EAGAIN;

    if (!green__is_limit(&limit))
        return fail(EINVAL);
    if (take(s, 0))
        return 0;
    if (!is_shared(s) && green__may_park(caller))
        error = wait_in_lot(s, &limit, caller);
    if (error == EAGAIN)
        return green__libc_locks()->sem_clockwait(sem, clock, at);
    return error ? fail(error) : 0;
}

HOOK(sem_timedwait, int, hook_sem_timedwait,
     (sem_t * sem, const struct timespec *at));
int hook_sem_timedwait(sem_t *sem, const struct timespec *at)
{
    return wait_by_clock(sem, CLOCK_REALTIME, at, __builtin_return_address(0));
}

HOOK(sem_clockwait, int, hook_sem_clockwait,
     (sem_t * sem, clockid_t clock, const struct timespec *at));
int hook_sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *at)
{
    return wait_by_clock(sem, clock, at, __builtin_return_address(0));
}

/* ---- posting ---- */

/* Under the lock of its place, with somebody counted as waiting. */
static struct lot_waiter *next_of(struct sem *s, struct lot_place *place)
{
    struct lot_waiter *first = green__lot_first(place, s), *w;
    uint64_t waiting = __atomic_load_n(&s->word, __ATOMIC_RELAXED) >> 32;

    for (w = first; w; w = green__lot_next(w))
        waiting--;
    if (waiting > 0 && place->threads_turn)
        first = NULL;
    place->threads_turn = first != NULL;
    return first;
}

/* Nobody looks at the semaphore once somebody may have got what was posted. */
static int add(struct sem *s, bool *somebody_waits)
{
    uint64_t word = __atomic_load_n(&s->word, __ATOMIC_RELAXED);

    do {
        if (VALUE_OF(word) == SEM_VALUE_MAX)
            return EOVERFLOW;
        *somebody_waits = word >= ONE_WAITS;
    } while (!replace(s, &word, word + 1));
    return 0;
}

/* When it is the threads' turn a greenlet looks, too: they may have left. */
static int post_to_who_waits(struct sem *s)
{
    struct lot_place *place = green__lot_place_of_sem(s);
    struct lot_waiter *w;
    bool somebody_waits = false;
    int error = 0;

    green__lot_lock(place);
    w = next_of(s, place);
    if (w) {
        w->handed = true;
        __atomic_fetch_sub(&s->word, ONE_WAITS, __ATOMIC_RELEASE);
    } else {
        error = add(s, &somebody_waits);
        w = green__lot_first(place, s);
    }
    if (w)
        green__lot_wake(w);
    green__lot_unlock(place);
    if (somebody_waits)
        green__call(SYS_futex, (long)s, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    return error;
}

HOOK(sem_post, int, hook_sem_post, (sem_t * sem));
int hook_sem_post(sem_t *sem)
{
    struct sem *s = sem_of(sem);
    uint64_t word = __atomic_load_n(&s->word, __ATOMIC_RELAXED);
    int error;

    if (is_shared(s))
        return green__libc_locks()->sem_post(sem);
    while (word < ONE_WAITS && VALUE_OF(word) < SEM_VALUE_MAX)
        if (replace(s, &word, word + 1))
            return 0;
    error = post_to_who_waits(s);
    return error ? fail(error) : 0;
}
