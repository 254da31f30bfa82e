/* SPDX-License-Identifier: MIT */
/* meetings.c - layer 8: pthread_barrier_wait, pthread_once, pthread_spin_lock. */
#include <sched.h>
#include "locks.h"

/* ---- barriers: libc's, of which only `in` is used while one waits here ---- */

struct barrier {
    unsigned in, round, count;
    int shared;
    unsigned out;
};
_Static_assert(sizeof(struct barrier) <= sizeof(pthread_barrier_t),
               "room for libc's own");

/* Under the lock of its place.  Once they run it may be gone. */
static bool is_complete(struct barrier *b, struct lot_place *place)
{
    if (++b->in < b->count)
        return false;
    b->in = 0;
    green__lot_wake_all(place, b);
    return true;
}

HOOK(pthread_barrier_wait, int, hook_barrier_wait, (pthread_barrier_t * b));
int hook_barrier_wait(pthread_barrier_t *barrier)
{
    struct barrier *b = (struct barrier *)(void *)barrier;
    struct lot_waiter w;
    bool is_last;

    if (b->shared)
        return green__libc_locks()->barrier_wait(barrier);
    green__lot_begin(&w, green__lot_place(b), b, WAIT_BARRIER,
                     __builtin_return_address(0));
    green__lot_lock(w.place);
    is_last = is_complete(b, w.place);
    if (!is_last)
        green__lot_enter(&w);
    green__lot_unlock(w.place);
    if (!is_last)
        green__lot_wait(&w, NULL, 0);
    green__lot_end(&w);
    return is_last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

/* ---- once: 0, 2 when it is done as libc has it, and while somebody is at it the
 * number of forks so far: if that is not ours, it was a thread of the parent's ---- */

enum { FRESH = 0, DONE = 2, BUSY = 1, ONE_FORK = 4 };

static int forks; /* in this process and those that it comes from, times 4 */

static void begin_child(void)
{
    forks += ONE_FORK;
}

static void __attribute__((constructor)) watch_forks(void)
{
    pthread_atfork(NULL, NULL, begin_child);
}

static void leave_once(pthread_once_t *once, int state)
{
    struct lot_place *place = green__lot_place(once);

    green__lot_lock(place);
    __atomic_store_n(once, state, __ATOMIC_RELEASE);
    green__lot_wake_all(place, once);
    green__lot_unlock(place);
}

/* By an exception or the end of the thread. */
static void left_early(void *once)
{
    leave_once(once, FRESH);
}

static void do_once(pthread_once_t *once, void (*fn)(void))
{
    pthread_cleanup_push(left_early, once);
    fn();
    pthread_cleanup_pop(0);
    leave_once(once, DONE);
}

/* Wait while somebody is at it. */
static void await_once(pthread_once_t *once, int busy, const void *caller)
{
    struct lot_waiter w;
    bool is_busy;

    green__lot_begin(&w, green__lot_place(once), once, WAIT_ONCE, caller);
    green__lot_lock(w.place);
    is_busy = __atomic_load_n(once, __ATOMIC_RELAXED) == busy;
    if (is_busy)
        green__lot_enter(&w);
    green__lot_unlock(w.place);
    if (is_busy)
        green__lot_wait(&w, NULL, 0);
    green__lot_end(&w);
}

static void begin_once(pthread_once_t *once, void (*fn)(void),
                       const void *caller)
{
    int busy = forks | BUSY, state;

    while ((state = __atomic_load_n(once, __ATOMIC_ACQUIRE)) != DONE) {
        if (state == busy) {
            await_once(once, busy, caller);
        } else if (__atomic_compare_exchange_n(once, &state, busy, false,
                                               __ATOMIC_ACQUIRE,
                                               __ATOMIC_RELAXED)) {
            do_once(once, fn);
            return;
        }
    }
}

HOOK(pthread_once, int, hook_once, (pthread_once_t * once, void (*fn)(void)));
int hook_once(pthread_once_t *once, void (*fn)(void))
{
    if (__atomic_load_n(once, __ATOMIC_ACQUIRE) != DONE)
        begin_once(once, fn, __builtin_return_address(0));
    return 0;
}
HOOK_ALIAS(__pthread_once, int, hook_once_2,
           (pthread_once_t * once, void (*fn)(void)), pthread_once);

HOOK(call_once, void, hook_call_once,
     (pthread_once_t * once, void (*fn)(void)));
void hook_call_once(pthread_once_t *once, void (*fn)(void))
{
    if (__atomic_load_n(once, __ATOMIC_ACQUIRE) != DONE)
        begin_once(once, fn, __builtin_return_address(0));
}

/* ---- spinning: whoever holds it may be a greenlet of this thread ---- */

enum { TRIES = 100 };

static void let_others_run(void)
{
    green_scope_t shield;
    int saved_errno = errno;

    green_shield_begin(&shield, GREEN_FOREVER);
    green_yield();
    green_scope_end(&shield);
    errno = saved_errno;
}

HOOK(pthread_spin_lock, int, hook_spin_lock, (pthread_spinlock_t * l));
int hook_spin_lock(pthread_spinlock_t *l)
{
    const void *caller = __builtin_return_address(0);

    for (int i = 1; pthread_spin_trylock(l) != 0; i++)
        if (i % TRIES == 0 && green__may_park(caller))
            let_others_run();
    return 0;
}
