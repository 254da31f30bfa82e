/* SPDX-License-Identifier: MIT */
/* lot.c - layer 8: where greenlets and threads wait for libc's locks. */
#include "lot.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>

enum { PLACES = 256, PLACES_OF_SEMS = 64, TRIES = 100 };

static struct lot_place places[PLACES], places_of_sems[PLACES_OF_SEMS];

static size_t hash_of(const void *object)
{
    return (size_t)(((uintptr_t)object >> 3) * UINT64_C(0x9e3779b97f4a7c15) >>
                    40);
}

struct lot_place *green__lot_place(const void *object)
{
    return &places[hash_of(object) % PLACES];
}

struct lot_place *green__lot_place_of_sem(const void *sem)
{
    return &places_of_sems[hash_of(sem) % PLACES_OF_SEMS];
}

static bool is_of_sems(const struct lot_place *p)
{
    return p >= places_of_sems && p < places_of_sems + PLACES_OF_SEMS;
}

/* ---- the lock of a place ---- */

static long futex(atomic_int *word, int operation, int value,
                  const struct timespec *until)
{
    return green__call(SYS_futex, (long)word, operation, value, (long)until, 0,
                       FUTEX_BITSET_MATCH_ANY);
}

static void lock_word(atomic_int *word)
{
    int free = 0;

    for (int i = 0; i < TRIES; i++, free = 0)
        if (atomic_compare_exchange_weak(word, &free, 1))
            return;
    while (atomic_exchange(word, 2) != 0)
        futex(word, FUTEX_WAIT_PRIVATE, 2, NULL);
}

void green__lot_lock(struct lot_place *p)
{
    unsigned long all = ~0UL, mask = 0;

    if (is_of_sems(p))
        green__call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask,
                    sizeof mask, 0, 0);
    lock_word(&p->lock);
    p->mask = mask;
}

void green__lot_unlock(struct lot_place *p)
{
    unsigned long mask = p->mask;

    if (atomic_exchange(&p->lock, 0) == 2)
        futex(&p->lock, FUTEX_WAKE_PRIVATE, 1, NULL);
    if (is_of_sems(p))
        green__call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0,
                    sizeof mask, 0, 0);
}

/* The child of a fork has no other thread, and no greenlet that waits. */
static void empty(struct lot_place *p)
{
    p->first = p->last = NULL;
    atomic_store(&p->n, 0);
    atomic_store(&p->lock, 0);
}

static void begin_child(void)
{
    for (size_t i = 0; i < PLACES; i++)
        empty(&places[i]);
    for (size_t i = 0; i < PLACES_OF_SEMS; i++)
        empty(&places_of_sems[i]);
}

static void __attribute__((constructor)) watch_forks(void)
{
    pthread_atfork(NULL, NULL, begin_child);
}

/* ---- who stands there ---- */

void green__lot_enter(struct lot_waiter *w)
{
    struct lot_place *p = w->place;
    struct lot_waiter *before = w->lost > 0 ? NULL : p->last;
    struct lot_waiter *after = w->lost > 0 ? p->first : NULL;

    w->woken = w->handed = false;
    w->parked.came = false;
    atomic_store_explicit(&w->signal, 0, memory_order_relaxed);
    w->previous = before;
    w->next = after;
    *(before ? &before->next : &p->first) = w;
    *(after ? &after->previous : &p->last) = w;
    atomic_fetch_add(&p->n, 1);
}

static void take_out(struct lot_waiter *w)
{
    struct lot_place *p = w->place;

    *(w->previous ? &w->previous->next : &p->first) = w->next;
    *(w->next ? &w->next->previous : &p->last) = w->previous;
    atomic_fetch_sub(&p->n, 1);
}

static struct lot_waiter *find(struct lot_waiter *w, const void *object)
{
    while (w && w->object != object)
        w = w->next;
    return w;
}

struct lot_waiter *green__lot_first(struct lot_place *p, const void *object)
{
    return find(p->first, object);
}

struct lot_waiter *green__lot_next(const struct lot_waiter *w)
{
    return find(w->next, w->object);
}

/* A post to a semaphore may come in the midst of the hub's own work, so that is
 * sent a message. */
void green__lot_wake(struct lot_waiter *w)
{
    take_out(w);
    w->woken = true;
    if (w->is_greenlet && is_of_sems(w->place)) {
        green__parked_post(&w->parked);
    } else if (w->is_greenlet) {
        green__parked_wake(&w->parked);
    } else {
        atomic_store(&w->signal, 1);
        futex(&w->signal, FUTEX_WAKE_PRIVATE, 1, NULL);
    }
}

void green__lot_wake_all(struct lot_place *p, const void *object)
{
    struct lot_waiter *w, *next;

    for (w = green__lot_first(p, object); w; w = next) {
        next = green__lot_next(w);
        green__lot_wake(w);
    }
}

/* Its hub ends, and the greenlet with it. */
static void withdraw(struct parked *parked)
{
    void *at = (char *)parked - offsetof(struct lot_waiter, parked);
    struct lot_waiter *w = at;

    green__lot_lock(w->place);
    if (!w->woken)
        take_out(w);
    w->woken = true;
    green__lot_unlock(w->place);
}

