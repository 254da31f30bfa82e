/* SPDX-License-Identifier: MIT */
/* futex.c - futexes of tasks, by address.
 *
 * A futex that is not private may be waited for, and woken, in other processes.
 * Wake-ups of ours go to both; who waits here for one that comes from there looks
 * now and then, and returns as if woken for nothing, which every user of futexes
 * must allow for. */
#include "futex.h"
#include <linux/futex.h>
#include <time.h>
#include "list.h"

enum { BUCKETS = 4096, GLANCE = 10 * MILLISECOND };

struct futex_wait {
    struct green_waiter waiter; /* first */
    struct task *task;
    int *address;
    uint32_t bits;
};

static green_waiters_t buckets[BUCKETS];

static green_waiters_t *bucket_of(const int *address)
{
    uint64_t hash = ((uintptr_t)address >> 2) * UINT64_C(0x9e3779b97f4a7c15);

    return &buckets[hash >> 52];
}

static int load(const int *address)
{
    return __atomic_load_n(address, __ATOMIC_SEQ_CST);
}

/* ---- waking ---- */

static int wake_here(int *address, int n, uint32_t bits)
{
    green_waiters_t *bucket = bucket_of(address);
    struct green_waiter *g = bucket->first, *next;
    int woken = 0;

    for (; g && woken < n; g = next) {
        struct futex_wait *w = (struct futex_wait *)g;

        next = g->next;
        if (w->address != address || !(w->bits & bits) ||
            w->task->state != TASK_WAITING)
            continue;
        list_remove(g);
        task_wake(w->task, WOKEN_DONE);
        woken++;
    }
    return woken;
}

long futex_wake(int *address, int n, uint32_t bits, bool private)
{
    long woken = wake_here(address, n, bits), others;

    if (private || woken >= n)
        return woken;
    others = kernel_call(SYS_futex, (long)address, FUTEX_WAKE_BITSET, n - woken,
                         0, 0, bits);
    return others > 0 ? woken + others : woken;
}

static long requeue(struct call *c, bool private)
{
    int *from = (int *)c->a[0], *to = (int *)c->a[4];
    long woken =
        futex_wake(from, (int)c->a[2], FUTEX_BITSET_MATCH_ANY, private);
    green_waiters_t *bucket = bucket_of(from);
    struct green_waiter *g = bucket->first, *next;
    long left = c->a[3];

    for (; g && left > 0; g = next) {
        struct futex_wait *w = (struct futex_wait *)g;

        next = g->next;
        if (w->address != from)
            continue;
        list_remove(g);
        w->address = to;
        list_append(bucket_of(to), g);
        left--;
        woken++;
    }
    return woken;
}

static bool compare(int cmp, int old, int with)
{
    switch (cmp) {
    case FUTEX_OP_CMP_EQ:
        return old == with;
    case FUTEX_OP_CMP_NE:
        return old != with;
    case FUTEX_OP_CMP_LT:
        return old < with;
    case FUTEX_OP_CMP_LE:
        return old <= with;
    case FUTEX_OP_CMP_GT:
        return old > with;
    default:
        return old >= with;
    }
}

static int operate(int op, int *address, int with)
{
    switch (op) {
    case FUTEX_OP_SET:
        return __atomic_exchange_n(address, with, __ATOMIC_SEQ_CST);
    case FUTEX_OP_ADD:
        return __atomic_fetch_add(address, with, __ATOMIC_SEQ_CST);
    case FUTEX_OP_OR:
        return __atomic_fetch_or(address, with, __ATOMIC_SEQ_CST);
    case FUTEX_OP_ANDN:
        return __atomic_fetch_and(address, ~with, __ATOMIC_SEQ_CST);
    default:
        return __atomic_fetch_xor(address, with, __ATOMIC_SEQ_CST);
    }
}

static long wake_op(struct call *c, bool private)
{
    uint32_t code = (uint32_t)c->a[5];
    int op = (code >> 28) & 7, cmp = (code >> 24) & 15;
    int with = (int)(code << 8) >> 20, against = (int)(code << 20) >> 20;
    int *first = (int *)c->a[0], *second = (int *)c->a[4], old;
    long woken;

    if ((code >> 28) & FUTEX_OP_OPARG_SHIFT)
        with = 1 << (with & 31);
    old = operate(op, second, with);
    woken = futex_wake(first, (int)c->a[2], FUTEX_BITSET_MATCH_ANY, private);
    if (compare(cmp, old, against))
        woken +=
            futex_wake(second, (int)c->a[3], FUTEX_BITSET_MATCH_ANY, private);
    return woken;
}

/* ---- waiting ---- */

/* A thread's end is awaited at its tid, which only we will clear. */
static bool only_ours(const int *address)
{
    struct task *t = task_find(load(address));

    return t && t->clear_tid == address;
}

