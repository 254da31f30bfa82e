/* SPDX-License-Identifier: MIT */
/* test_event.c - an event wakes all, in order, and remembers. */
#include "support.h"

#include <stdio.h>

static green_event_t event;

static void *wait_for_event(void *name)
{
    note_result(name, green_event_wait(&event, GREEN_FOREVER));
    return NULL;
}

static void start_waiters(green_t **gs, int n)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};

    green_event_init(&event);
    for (int i = 0; i < n; i++)
        gs[i] = spawn(wait_for_event, text(names[i % 5]));
    settle();
}

static void set_wakes_all_who_wait_in_the_order_they_came(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs, 3);
    check_log("");
    green_event_set(&event);
    note("set");
    finish_all(gs, 3);
    check_log("set a:ok b:ok c:ok");
}

/* gevent: test__event.py test_gevent_wait_twice_when_already_set */
static void a_set_event_lets_waits_pass_without_a_switch(void **state)
{
    uint64_t switches;

    (void)state;
    green_event_init(&event);
    green_event_set(&event);
    green_event_set(&event);
    switches = count_switches();
    check_equal(green_event_wait(&event, GREEN_FOREVER), 0);
    check_equal(green_event_wait(&event, 0), 0);
    check_equal(count_switches(), switches);
    check(green_event_is_set(&event));
}

static void *check_woken(void *count)
{
    check_equal(green_event_wait(&event, GREEN_FOREVER), 0);
    ++*(int *)count;
    return NULL;
}

/* gevent: test__event.py TestEvent_SetThenClear, TestEvent_SetThenClear100,
 * TestEvent_SetThenClear1000 */
static void a_clear_before_they_run_takes_nothing_away(void **state)
{
    static green_t *gs[1000];
    int count = 0;

    (void)state;
    green_event_init(&event);
    for (int i = 0; i < 1000; i++)
        gs[i] = spawn(check_woken, &count);
    settle();
    green_event_set(&event);
    green_event_clear(&event);
    settle();
    check_equal(count, 1000);
    check(!green_event_is_set(&event));
    finish_all(gs, 1000);
}

static void *wait_clear_wait(void *name)
{
    note_result(name, green_event_wait(&event, GREEN_FOREVER));
    green_event_clear(&event);
    note_result(name, green_event_wait(&event, 10 * GREEN_MS));
    return NULL;
}

/* gevent: test__event.py test_set_during_wait */
static void after_a_clear_waits_wait_again(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    green_event_init(&event);
    g = spawn(wait_clear_wait, text("g"));
    settle();
    green_event_set(&event);
    finish(g);
    check_log("g:ok g:ETIMEDOUT");
}

/* gevent: test__event.py test_wait_while_notifying; rule K3 */
static void a_wait_on_an_event_just_set_goes_on_behind_the_woken(void **state)
{
    green_t *gs[2];

    (void)state;
    start_waiters(gs, 2);
    green_event_set(&event);
    note_result("main", green_event_wait(&event, GREEN_FOREVER));
    finish_all(gs, 2);
    check_log("a:ok b:ok main:ok");
}

static void a_waiter_killed_or_timed_out_leaves_the_others_alone(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs, 3);
    green_kill(gs[1]);
    settle();
    check_log("b:ECANCELED");
    green_event_set(&event);
    finish_all(gs, 3);
    check_log("a:ok c:ok");
}

static void no_event_is_EINVAL(void **state)
{
    (void)state;
    check_fails(green_event_wait(NULL, GREEN_FOREVER), EINVAL);
    green_event_set(NULL);
    green_event_clear(NULL);
    check(!green_event_is_set(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(set_wakes_all_who_wait_in_the_order_they_came),
        green_test(a_set_event_lets_waits_pass_without_a_switch),
        green_test(a_clear_before_they_run_takes_nothing_away),
        green_test(after_a_clear_waits_wait_again),
        green_test(a_wait_on_an_event_just_set_goes_on_behind_the_woken),
        green_test(a_waiter_killed_or_timed_out_leaves_the_others_alone),
        green_test(no_event_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
