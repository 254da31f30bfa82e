/* SPDX-License-Identifier: MIT */
/* test_scope.c - timeouts around whole stretches of code, and shields. */
#include "support.h"

/* ---- one scope ---- */

/* gevent: test__timeout.py test_expires, test_context_manager */
static void a_scope_ends_the_calls_inside_and_says_so(void **state)
{
    green_scope_t s;
    int64_t start;

    (void)state;
    clock_take();
    start = green_now();
    green_timeout_begin(&s, 5 * GREEN_MS);
    check_equal(green_sleep(3 * GREEN_MS), 0);
    check_fails(green_sleep(3 * GREEN_MS), ETIMEDOUT);
    check_equal(green_now() - start, 5 * GREEN_MS);
    check(green_scope_end(&s));
    check_equal(green_sleep(GREEN_MS), 0);
}

/* gevent: test__timeout.py test_cancel; test__api_timeout.py test_api */
static void a_scope_that_was_ended_has_no_effect(void **state)
{
    green_scope_t s;

    (void)state;
    clock_take();
    green_timeout_begin(&s, 2 * GREEN_MS);
    check_equal(green_sleep(GREEN_MS), 0);
    check(!green_scope_end(&s));
    check_equal(green_sleep(5 * GREEN_MS), 0);
}

/* gevent: test__api_timeout.py test_api, Timeout(None) */
static void a_scope_for_ever_never_expires(void **state)
{
    green_scope_t s;

    (void)state;
    clock_take();
    green_timeout_begin(&s, GREEN_FOREVER);
    check_equal(green_sleep(3600 * GREEN_SEC), 0);
    check(!green_scope_end(&s));
}

/* gevent: test__event.py TestAsyncResult.test_set, a timeout of zero */
static void a_scope_of_no_time_expires_at_once(void **state)
{
    static const int64_t timeouts[] = {0, -1, INT64_MIN};
    green_scope_t s;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
        green_timeout_begin(&s, timeouts[i]);
        check_fails(green_sleep(GREEN_FOREVER), ETIMEDOUT);
        check(green_scope_end(&s));
    }
}

static void a_scope_stays_expired(void **state)
{
    green_event_t set = GREEN_EVENT_INIT;
    green_scope_t s;

    (void)state;
    clock_take();
    green_event_set(&set);
    green_timeout_begin(&s, 1);
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check_fails(green_sleep(1), ETIMEDOUT);
    check_fails(green_yield(), ETIMEDOUT);
    check_fails(green_event_wait(&set, GREEN_SEC), ETIMEDOUT);
    check_equal(green_event_wait(&set, 0), 0);
    check(green_scope_end(&s));
    check_equal(green_event_wait(&set, GREEN_SEC), 0);
}

static void a_scope_that_expired_unnoticed_is_not_reported(void **state)
{
    green_scope_t s;

    (void)state;
    clock_take();
    green_timeout_begin(&s, 1);
    clock_turn(GREEN_SEC);
    check(!green_scope_end(&s));
}

/* gevent: test__sleep0.py */
static void a_greenlet_that_only_yields_is_stopped_by_its_scope(void **state)
{
    green_scope_t s;

    (void)state;
    green_timeout_begin(&s, 10 * GREEN_MS);
    while (green_yield() == 0)
        continue;
    check_equal(errno, ETIMEDOUT);
    check(green_scope_end(&s));
}

/* ---- nested ---- */

/* gevent: test__api_timeout.py test_nested_timeout; test__api.py
 * test_nested_with_timeout */
static void of_nested_scopes_the_earlier_deadline_is_reported(void **state)
{
    green_scope_t outer, inner;

    (void)state;
    clock_take();
    green_timeout_begin(&outer, GREEN_MS);
    green_timeout_begin(&inner, 2 * GREEN_MS);
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check(!green_scope_end(&inner));
    check(green_scope_end(&outer));

    green_timeout_begin(&outer, 2 * GREEN_MS);
    green_timeout_begin(&inner, GREEN_MS);
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&inner));
    check_equal(green_sleep(GREEN_US), 0);
    check(!green_scope_end(&outer));
}

static void each_scope_reports_its_own_expiry_in_turn(void **state)
{
    green_scope_t outer, inner;

    (void)state;
    clock_take();
    green_timeout_begin(&outer, 2 * GREEN_MS);
    green_timeout_begin(&inner, GREEN_MS);
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&inner));
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&outer));
    check_equal(green_sleep(GREEN_MS), 0);
}

static void scopes_belong_to_their_greenlet_alone(void **state)
{
    green_scope_t s;
    green_t *g;

    (void)state;
    clock_take();
    green_timeout_begin(&s, GREEN_MS);
    g = spawn(sleep_forever, text("g"));
    check_fails(green_join(g, NULL, GREEN_FOREVER), ETIMEDOUT);
    check(green_scope_end(&s));
    check_log("");
    end_by_kill(g);
    check_log("g:ECANCELED");
}

/* ---- kill within a scope ---- */

static void *scope_and_sleep(void *arg)
{
    green_scope_t s;

    green_timeout_begin(&s, GREEN_MS);
    note_result("inside", green_sleep(GREEN_SEC));
    note("%s", green_scope_end(&s) ? "expired" : "not");
    note_result("outside", green_sleep(GREEN_SEC));
    return arg;
}

static void a_kill_is_not_taken_for_the_expiry_of_a_scope(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(scope_and_sleep, NULL);
    settle();
    end_by_kill(g);
    check_log("inside:ECANCELED not outside:ECANCELED");
}

