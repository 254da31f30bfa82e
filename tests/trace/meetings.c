/* SPDX-License-Identifier: MIT */
/* meetings.c - the other locks, barriers, waitgroups, futures and once. */
#include <green.h>
#include <stddef.h>
#include "programs.h"

enum { GUESTS = 12, ROUNDS = 8 };

static green_rwlock_t rwlock = GREEN_RWLOCK_INIT;
static green_rlock_t rlock = GREEN_RLOCK_INIT;
static green_barrier_t barrier = GREEN_BARRIER_INIT(GUESTS / 3);
static green_waitgroup_t under_way = GREEN_WAITGROUP_INIT;
static green_future_t future = GREEN_FUTURE_INIT;
static green_once_t once = GREEN_ONCE_INIT;
static green_scope_t scopes[GUESTS];

static void *reads_or_writes(void *arg)
{
    int n = *(int *)arg;

    for (int i = 0; i < ROUNDS; i++) {
        if ((n + i) % 4)
            green_rwlock_rdlock(&rwlock, GREEN_FOREVER);
        else
            green_rwlock_wrlock(&rwlock, GREEN_FOREVER);
        green_yield();
        green_rwlock_unlock(&rwlock);
    }
    return NULL;
}

static void *locks_twice(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        green_rlock_lock(&rlock, GREEN_FOREVER);
        if (*(int *)arg % 2)
            green_yield();
        green_rlock_lock(&rlock, GREEN_FOREVER);
        green_yield();
        green_rlock_unlock(&rlock);
        green_rlock_unlock(&rlock);
    }
    return NULL;
}

static void *meets(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++)
        green_barrier_wait(&barrier, GREEN_FOREVER);
    return NULL;
}

static void waits_a_little(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++)
        green_yield();
}

static void *prepares(void *arg)
{
    int n = *(int *)arg;

    green_once(&once, waits_a_little, NULL, GREEN_FOREVER);
    while (n-- > 0)
        green_yield();
    green_waitgroup_done(&under_way);
    return NULL;
}

/* Some have given up before there is a result. */
static void *hopes(void *arg)
{
    int n = *(int *)arg;

    green_timeout_begin(&scopes[n], n % 3 ? GREEN_FOREVER : 0);
    green_future_get(&future, NULL, GREEN_FOREVER);
    green_yield();
    green_scope_end(&scopes[n]);
    return NULL;
}

static void *answers(void *arg)
{
    green_waitgroup_wait(&under_way, GREEN_FOREVER);
    green_future_set(&future, arg);
    return NULL;
}

static void let_meet(void *(*fn)(void *arg), int *numbers)
{
    green_t *gs[GUESTS];

    for (int i = 0; i < GUESTS; i++)
        gs[i] = green_spawn(fn, &numbers[i]);
    green_joinall(gs, GUESTS, GREEN_FOREVER);
    green_releaseall(gs, GUESTS);
}

void run_meetings(void)
{
    int numbers[GUESTS];

    for (int i = 0; i < GUESTS; i++)
        numbers[i] = i;
    let_meet(reads_or_writes, numbers);
    let_meet(locks_twice, numbers);
    let_meet(meets, numbers);
    green_waitgroup_add(&under_way, GUESTS);
    green_go(answers, NULL);
    let_meet(prepares, numbers);
    let_meet(hopes, numbers);
}
