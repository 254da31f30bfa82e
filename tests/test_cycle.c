/* SPDX-License-Identifier: MIT */
/* test_cycle.c - waits that lead back to who would begin them, over groups.
 *
 * Circles of locks and joins alone are in test_deadlock.c, of a group and its own
 * members in test_group.c. */
#include <stdio.h>
#include "support.h"

static green_group_t group, other;
static green_mutex_t lock;
static green_event_t gate;

static void set_up(void)
{
    green_group_init(&group);
    green_group_init(&other);
    green_mutex_init(&lock);
    green_event_init(&gate);
}

/* Whoever waits gives up, and all have ended. */
static void tear_down(void)
{
    check_equal(green_group_kill(&group, GREEN_FOREVER), 0);
    check_equal(green_group_kill(&other, GREEN_FOREVER), 0);
}

static void *await_group(void *g)
{
    note_result("group", green_group_join(g, GREEN_FOREVER));
    return g;
}

static void *join_greenlet(void *g)
{
    note_result("join", green_join(*(green_t **)g, NULL, GREEN_FOREVER));
    return g;
}

static void *wait_at_gate(void *unused)
{
    (void)green_event_wait(&gate, GREEN_FOREVER);
    return unused;
}

static void member(green_group_t *p, void *(*fn)(void *arg), void *arg)
{
    check(green_group_spawn(p, fn, arg) != NULL);
}

static void who_joins_who_waits_for_its_group_is_refused(void **state)
{
    green_t *waiter;

    (void)state;
    set_up();
    member(&group, wait_at_gate, NULL);
    waiter = spawn(await_group, &group);
    settle();
    member(&group, join_greenlet, &waiter);
    settle();
    check_log("join:EDEADLK");
    tear_down();
    finish(waiter);
    check_log("group:ok");
}

static void so_is_who_joins_it_through_others(void **state)
{
    green_t *waiter, *between;

    (void)state;
    set_up();
    member(&group, wait_at_gate, NULL);
    waiter = spawn(await_group, &group);
    settle();
    between = spawn(join_greenlet, &waiter);
    settle();
    member(&group, join_greenlet, &between);
    settle();
    check_log("join:EDEADLK");
    tear_down();
    finish(between);
    finish(waiter);
    check_log("group:ok join:ok");
}

static void so_is_a_member_of_a_group_in_the_group(void **state)
{
    green_t *waiter;

    (void)state;
    set_up();
    member(&other, wait_at_gate, NULL);
    member(&group, wait_at_gate, NULL);
    member(&group, await_group, &other);
    waiter = spawn(await_group, &group);
    settle();
    member(&other, join_greenlet, &waiter);
    settle();
    check_log("join:EDEADLK");
    green_event_set(&gate);
    finish(waiter);
    check_log("group:ok group:ok");
    tear_down();
}

static void *await_with_the_lock(void *unused)
{
    check_equal(green_mutex_lock(&lock, GREEN_FOREVER), 0);
    note_result("group", green_group_join(&group, GREEN_FOREVER));
    green_mutex_unlock(&lock);
    return unused;
}

static void *take_the_lock(void *unused)
{
    note_result("lock", green_mutex_lock(&lock, GREEN_FOREVER));
    return unused;
}

static void so_is_who_wants_the_lock_of_who_waits_for_its_group(void **state)
{
    green_t *waiter;

    (void)state;
    set_up();
    member(&group, wait_at_gate, NULL);
    waiter = spawn(await_with_the_lock, NULL);
    settle();
    member(&group, take_the_lock, NULL);
    settle();
    check_log("lock:EDEADLK");
    green_event_set(&gate);
    finish(waiter);
    check_log("group:ok");
}

static void *kill_group(void *unused)
{
    green_shield_begin(unused, GREEN_FOREVER);
    note_result("kill", green_group_kill(&group, GREEN_FOREVER));
    green_scope_end(unused);
    return unused;
}

