/* SPDX-License-Identifier: MIT */
/* test_join.c - the end of a greenlet as others see it: join, get, links,
 * deferred calls, and in which order all that happens. */
#include "support.h"

#include <stdio.h>

static void *fail_at_once(void *error)
{
    green_fail((int)(intptr_t)error, "failed");
}

static void *sleep_and_return(void *arg)
{
    check_equal(green_sleep(10 * GREEN_MS), 0);
    return arg;
}

struct joiner {
    green_t *target;
    const char *name;
};

static void *join_and_note(void *arg)
{
    struct joiner *j = arg;

    note_result(j->name, green_join(j->target, NULL, GREEN_FOREVER));
    return NULL;
}

/* ---- join and get ---- */

static void join_waits_and_gives_the_value(void **state)
{
    void *value = NULL;
    int one;
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(sleep_and_return, &one);
    check_equal(green_join(g, &value, GREEN_FOREVER), 0);
    check(value == &one);
    value = NULL;
    check_equal(green_join(g, &value, 0), 0);
    check(value == &one);
    check_equal(green_join(g, NULL, 0), 0);
    check_equal(green_get(g, &value, -1), 0);
    green_release(g);
}

static void join_of_a_failed_greenlet_succeeds_get_fails_as_it_did(void **state)
{
    int one;
    void *value = &one;
    green_t *g;

    (void)state;
    g = spawn(fail_at_once, (void *)(intptr_t)EXDEV);
    check_fails(green_get(g, &value, GREEN_FOREVER), EXDEV);
    check(value == &one);
    check_equal(green_join(g, &value, GREEN_FOREVER), 0);
    check(value == NULL);
    green_release(g);
}

/* gevent: test__greenlet.py TestJoin, TestGet */
static void
join_gives_up_at_its_timeout_and_leaves_its_output_alone(void **state)
{
    int one;
    void *value = &one;
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(sleep_and_return, NULL);
    check_fails(green_join(g, &value, 9 * GREEN_MS), ETIMEDOUT);
    check_fails(green_get(g, &value, 0), ETIMEDOUT);
    check_fails(green_join(g, &value, -1), ETIMEDOUT);
    check(value == &one);
    finish(g);
}

/* gevent: test__joinall.py */
static void joinall_takes_the_same_greenlet_twice(void **state)
{
    green_t *a, *b;

    (void)state;
    a = spawn(return_argument, NULL);
    b = spawn(return_argument, NULL);
    check_equal(green_joinall((green_t *[]){a, b, a}, 3, GREEN_FOREVER), 0);
    check(green_ready(a) && green_ready(b));
    green_release(a);
    green_release(b);
}

/* gevent: test__greenlet.py TestJoinAll0, TestJoinAll */
static void joinall_waits_for_all_but_no_longer_than_its_timeout(void **state)
{
    green_t *gs[3];
    int64_t start;

    (void)state;
    clock_take();
    check_equal(green_joinall(NULL, 0, GREEN_FOREVER), 0);
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(sleep_and_return, NULL);
    start = green_now();
    check_fails(green_joinall(gs, 3, 0), ETIMEDOUT);
    check_fails(green_joinall(gs, 3, 4 * GREEN_MS), ETIMEDOUT);
    check_equal(green_now() - start, 4 * GREEN_MS);
    check_equal(green_joinall(gs, 3, GREEN_SEC), 0);
    check_equal(green_now() - start, 10 * GREEN_MS);
    green_releaseall(gs, 3);
}

static void joinall_succeeds_whatever_its_members_did(void **state)
{
    green_t *gs[2];

    (void)state;
    gs[0] = spawn(fail_at_once, (void *)(intptr_t)EXDEV);
    gs[1] = spawn(return_argument, NULL);
    check_equal(green_joinall(gs, 2, GREEN_FOREVER), 0);
    check_equal(green_error(gs[0]), EXDEV);
    green_releaseall(gs, 2);
}

