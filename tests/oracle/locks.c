/* SPDX-License-Identifier: MIT */
/* locks.c - semaphores, locks, conditions; its twin is locks.py. */
#include "oracle.h"

static green_sem_t sem = GREEN_SEM_INIT(1);
static green_event_t gone = GREEN_EVENT_INIT;
static green_rlock_t rlock = GREEN_RLOCK_INIT;
static green_mutex_t mutex = GREEN_MUTEX_INIT;
static green_cond_t cond = GREEN_COND_INIT;
static green_barrier_t barrier = GREEN_BARRIER_INIT(3);

static void *take(void *name)
{
    outcome(name, green_sem_wait(&sem, GREEN_FOREVER));
    return NULL;
}

static void *hold(void *name)
{
    take(name);
    green_yield();
    say("%s gives it back", (const char *)name);
    green_sem_post(&sem);
    return NULL;
}

static void permits_are_had_in_order(void)
{
    start_each(hold, "abcd");
    join_all();
}

static void two_permits_two_at_a_time(void)
{
    green_sem_post(&sem);
    start_each(hold, "abcde");
    join_all();
}

static void *take_briefly(void *name)
{
    outcome(name, green_sem_wait(&sem, TICK));
    green_event_set(&gone);
    return NULL;
}

static void who_gives_up_gets_no_permit(void)
{
    green_sem_wait(&sem, GREEN_FOREVER);
    start(take_briefly, "hasty");
    start(take, "patient");
    green_event_wait(&gone, GREEN_FOREVER);
    green_sem_post(&sem);
    join_all();
    say("left %ld", green_sem_value(&sem));
}

static void permits_are_kept_until_wanted(void)
{
    green_sem_post(&sem);
    green_sem_post(&sem);
    start_each(take, "abcd");
    green_yield();
    outcome("at once", green_sem_wait(&sem, 0));
    green_sem_post(&sem);
    join_all();
}

static void posts_go_to_the_longest_waiters(void)
{
    green_sem_wait(&sem, GREEN_FOREVER);
    start_each(take, "abc");
    green_yield();
    green_sem_post(&sem);
    green_sem_post(&sem);
    say("posted twice");
    green_yield();
    green_yield();
    say("once more");
    green_sem_post(&sem);
    join_all();
}

static void *lock_twice(void *arg)
{
    const char *name = arg;

    green_rlock_lock(&rlock, GREEN_FOREVER);
    say("%s once", name);
    green_yield();
    green_rlock_lock(&rlock, GREEN_FOREVER);
    say("%s twice", name);
    green_yield();
    green_rlock_unlock(&rlock);
    say("%s once again", name);
    green_yield();
    green_rlock_unlock(&rlock);
    say("%s out", name);
    return NULL;
}

static void an_rlock_lets_its_owner_in_again(void)
{
    start_each(lock_twice, "ab");
    join_all();
}

static void *lock_rlock(void *name)
{
    if (outcome(name, green_rlock_lock(&rlock, GREEN_FOREVER)))
        green_rlock_unlock(&rlock);
    return NULL;
}

static void an_rlock_is_free_after_the_last_unlock(void)
{
    green_rlock_lock(&rlock, GREEN_FOREVER);
    green_rlock_lock(&rlock, GREEN_FOREVER);
    start(lock_rlock, "a");
    green_yield();
    green_rlock_unlock(&rlock);
    say("unlocked once");
    green_yield();
    green_rlock_unlock(&rlock);
    say("unlocked twice");
    join_all();
}

static void *wait_cond(void *name)
{
    green_mutex_lock(&mutex, GREEN_FOREVER);
    outcome(name, green_cond_wait(&cond, &mutex, GREEN_FOREVER));
    green_mutex_unlock(&mutex);
    return NULL;
}

static void signals_wake_the_longest_waiter(void)
{
    start_each(wait_cond, "abc");
    green_yield();
    for (int n = 1; n <= 3; n++) {
        green_mutex_lock(&mutex, GREEN_FOREVER);
        green_cond_signal(&cond);
        green_mutex_unlock(&mutex);
        say("signal %d", n);
        green_sleep(TICK);
    }
    join_all();
}

static void a_broadcast_wakes_all_in_order(void)
{
    start_each(wait_cond, "abc");
    green_yield();
    green_mutex_lock(&mutex, GREEN_FOREVER);
    green_cond_broadcast(&cond);
    say("told");
    green_mutex_unlock(&mutex);
    join_all();
}

static void *meet(void *name)
{
    say("%s comes", (const char *)name);
    green_barrier_wait(&barrier, GREEN_FOREVER);
    say("through");
    return NULL;
}

static void a_barrier_opens_for_the_last(void)
{
    start_each(meet, "abc");
    join_all();
}

/* ---- where the order differs ---- */

static void permit_taken_by_its_giver(void)
{
    green_sem_wait(&sem, GREEN_FOREVER);
    start(take, "waiter");
    green_yield();
    green_sem_post(&sem);
    outcome("giver", green_sem_wait(&sem, 0));
    green_sem_post(&sem);
    join_all();
}

const struct program lock_programs[] = {
    PROGRAM(permits_are_had_in_order),
    PROGRAM(two_permits_two_at_a_time),
    PROGRAM(who_gives_up_gets_no_permit),
    PROGRAM(permits_are_kept_until_wanted),
    PROGRAM(posts_go_to_the_longest_waiters),
    PROGRAM(an_rlock_lets_its_owner_in_again),
    PROGRAM(an_rlock_is_free_after_the_last_unlock),
    PROGRAM(signals_wake_the_longest_waiter),
    PROGRAM(a_broadcast_wakes_all_in_order),
    PROGRAM(a_barrier_opens_for_the_last),
    PROGRAM(permit_taken_by_its_giver),
    {NULL, NULL}};
