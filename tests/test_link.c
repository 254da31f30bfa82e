/* SPDX-License-Identifier: MIT */
/* test_link.c - greenlets that begin when another has ended, or shall not. */
#include "joined.h"

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

static green_future_t futures[3];
static green_queue_t ends = GREEN_QUEUE_INIT(void *, SIZE_MAX);
static green_queue_t channel = GREEN_CHANNEL_INIT(void *);

static void *fulfil(void *future)
{
    check_equal(green_future_set(future, text("ended")), 0);
    return NULL;
}

static void *feed(void *queue)
{
    void *item = text("ended");

    check_equal(green_queue_put(queue, &item, GREEN_FOREVER), 0);
    return NULL;
}

/* gevent: test__greenlet.py TestLink; test__event.py
 * TestAsyncResultAsLinkTarget */
static void
a_link_may_fulfil_a_future_or_feed_a_queue_or_a_channel(void **state)
{
    void *item = NULL;
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    check_equal(green_link(g, fulfil, &futures[0]), 0);
    check_equal(green_link_value(g, fulfil, &futures[1]), 0);
    check_equal(green_link_error(g, fulfil, &futures[2]), 0);
    check_equal(green_link(g, feed, &ends), 0);
    check_equal(green_link(g, feed, &channel), 0);
    check_equal(green_queue_get(&channel, &item, GREEN_FOREVER), 0);
    check_text(item, "ended");
    check_equal(green_queue_get(&ends, &item, 0), 0);
    check(green_future_is_ready(&futures[0]));
    check(green_future_is_ready(&futures[1]));
    check(!green_future_is_ready(&futures[2]));
    finish(g);
    settle();
    green_queue_destroy(&ends);
}

/* ---- taking links away ---- */

/* gevent: test__greenlet.py TestUnlink */
static void a_link_that_was_taken_away_does_not_run(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    link_all_three(g);
    check(green_unlink(g, note_argument, text("value")));
    check(!green_unlink(g, note_argument, text("value")));
    check(green_unlink(g, note_argument, text("error")));
    finish(g);
    settle();
    check_log("any");
}

static void a_link_is_known_by_function_and_argument(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    check_equal(green_link(g, note_argument, text("a")), 0);
    check(!green_unlink(g, return_argument, text("a")));
    check(!green_unlink(g, note_argument, text("b")));
    check(!green_unlink(g, note_argument, NULL));
    check(!green_unlink(NULL, note_argument, text("a")));
    check(!green_unlink(g, NULL, text("a")));
    finish(g);
    settle();
    check_log("a");
}

static void of_equal_links_the_first_is_taken_away(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    check_equal(green_link(g, note_argument, text("a")), 0);
    check_equal(green_link(g, note_argument, text("b")), 0);
    check_equal(green_link(g, note_argument, text("a")), 0);
    check(green_unlink(g, note_argument, text("a")));
    finish(g);
    settle();
    check_log("b a");
}

static void *unlink_later(void *g)
{
    note("early");
    check(green_unlink(g, note_argument, text("later")));
    check(!green_unlink(g, note_argument, text("later")));
    check(!green_unlink(g, unlink_later, g));
    return NULL;
}

/* gevent: test__greenlet.py _test_multiple_listeners_error_unlink */
static void an_early_link_may_take_a_later_one_away(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    check_equal(green_link(g, unlink_later, g), 0);
    check_equal(green_link(g, note_argument, text("later")), 0);
    check_equal(green_link(g, note_argument, text("last")), 0);
    check_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    settle();
    check_log("early last");
    green_release(g);
}

static void note_gone(void *name)
{
    note("gone:%s", (const char *)name);
}

static green_local_t inherited = GREEN_LOCAL_INHERITED_INIT(NULL, note_gone);

static void what_a_link_has_inherited_goes_with_it(void **state)
{
    green_t *g;

    (void)state;
    check_equal(green_local_set(&inherited, text("value")), 0);
    g = spawn(return_argument, NULL);
    check_equal(green_link(g, note_argument, text("link")), 0);
    check(green_unlink(g, note_argument, text("link")));
    check_equal(green_local_set(&inherited, NULL), 0);
    finish(g);
    settle();
    check_log("gone:value gone:value");
}

/* gevent: test__greenlet.py test_wait_noerrors */
static void a_link_may_be_made_again(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    settle();
    for (int i = 0; i < 2; i++) {
        check_equal(green_link(g, note_argument, text("link")), 0);
        check(green_unlink(g, note_argument, text("link")));
        check_equal(green_link(g, note_argument, text("link")), 0);
        settle();
        check(!green_unlink(g, note_argument, text("link")));
    }
    check_log("link link");
    green_release(g);
}

/* A link that is taken away leaves nothing behind: see end_test. */
static void joiners_stay_when_links_go(void **state)
{
    struct joiner joiner = {NULL, "joiner"};
    green_t *g, *j;

    (void)state;
    clock_take();
    g = spawn(sleep_and_return, NULL);
    joiner.target = g;
    check_equal(green_link(g, note_argument, text("link")), 0);
    j = spawn(join_and_note, &joiner);
    settle();
    check(green_unlink(g, note_argument, text("link")));
    finish(j);
    finish(g);
    check_log("joiner:ok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(links_and_joiners_are_served_in_the_order_they_came),
        green_test(a_thousand_links_run_in_the_order_they_were_added),
        green_test(a_link_may_ask_for_success_or_failure_only),
        green_test(a_link_to_an_ended_greenlet_runs_at_once),
        green_test(links_that_fail_do_not_stop_the_others),
        green_test(a_link_of_a_killed_greenlet_runs_once),
        green_test(linking_no_function_is_EINVAL),
        green_test(a_link_may_fulfil_a_future_or_feed_a_queue_or_a_channel),
        green_test(a_link_that_was_taken_away_does_not_run),
        green_test(a_link_is_known_by_function_and_argument),
        green_test(of_equal_links_the_first_is_taken_away),
        green_test(an_early_link_may_take_a_later_one_away),
        green_test(what_a_link_has_inherited_goes_with_it),
        green_test(a_link_may_be_made_again),
        green_test(joiners_stay_when_links_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