static void *join_in_a_shield(void *g)
{
    green_scope_t shield;

    check_fails(green_event_wait(&gate, GREEN_FOREVER), ECANCELED);
    green_shield_begin(&shield, GREEN_FOREVER);
    join_greenlet(g);
    green_scope_end(&shield);
    return g;
}

static void so_is_who_joins_who_kills_its_group(void **state)
{
    green_scope_t shield;
    green_t *killer;

    (void)state;
    set_up();
    member(&group, join_in_a_shield, &killer);
    settle();
    killer = spawn(kill_group, &shield);
    finish(killer);
    check_log("join:EDEADLK kill:ok");
}

static green_pool_t pool;

static void *await_pool(void *unused)
{
    note_result("pool", green_pool_join(&pool, GREEN_FOREVER));
    return unused;
}

static void so_is_a_task_that_joins_who_waits_for_the_pool(void **state)
{
    green_t *waiter;

    (void)state;
    set_up();
    green_pool_init(&pool, 2);
    check_equal(green_pool_spawn(&pool, wait_at_gate, NULL, 0), 0);
    waiter = spawn(await_pool, NULL);
    settle();
    check_equal(green_pool_spawn(&pool, join_greenlet, &waiter, 0), 0);
    settle();
    check_log("join:EDEADLK");
    green_event_set(&gate);
    finish(waiter);
    check_log("pool:ok");
}

/* A member of the other. */
static void *join_in_vain(void *unused)
{
    green_t *waiter = spawn(await_group, &other);

    settle();
    member(&group, join_greenlet, &waiter);
    settle();
    check_fails(green_group_join(&group, GREEN_FOREVER), EDEADLK);
    check_fails(green_group_join(&group, 0), ETIMEDOUT);
    check_fails(green_join(waiter, NULL, GREEN_SEC), EDEADLK);
    check_fails(green_join(waiter, NULL, 0), ETIMEDOUT);
    green_kill(waiter);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("group:ECANCELED join:ok");
    finish(waiter);
    return unused;
}

static void a_group_is_refused_through_another(void **state)
{
    (void)state;
    set_up();
    member(&other, join_in_vain, NULL);
    check_equal(green_group_join(&other, GREEN_FOREVER), 0);
}

/* ---- what is none ---- */

static void who_is_no_member_may_join_who_waits(void **state)
{
    green_t *waiter;

    (void)state;
    set_up();
    member(&group, wait_at_gate, NULL);
    member(&group, wait_at_gate, NULL);
    waiter = spawn(await_group, &group);
    settle();
    member(&other, join_greenlet, &waiter);
    settle();
    green_event_set(&gate);
    check_equal(green_group_join(&other, GREEN_FOREVER), 0);
    check_log("group:ok join:ok");
    finish(waiter);
}

/* Each of these waits for the next in two ways: of all of them there are 2^40. */
enum { STEPS = 40 };

static void each_greenlet_is_looked_at_once(void **state)
{
    static green_group_t groups[STEPS];
    static green_t *waiters[STEPS];

    (void)state;
    set_up();
    for (int i = 0; i < STEPS; i++) {
        green_group_init(&groups[i]);
        for (int way = 0; way < 2; way++)
            if (i == 0)
                member(&groups[i], wait_at_gate, NULL);
            else
                member(&groups[i], join_greenlet, &waiters[i - 1]);
        settle();
        waiters[i] = spawn(await_group, &groups[i]);
        settle();
    }
    member(&group, join_greenlet, &waiters[STEPS - 1]);
    settle();
    check_log("");
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    green_releaseall(waiters, STEPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(who_joins_who_waits_for_its_group_is_refused),
        green_test(so_is_who_joins_it_through_others),
        green_test(so_is_a_member_of_a_group_in_the_group),
        green_test(so_is_who_wants_the_lock_of_who_waits_for_its_group),
        green_test(so_is_who_joins_who_kills_its_group),
        green_test(so_is_a_task_that_joins_who_waits_for_the_pool),
        green_test(a_group_is_refused_through_another),
        green_test(who_is_no_member_may_join_who_waits),
        green_test(each_greenlet_is_looked_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