static void no_handle_is_EINVAL(void **state)
{
    green_t *g = NULL;

    (void)state;
    check_fails(green_join(NULL, NULL, GREEN_FOREVER), EINVAL);
    check_fails(green_get(NULL, NULL, 0), EINVAL);
    check_fails(green_joinall(&g, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_joinall(NULL, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_killall(&g, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_killall(NULL, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_link(NULL, return_argument, NULL), EINVAL);
    green_kill(NULL);
    green_releaseall(&g, 1);
}

static void joining_oneself_is_EDEADLK(void **state)
{
    (void)state;
    check_fails(green_join(green_self(), NULL, GREEN_FOREVER), EDEADLK);
    check_fails(green_join(green_self(), NULL, GREEN_MS), EDEADLK);
    check_fails(green_get(green_self(), NULL, GREEN_FOREVER), EDEADLK);
}

/* ---- links ---- */

static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7"};

/* gevent: test__order.py Test, Test3, Test4 */
static void links_and_joiners_are_served_in_the_order_they_came(void **state)
{
    struct joiner joiners[2] = {{NULL, "a"}, {NULL, "b"}};
    green_t *gs[2], *g;

    (void)state;
    clock_take();
    g = spawn(sleep_and_return, NULL);
    check_equal(green_link(g, note_argument, text(numbers[0])), 0);
    for (int i = 0; i < 2; i++) {
        joiners[i].target = g;
        gs[i] = spawn(join_and_note, &joiners[i]);
        settle();
        check_equal(green_link_value(g, note_argument, text(numbers[i + 1])),
                    0);
    }
    finish(g);
    settle();
    check_log("0 a:ok 1 b:ok 2");
    finish_all(gs, 2);
}

static void *check_turn(void *turn)
{
    static int next;

    check_equal(*(int *)turn, next);
    next = (next + 1) % 1000;
    return NULL;
}

/* gevent: test__order.py TestM */
static void a_thousand_links_run_in_the_order_they_were_added(void **state)
{
    static int turns[1000];
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    for (int i = 0; i < 1000; i++) {
        turns[i] = i;
        check_equal(green_link(g, check_turn, &turns[i]), 0);
    }
    finish(g);
    settle();
}

static void link_all_three(green_t *g)
{
    check_equal(green_link(g, note_argument, text("any")), 0);
    check_equal(green_link_value(g, note_argument, text("value")), 0);
    check_equal(green_link_error(g, note_argument, text("error")), 0);
}

/* gevent: test__greenlet.py TestReturn_link, TestRaise_link; test__event.py
 * TestAsyncResultAsLinkTarget.test_set, test_set_exception */
static void a_link_may_ask_for_success_or_failure_only(void **state)
{
    green_t *good, *bad;

    (void)state;
    good = spawn(return_argument, NULL);
    link_all_three(good);
    finish(good);
    settle();
    check_log("any value");
    bad = spawn(fail_at_once, (void *)(intptr_t)EIO);
    link_all_three(bad);
    finish(bad);
    settle();
    check_log("any error");
}

/* gevent: test__greenlet.py TestReturn_link.test_return_link after the end */
static void a_link_to_an_ended_greenlet_runs_at_once(void **state)
{
    green_t *good, *bad;

    (void)state;
    good = spawn(return_argument, NULL);
    bad = spawn(fail_at_once, (void *)(intptr_t)EIO);
    settle();
    link_all_three(good);
    note("linked");
    settle();
    check_log("linked any value");
    link_all_three(bad);
    settle();
    check_log("any error");
    green_release(good);
    green_release(bad);
}

/* gevent: test__greenlet.py test_multiple_listeners_error */
static void links_that_fail_do_not_stop_the_others(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(fail_at_once, (void *)(intptr_t)EIO);
    for (int i = 0; i < 3; i++) {
        check_equal(green_link(g, fail_at_once, (void *)(intptr_t)EXDEV), 0);
        check_equal(green_link(g, note_argument, text(numbers[i])), 0);
    }
    finish(g);
    settle();
    check_log("0 1 2");
}

/* gevent: test__greenlet.py TestKill, "link fired exactly once" */
static void a_link_of_a_killed_greenlet_runs_once(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(sleep_forever, text("g"));
    check_equal(green_link(g, note_argument, text("link")), 0);
    settle();
    green_kill(g);
    green_kill(g);
    finish(g);
    settle();
    check_log("g:ECANCELED link");
}

static void linking_no_function_is_EINVAL(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    check_fails(green_link(g, NULL, NULL), EINVAL);
    check_fails(green_link_value(g, NULL, NULL), EINVAL);
    check_fails(green_link_error(g, NULL, NULL), EINVAL);
    finish(g);
}

/* ---- deferred calls ---- */

static green_t *deferrer;

static void note_deferred(void *name)
{
    check(green_self() == deferrer);
    check(!green_ready(deferrer));
    note("%s", (const char *)name);
}

static void defer_more(void *name)
{
    note("%s", (const char *)name);
    check_equal(green_defer(note_deferred, text("more")), 0);
}

static void sleep_deferred(void *name)
{
    note_result(name, green_sleep(GREEN_MS));
}

static void note_destructor(void *name)
{
    note("%s", (const char *)name);
}

static green_local_t local = GREEN_LOCAL_INIT(note_destructor);

static void *defer_three(void *how)
{
    deferrer = green_self();
    check_equal(green_defer(note_deferred, text("first")), 0);
    check_equal(green_local_set(&local, text("local")), 0);
    check_equal(green_defer(defer_more, text("second")), 0);
    check_equal(green_defer(sleep_deferred, text("third")), 0);
    switch (*(const char *)how) {
    case 'e':
        green_exit(NULL);
    case 'f':
        green_fail(EIO, "fails");
    case 'k':
        note_result("sleep", green_sleep(GREEN_FOREVER));
    }
    return NULL;
}

static void run_deferrer(const char *how)
{
    struct joiner joiner = {NULL, "joined"};
    green_t *g, *j;

    g = spawn(defer_three, text(how));
    joiner.target = g;
    j = spawn(join_and_note, &joiner);
    green_yield();
    green_kill(*how == 'k' ? g : NULL);
    finish(j);
    finish(g);
}

static void
deferred_calls_run_latest_first_then_locals_end_then_joins(void **state)
{
    (void)state;
    clock_take();
    for (const char *how = "ref"; *how; how++) {
        run_deferrer(how);
        check_log("third:ok second more first local joined:ok");
    }
    run_deferrer("k");
    check_log("sleep:ECANCELED third:ECANCELED second more first local "
              "joined:ok");
}

static void deferring_no_function_is_EINVAL(void **state)
{
    (void)state;
    check_fails(green_defer(NULL, NULL), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(join_waits_and_gives_the_value),
        green_test(join_of_a_failed_greenlet_succeeds_get_fails_as_it_did),
        green_test(join_gives_up_at_its_timeout_and_leaves_its_output_alone),
        green_test(joinall_takes_the_same_greenlet_twice),
        green_test(joinall_waits_for_all_but_no_longer_than_its_timeout),
        green_test(joinall_succeeds_whatever_its_members_did),
        green_test(no_handle_is_EINVAL),
        green_test(joining_oneself_is_EDEADLK),
        green_test(links_and_joiners_are_served_in_the_order_they_came),
        green_test(a_thousand_links_run_in_the_order_they_were_added),
        green_test(a_link_may_ask_for_success_or_failure_only),
        green_test(a_link_to_an_ended_greenlet_runs_at_once),
        green_test(links_that_fail_do_not_stop_the_others),
        green_test(a_link_of_a_killed_greenlet_runs_once),
        green_test(linking_no_function_is_EINVAL),
        green_test(deferred_calls_run_latest_first_then_locals_end_then_joins),
        green_test(deferring_no_function_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
