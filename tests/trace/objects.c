/* SPDX-License-Identifier: MIT */
/* objects.c - queues, semaphores, mutexes, conditions, kills and sleepers. */
#include "programs.h"

#include <green.h>

enum { WORKERS = 20, ROUNDS = 50, PERMITS = 3 };

static green_queue_t queue = GREEN_QUEUE_INIT(int, 4);
static green_queue_t channel = GREEN_CHANNEL_INIT(int);
static green_sem_t permits = GREEN_SEM_INIT(PERMITS);
static green_event_t never = GREEN_EVENT_INIT;
static green_mutex_t mutex = GREEN_MUTEX_INIT;
static green_cond_t turned = GREEN_COND_INIT;
static int turn;

static void *yields(void *arg)
{
    int n = *(int *)arg;

    while (n-- > 0)
        green_yield();
    return NULL;
}

static void *produces(void *arg)
{
    int n = *(int *)arg;

    for (int i = 0; i < n; i++) {
        green_queue_put(&queue, &i, GREEN_FOREVER);
        green_queue_put(&channel, &i, GREEN_FOREVER);
    }
    return NULL;
}

static void *consumes(void *from)
{
    int item;

    while (green_queue_get((green_queue_t *)from, &item, GREEN_FOREVER) == 0)
        if (item % 3 == 0)
            green_yield();
    return NULL;
}

static void *shares(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (green_sem_wait(&permits, GREEN_FOREVER))
            break;
        green_yield();
        green_sem_post(&permits);
    }
    return NULL;
}

static void *takes_turns(void *arg)
{
    int mine = *(int *)arg;

    green_mutex_lock(&mutex, GREEN_FOREVER);
    while (turn != mine)
        green_cond_wait(&turned, &mutex, GREEN_FOREVER);
    turn++;
    green_cond_broadcast(&turned);
    green_mutex_unlock(&mutex);
    return NULL;
}

static void *waits_in_vain(void *arg)
{
    (void)arg;
    green_event_wait(&never, GREEN_FOREVER);
    green_yield();
    return NULL;
}

static void *sleeps(void *arg)
{
    green_scope_t scope;

    green_timeout_begin(&scope, *(int *)arg * 5 * GREEN_MS);
    green_event_wait(&never, GREEN_FOREVER);
    green_scope_end(&scope);
    return NULL;
}

static void join_all(green_t **gs, size_t n)
{
    green_joinall(gs, n, GREEN_FOREVER);
    green_releaseall(gs, n);
}

static void spawn_and_join(void *(*fn)(void *arg), int *args, size_t n)
{
    green_t *gs[WORKERS];

    for (size_t i = 0; i < n; i++)
        gs[i] = green_spawn(fn, &args[i]);
    join_all(gs, n);
}

static void sleepers(int *args)
{
    green_t *gs[6];

    for (int i = 0; i < 6; i++)
        gs[i] = green_spawn(sleeps, &args[i + 1]);
    green_join(gs[5], NULL, GREEN_FOREVER);
    join_all(gs, 6);
}

static void queues(int *args)
{
    green_t *gs[4] = {
        green_spawn(consumes, &queue),
        green_spawn(consumes, &queue),
        green_spawn(consumes, &channel),
        green_spawn(yields, &args[WORKERS - 1]),
    };

    spawn_and_join(produces, args, WORKERS);
    green_queue_close(&queue);
    green_queue_close(&channel);
    join_all(gs, 4);
    green_queue_destroy(&queue);
}

static void kills(void)
{
    green_t *gs[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        gs[i] = green_spawn(waits_in_vain, NULL);
    green_yield();
    for (int i = 0; i < WORKERS; i += 2)
        green_kill(gs[i]);
    green_yield();
    green_killall(gs, WORKERS, GREEN_FOREVER);
    green_releaseall(gs, WORKERS);
}

void run_objects(void)
{
    int args[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        args[i] = i;
    spawn_and_join(yields, args, WORKERS);
    queues(args);
    spawn_and_join(shares, args, WORKERS);
    spawn_and_join(takes_turns, args, WORKERS);
    kills();
    sleepers(args);
}