void green__lot_begin_as(struct lot_waiter *w, struct lot_place *place,
                         const void *object, enum green_reason reason,
                         bool greenlet)
{
    int saved_errno = errno;

    w->place = place;
    w->object = object;
    w->reason = reason;
    w->wants = 0;
    w->lost = 0;
    w->woken = true; /* it does not stand there yet */
    w->is_greenlet = greenlet && green__parked_begin(&w->parked, withdraw) == 0;
    errno = saved_errno;
}

void green__lot_end(struct lot_waiter *w)
{
    if (w->is_greenlet)
        green__parked_end(&w->parked);
}

/* ---- time ---- */

bool green__is_limit(const struct lot_limit *limit)
{
    return (limit->clock == CLOCK_REALTIME ||
            limit->clock == CLOCK_MONOTONIC) &&
           limit->at->tv_nsec >= 0 && limit->at->tv_nsec < GREEN_SEC;
}

/* Nanoseconds until then; at least one hour is as good as any more. */
static int64_t left_until(const struct lot_limit *limit)
{
    struct timespec now;
    int64_t seconds;

    clock_gettime(limit->clock, &now);
    seconds = (int64_t)limit->at->tv_sec - now.tv_sec;
    if (seconds > 3600)
        return 3600 * GREEN_SEC;
    if (limit->at->tv_sec < 0 || seconds < 0)
        return 0;
    return seconds * GREEN_SEC + limit->at->tv_nsec - now.tv_nsec;
}

/* ---- waiting ---- */

bool green__lot_leave(struct lot_waiter *w)
{
    bool was_there;

    green__lot_lock(w->place);
    was_there = !w->woken;
    if (was_there)
        take_out(w);
    w->woken = true;
    green__lot_unlock(w->place);
    return was_there;
}

/* Once the limit of the clock has passed: is there more of it, as the clock was set
 * back, or the wait one of hours?  A scope's time or a kill ends the wait at once. */
static int park_until(struct lot_waiter *w, const struct lot_limit *limit)
{
    int64_t left;

    for (;;) {
        left = limit ? left_until(limit) : GREEN_FOREVER;
        if (left <= 0)
            return ETIMEDOUT;
        if (green__parked_wait(&w->parked, left, w->reason,
                               (uintptr_t)w->object) == 0)
            return 0;
        if (errno != ETIMEDOUT || !limit || green_checkpoint() != 0)
            return errno;
    }
}

/* Who was woken at the last moment has a message under way, into its frame. */
static int wait_as_greenlet(struct lot_waiter *w, const struct lot_limit *limit,
                            unsigned ends)
{
    green_scope_t shield;
    int error = 0;

    green__hook_waits();
    if (ends & (LOT_TIME | LOT_ALWAYS))
        error = park_until(w, limit);
    if (error && green__lot_leave(w))
        return error;
    green_shield_begin(&shield, GREEN_FOREVER);
    while (green__parked_wait(&w->parked, GREEN_FOREVER, w->reason,
                              (uintptr_t)w->object) != 0)
        continue;
    green_scope_end(&shield);
    green__lot_lock(w->place); /* until who woke it has let go of it */
    green__lot_unlock(w->place);
    return 0;
}

static int wait_as_thread(struct lot_waiter *w, const struct lot_limit *limit)
{
    int operation = FUTEX_WAIT_BITSET_PRIVATE;
    long r = 0;

    if (limit && limit->clock == CLOCK_REALTIME)
        operation |= FUTEX_CLOCK_REALTIME;
    if (limit && limit->at->tv_sec < 0)
        r = -ETIMEDOUT;
    while (r != -ETIMEDOUT && atomic_load(&w->signal) == 0)
        r = futex(&w->signal, operation, 0, limit ? limit->at : NULL);
    if (!green__lot_leave(w))
        return 0;
    return ETIMEDOUT;
}

/* Cancelled.  What it may have got just then is somebody else's. */
static void give_up(void *arg)
{
    struct lot_waiter *w = arg, *other;

    if (green__lot_leave(w))
        return;
    green__lot_lock(w->place);
    other = green__lot_first(w->place, w->object);
    if (other)
        green__lot_wake(other);
    green__lot_unlock(w->place);
}

static int wait_as_cancelable(struct lot_waiter *w,
                              const struct lot_limit *limit)
{
    int type, error;

    pthread_cleanup_push(give_up, w);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    error = wait_as_thread(w, limit);
    pthread_setcanceltype(type, NULL);
    pthread_cleanup_pop(0);
    return error;
}

int green__lot_wait(struct lot_waiter *w, const struct lot_limit *limit,
                    unsigned ends)
{
    int saved_errno = errno, error;

    if (w->is_greenlet)
        error = wait_as_greenlet(w, limit, ends);
    else if (ends & LOT_CANCEL)
        error = wait_as_cancelable(w, limit);
    else
        error = wait_as_thread(w, limit);
    errno = saved_errno;
    return error;
}
