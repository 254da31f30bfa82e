/* SPDX-License-Identifier: MIT */
/* test_join.c - the end of a greenlet as others see it: join, get, deferred
 * calls, and in which order all that happens. */
#include "joined.h"

#include <limits.h>

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

/* ---- the first of several ---- */

static green_event_t events[3];

static void *wait_for_one(void *event)
{
    check_equal(green_event_wait(event, GREEN_FOREVER), 0);
    return NULL;
}

static void spawn_three(green_t **gs)
{
    for (int i = 0; i < 3; i++) {
        green_event_clear(&events[i]);
        gs[i] = spawn(wait_for_one, &events[i]);
    }
}

static void join_any_tells_who_ended_first(void **state)
{
    green_t *gs[3];

    (void)state;
    spawn_three(gs);
    check_fails(green_join_any(gs, 3, 0), ETIMEDOUT);
    check_fails(green_join_any(gs, 3, GREEN_MS), ETIMEDOUT);
    green_event_set(&events[1]);
    check_equal(green_join_any(gs, 3, GREEN_FOREVER), 1);
    check_equal(green_join_any(gs, 3, 0), 1);
    green_event_set(&events[2]);
    green_event_set(&events[0]);
    finish_all(gs, 3);
}

/* gevent: test__iwait.py, test__issue467.py */
static void those_that_had_ended_before_come_in_the_order_they_did(void **state)
{
    static const int order[] = {2, 0, 1};
    green_t *gs[3], *left[3];
    size_t n = 3;

    (void)state;
    spawn_three(gs);
    for (int i = 0; i < 3; i++) {
        left[i] = gs[i];
        green_event_set(&events[order[i]]);
        settle();
    }
    for (int i = 0; i < 3; i++) {
        int first = green_join_any(left, n, GREEN_FOREVER);

        check(first >= 0 && left[first] == gs[order[i]]);
        left[first] = left[--n];
    }
    finish_all(gs, 3);
}

struct pickers {
    green_t **gs;
    const char *name;
};

static void *pick_and_note(void *arg)
{
    struct pickers *p = arg;
    int i = green_join_any(p->gs, 3, GREEN_FOREVER);

    if (i < 0)
        note_result(p->name, i);
    else
        note("%s:%d", p->name, i);
    return NULL;
}

static void several_may_wait_for_the_first_of_the_same(void **state)
{
    green_t *gs[3], *others[3];
    struct pickers pickers[3] = {{gs, "a"}, {gs, "b"}, {gs, "c"}};

    (void)state;
    spawn_three(gs);
    for (int i = 0; i < 3; i++)
        others[i] = spawn(pick_and_note, &pickers[i]);
    settle();
    green_kill(others[1]);
    green_event_set(&events[2]);
    finish_all(others, 3);
    check_log("b:ECANCELED a:2 c:2");
    green_event_set(&events[0]);
    green_event_set(&events[1]);
    finish_all(gs, 3);
}

static void join_any_holds_what_others_release(void **state)
{
    green_t *gs[3], *other;
    struct pickers picker = {gs, "picker"};

    (void)state;
    spawn_three(gs);
    other = spawn(pick_and_note, &picker);
    settle();
    green_releaseall(gs, 3);
    for (int i = 0; i < 3; i++)
        green_event_set(&events[i]);
    finish(other);
    check_log("picker:0");
}

static void a_failed_greenlet_may_be_the_first(void **state)
{
    green_t *gs[2];

    (void)state;
    gs[0] = spawn(sleep_forever, text("g"));
    gs[1] = spawn(fail_at_once, (void *)(intptr_t)EXDEV);
    check_equal(green_join_any(gs, 2, GREEN_FOREVER), 1);
    check_equal(green_error(gs[1]), EXDEV);
    green_killall(gs, 2, GREEN_FOREVER);
    check_log("g:ECANCELED");
    green_releaseall(gs, 2);
}

static void join_any_refuses_what_can_have_no_first(void **state)
{
    green_t *self[2] = {green_self(), green_self()}, *none = NULL;

    (void)state;
    check_fails(green_join_any(self, 0, GREEN_FOREVER), EINVAL);
    check_fails(green_join_any(NULL, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_join_any(&none, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_join_any(self, (size_t)INT_MAX + 1, 0), EINVAL);
    check_fails(green_join_any(self, 2, GREEN_FOREVER), EDEADLK);
    check_fails(green_join_any(self, 2, 0), ETIMEDOUT);
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
        green_test(join_any_tells_who_ended_first),
        green_test(those_that_had_ended_before_come_in_the_order_they_did),
        green_test(several_may_wait_for_the_first_of_the_same),
        green_test(join_any_holds_what_others_release),
        green_test(a_failed_greenlet_may_be_the_first),
        green_test(join_any_refuses_what_can_have_no_first),
        green_test(deferred_calls_run_latest_first_then_locals_end_then_joins),
        green_test(deferring_no_function_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