/* The field's "timeout swallows a cancel", cpython #86296 */
static void an_expiry_does_not_swallow_a_kill(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(scope_and_sleep, NULL);
    check_equal(green_sleep(2 * GREEN_MS), 0);
    end_by_kill(g);
    check_log("inside:ETIMEDOUT expired outside:ECANCELED");
}

/* ---- shields ---- */

static void *shielded_sleep(void *arg)
{
    int64_t *times = arg;
    green_scope_t shield;

    green_shield_begin(&shield, times[0]);
    note_result("shielded", green_sleep(times[1]));
    note_result("again", green_sleep(times[1]));
    green_scope_end(&shield);
    note_result("after", green_sleep(times[1]));
    return NULL;
}

static void a_shield_holds_a_kill_off_until_it_ends(void **state)
{
    int64_t times[] = {GREEN_FOREVER, GREEN_MS};
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(shielded_sleep, times);
    settle();
    green_kill(g);
    finish(g);
    check_log("shielded:ok again:ok after:ECANCELED");
    g = spawn(shielded_sleep, times);
    green_kill(g);
    finish(g);
    check_log("shielded:ok again:ok after:ECANCELED");
}

static void when_a_shields_time_is_up_the_kill_shows_again(void **state)
{
    int64_t times[] = {GREEN_MS, 2 * GREEN_MS};
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(shielded_sleep, times);
    settle();
    green_kill(g);
    finish(g);
    check_log("shielded:ECANCELED again:ECANCELED after:ECANCELED");
}

static void when_a_shields_time_is_up_others_see_a_timeout(void **state)
{
    int64_t times[] = {GREEN_MS, 2 * GREEN_MS};

    (void)state;
    clock_take();
    finish(spawn(shielded_sleep, times));
    check_log("shielded:ETIMEDOUT again:ETIMEDOUT after:ok");
}

static void a_shield_holds_the_scopes_around_it_off(void **state)
{
    green_scope_t outer, shield;

    (void)state;
    clock_take();
    green_timeout_begin(&outer, GREEN_MS);
    green_shield_begin(&shield, GREEN_SEC);
    check_equal(green_sleep(10 * GREEN_MS), 0);
    check(!green_scope_end(&shield));
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&outer));
}

static void a_scope_inside_a_shield_still_expires(void **state)
{
    green_scope_t shield, inner;

    (void)state;
    clock_take();
    green_shield_begin(&shield, GREEN_FOREVER);
    green_timeout_begin(&inner, GREEN_MS);
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&inner));
    check_equal(green_sleep(GREEN_MS), 0);
    check(!green_scope_end(&shield));
}

/* ---- misuse ---- */

static void *end_outer_first(void *arg)
{
    green_scope_t outer, inner;

    green_timeout_begin(&outer, GREEN_SEC);
    green_timeout_begin(&inner, GREEN_SEC);
    green_scope_end(&outer);
    return arg;
}

static void end_out_of_order(void *arg)
{
    end_outer_first(arg);
}

static void *end_scope_of_other(void *scope)
{
    green_scope_end(scope);
    return NULL;
}

static void end_in_another_greenlet(void *arg)
{
    green_scope_t s;

    (void)arg;
    green_timeout_begin(&s, GREEN_SEC);
    finish(spawn(end_scope_of_other, &s));
}

static void end_twice(void *arg)
{
    green_scope_t s;

    (void)arg;
    green_timeout_begin(&s, GREEN_SEC);
    green_scope_end(&s);
    green_scope_end(&s);
}

static void begin_twice(void *arg)
{
    green_scope_t s, inner;

    (void)arg;
    green_timeout_begin(&s, GREEN_SEC);
    green_shield_begin(&inner, GREEN_SEC);
    green_timeout_begin(&s, GREEN_SEC);
}

static void beginning_a_scope_twice_aborts(void **state)
{
    (void)state;
    check_aborts(begin_twice, NULL, "it has begun and not ended");
}

static void ending_scopes_out_of_order_aborts(void **state)
{
    (void)state;
    check_aborts(end_out_of_order, NULL, "libgreen: green_scope_end: ");
    check_aborts(end_in_another_greenlet, NULL, "libgreen: green_scope_end: ");
    check_aborts(end_twice, NULL, "libgreen: green_scope_end: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_scope_ends_the_calls_inside_and_says_so),
        green_test(a_scope_that_was_ended_has_no_effect),
        green_test(a_scope_for_ever_never_expires),
        green_test(a_scope_of_no_time_expires_at_once),
        green_test(a_scope_stays_expired),
        green_test(a_scope_that_expired_unnoticed_is_not_reported),
        green_test(a_greenlet_that_only_yields_is_stopped_by_its_scope),
        green_test(of_nested_scopes_the_earlier_deadline_is_reported),
        green_test(each_scope_reports_its_own_expiry_in_turn),
        green_test(scopes_belong_to_their_greenlet_alone),
        green_test(a_kill_is_not_taken_for_the_expiry_of_a_scope),
        green_test(an_expiry_does_not_swallow_a_kill),
        green_test(a_shield_holds_a_kill_off_until_it_ends),
        green_test(when_a_shields_time_is_up_the_kill_shows_again),
        green_test(when_a_shields_time_is_up_others_see_a_timeout),
        green_test(a_shield_holds_the_scopes_around_it_off),
        green_test(a_scope_inside_a_shield_still_expires),
        green_test(beginning_a_scope_twice_aborts),
        green_test(ending_scopes_out_of_order_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