static long wait_at(struct call *c, struct futex_wait *w, int64_t deadline,
                    bool private)
{
    bool glances = !private && !only_ours(w->address);
    int64_t until = deadline, glance;
    enum woken why;

    if (glances) {
        glance = task_clock() + GLANCE;
        until = glance < deadline ? glance : deadline;
    }
    list_append(bucket_of(w->address), &w->waiter);
    why = task_park(until);
    list_remove(&w->waiter);
    if (why == WOKEN_DONE)
        return 0;
    if (why == WOKEN_TIMEOUT)
        return until == deadline ? -ETIMEDOUT : 0;
    return c->a[3] ? -EINTR : -RESTART_IF_ASKED;
}

static int64_t wait_deadline(struct call *c, int command, bool realtime)
{
    const struct timespec *t = (const struct timespec *)c->a[3];

    if (!t)
        return FOREVER;
    if (command == FUTEX_WAIT)
        return call_deadline(t);
    return call_moment(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, t);
}

static long wait(struct call *c, int command, uint32_t bits, bool private)
{
    int *address = (int *)c->a[0];
    struct futex_wait w = {.task = c->task, .address = address, .bits = bits};
    int64_t deadline =
        wait_deadline(c, command, c->a[1] & FUTEX_CLOCK_REALTIME);

    if (deadline < 0 || bits == 0 || ((uintptr_t)address & 3))
        return -EINVAL;
    if (load(address) != (int)c->a[2])
        return -EAGAIN;
    return wait_at(c, &w, deadline, private);
}

/* ---- with an owner: FUTEX_LOCK_PI, without the inheritance ---- */

static bool take(int *address, int tid)
{
    int old = load(address);

    while ((old & FUTEX_TID_MASK) == 0)
        if (__atomic_compare_exchange_n(address, &old,
                                        (old & FUTEX_OWNER_DIED) | tid, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}

static long lock_owned(struct call *c, int64_t deadline)
{
    int *address = (int *)c->a[0], tid = c->task->tid;
    struct futex_wait w = {.task = c->task, .address = address, .bits = ~0U};
    long r;

    if ((load(address) & FUTEX_TID_MASK) == tid)
        return -EDEADLK;
    while (!take(address, tid)) {
        __atomic_fetch_or(address, (int)FUTEX_WAITERS, __ATOMIC_SEQ_CST);
        r = wait_at(c, &w, deadline, true);
        if (r == -ETIMEDOUT)
            return r;
    }
    return 0;
}

static long unlock_owned(struct call *c)
{
    int *address = (int *)c->a[0];

    if ((load(address) & FUTEX_TID_MASK) != c->task->tid)
        return -EPERM;
    __atomic_store_n(address, 0, __ATOMIC_SEQ_CST);
    wake_here(address, INT32_MAX, ~0U);
    return 0;
}

static long trylock_owned(struct call *c)
{
    int *address = (int *)c->a[0];

    if ((load(address) & FUTEX_TID_MASK) == c->task->tid)
        return -EDEADLK;
    return take(address, c->task->tid) ? 0 : -EAGAIN;
}

static long lock_by(struct call *c, int clock)
{
    const struct timespec *t = (const struct timespec *)c->a[3];
    int64_t deadline = t ? call_moment(clock, t) : FOREVER;

    return deadline < 0 ? deadline : lock_owned(c, deadline);
}

static bool is_realtime(const struct call *c)
{
    return c->a[1] & FUTEX_CLOCK_REALTIME;
}

long futex_call(struct call *c)
{
    int command = (int)c->a[1] & FUTEX_CMD_MASK;
    bool private = c->a[1] & FUTEX_PRIVATE_FLAG;

    switch (command) {
    case FUTEX_WAIT:
        return wait(c, command, FUTEX_BITSET_MATCH_ANY, private);
    case FUTEX_WAIT_BITSET:
        return wait(c, command, (uint32_t)c->a[5], private);
    case FUTEX_WAKE:
        return futex_wake((int *)c->a[0], (int)c->a[2], FUTEX_BITSET_MATCH_ANY,
                          private);
    case FUTEX_WAKE_BITSET:
        return futex_wake((int *)c->a[0], (int)c->a[2], (uint32_t)c->a[5],
                          private);
    case FUTEX_CMP_REQUEUE:
        if (load((int *)c->a[0]) != (int)c->a[5])
            return -EAGAIN;
        return requeue(c, private);
    case FUTEX_REQUEUE:
        return requeue(c, private);
    case FUTEX_WAKE_OP:
        return wake_op(c, private);
    case FUTEX_LOCK_PI:
        return lock_by(c, CLOCK_REALTIME);
    case FUTEX_LOCK_PI2:
        return lock_by(c, is_realtime(c) ? CLOCK_REALTIME : CLOCK_MONOTONIC);
    case FUTEX_TRYLOCK_PI:
        return trylock_owned(c);
    case FUTEX_UNLOCK_PI:
        return unlock_owned(c);
    default:
        return -ENOSYS;
    }
}
