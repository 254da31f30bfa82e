/* SPDX-License-Identifier: MIT */
/* test_kill.c - kill is level-triggered, unwinds nothing by force, and takes
 * nothing away that was already given. */
#include "support.h"

#include <unistd.h>

/* ---- when it was not yet run ---- */

static void *two_sleeps(void *name)
{
    note("%s", (const char *)name);
    note_result("sleep", green_sleep(1));
    note_result("sleep", green_sleep(GREEN_SEC));
    return name;
}

/* gevent: test__issue330.py test_gevent_kill, test__greenlet.py TestKill; but a
 * greenlet of ours runs, for it may own its argument */
static void a_greenlet_killed_before_its_first_run_still_runs(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(two_sleeps, text("g"));
    green_kill(g);
    check(green_killed(g) && !green_started(g) && !green_ready(g));
    check(finish(g) != NULL);
    check_log("g sleep:ECANCELED sleep:ECANCELED");
}

static void a_killed_greenlet_does_not_wait_for_its_delay(void **state)
{
    green_options_t options = {.delay = GREEN_SEC};
    int64_t start;
    green_t *g;

    (void)state;
    clock_take();
    start = green_now();
    g = green_spawn_with(&options, two_sleeps, text("g"));
    green_kill(g);
    finish(g);
    check_equal(green_now(), start);
    check_log("g sleep:ECANCELED sleep:ECANCELED");
}

/* ---- when it waits, and after ---- */

/* gevent: test__greenlet.py TestKill.test_kill_running, test__issue607.py */
static void kill_ends_a_wait_and_the_greenlet_ends_as_it_likes(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(two_sleeps, text("g"));
    check_equal(green_sleep(2), 0);
    green_kill(g);
    check(green_killed(g) && !green_ready(g));
    check_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    check(green_successful(g));
    check_equal(green_error(g), 0);
    check_log("g sleep:ok sleep:ECANCELED");
    green_release(g);
}

static void killing_again_or_after_the_end_is_harmless(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(sleep_forever, text("g"));
    settle();
    green_kill(g);
    green_kill(g);
    check_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    green_kill(g);
    check_equal(green_killall(&g, 1, GREEN_FOREVER), 0);
    green_release(g);
    check_log("g:ECANCELED");
}

static void a_kill_after_the_end_does_not_count(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    settle();
    green_kill(g);
    check(green_successful(g));
    green_release(g);
}

/* gevent: a kill does not switch, test__greenlet.py test_kill_noblock */
static void kill_never_switches(void **state)
{
    uint64_t switches;
    green_t *g;

    (void)state;
    g = spawn(sleep_forever, text("g"));
    settle();
    switches = count_switches();
    green_kill(g);
    check_equal(count_switches(), switches);
    check_log("");
    finish(g);
    check_log("g:ECANCELED");
}

static void *kill_self(void *arg)
{
    green_kill(green_self());
    note("alive");
    note_result("yield", green_yield());
    note_result("sleep", green_sleep(1));
    note_result("try", green_join(green_self(), NULL, 0) + 1);
    return arg;
}

static void who_kills_itself_goes_on_to_its_next_blocking_call(void **state)
{
    (void)state;
    finish(spawn(kill_self, NULL));
    check_log("alive yield:ECANCELED sleep:ECANCELED try:ok");
}

static void *yield_then_sleep(void *arg)
{
    note_result("yield", green_yield());
    note_result("sleep", green_sleep(GREEN_SEC));
    return arg;
}

/* gevent: rule L2, documented at Greenlet.kill */
static void a_greenlet_that_is_ready_already_resumes_normally(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(yield_then_sleep, NULL);
    green_yield();
    green_kill(g);
    finish(g);
    check_log("yield:ok sleep:ECANCELED");
}

static void kill_main_in_child(void *arg)
{
    (void)arg;
    green_kill(green_self());
    check(green_killed(green_self()));
    check_fails(green_sleep(1), ECANCELED);
    check_fails(green_yield(), ECANCELED);
}

static void main_can_be_killed(void **state)
{
    (void)state;
    check_in_child(kill_main_in_child, NULL);
}

static void *close_on_kill(void *fds)
{
    char byte;

    note_result("read", green_read(*(int *)fds, &byte, 1));
    note_result("close", green_close(*(int *)fds));
    return NULL;
}

static void
a_descriptor_is_usable_after_a_kill_and_no_byte_is_lost(void **state)
{
    int fds[2];
    char byte = 'a';
    green_t *g;

    (void)state;
    make_pipe(fds);
    g = spawn(close_on_kill, &fds[0]);
    settle();
    check_equal(write(fds[1], "b", 1), 1);
    green_kill(g);
    check_equal(read(fds[0], &byte, 1), 1);
    check_equal(byte, 'b');
    finish(g);
    check_log("read:ECANCELED close:ok");
    green_close(fds[1]);
}

static void *yield_until_killed(void *arg)
{
    while (green_yield() == 0)
        continue;
    note_result("yield", -1);
    green_fail(EXDEV, "%s", (const char *)arg);
}

/* gevent: test__issue330.py test_kill_exception, test__issue607.py */
static void how_a_killed_greenlet_ends_is_its_own_choice(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(yield_until_killed, text("stopped"));
    green_yield();
    green_kill(g);
    check_fails(green_get(g, NULL, GREEN_FOREVER), EXDEV);
    check(green_killed(g) && !green_successful(g));
    green_release(g);
    check_log("yield:ECANCELED");
}

/* ---- killall ---- */

static void *die_slowly(void *arg)
{
    green_scope_t shield;

    note_result("sleep", green_sleep(GREEN_FOREVER));
    green_shield_begin(&shield, GREEN_FOREVER);
    check_equal(green_sleep(10 * GREEN_MS), 0);
    green_scope_end(&shield);
    note("finished");
    return arg;
}

/* gevent: test__api.py test_killing_dormant */
static void killall_returns_when_all_have_ended(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(die_slowly, NULL);
    settle();
    check_equal(green_killall(&g, 1, GREEN_FOREVER), 0);
    check_log("sleep:ECANCELED finished");
    green_release(g);
}

/* gevent: test__greenletset.py
 * test_killall_iterable_argument_timeout_started */
static void killall_gives_up_at_its_timeout_and_they_live_on(void **state)
{
    green_t *gs[2];

    (void)state;
    clock_take();
    for (int i = 0; i < 2; i++)
        gs[i] = spawn(die_slowly, NULL);
    settle();
    check_fails(green_killall(gs, 2, 5 * GREEN_MS), ETIMEDOUT);
    check(!green_ready(gs[0]) && !green_ready(gs[1]));
    finish_all(gs, 2);
    check_log("sleep:ECANCELED sleep:ECANCELED finished finished");
}

/* gevent: test__greenletset.py
 * test_killall_iterable_argument_timeout_not_started,
 * test_killall_iterable_argument_non_block */
static void killall_asks_all_before_it_waits(void **state)
{
    green_t *gs[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(sleep_forever, text("g"));
    check_fails(green_killall(gs, 3, 0), ETIMEDOUT);
    for (int i = 0; i < 3; i++)
        check(green_killed(gs[i]));
    check_equal(green_killall(gs, 3, GREEN_SEC), 0);
    check_equal(green_killall(gs, 3, 0), 0);
    check_equal(green_killall(NULL, 0, GREEN_FOREVER), 0);
    green_releaseall(gs, 3);
    check_log("g:ECANCELED g:ECANCELED g:ECANCELED");
}

/* ---- loops that do not want to know ---- */

static bool over;

static void *spin_killed(void *arg)
{
    green_event_t set = GREEN_EVENT_INIT;

    green_event_set(&set);
    while (!over) {
        check_fails(green_yield(), ECANCELED);
        check_fails(green_sleep(GREEN_SEC), ECANCELED);
        check_fails(green_event_wait(&set, GREEN_SEC), ECANCELED);
    }
    return arg;
}

static void *end_it(void *arg)
{
    over = true;
    return arg;
}

static void a_killed_loop_still_lets_others_run(void **state)
{
    green_t *gs[2];

    (void)state;
    over = false;
    gs[0] = spawn(spin_killed, NULL);
    green_kill(gs[0]);
    gs[1] = spawn(end_it, NULL);
    finish_all(gs, 2);
}

static void *end_it_in_time(void *arg)
{
    check_equal(green_sleep(GREEN_MS), 0);
    over = true;
    return arg;
}

static void a_killed_loop_still_lets_time_pass(void **state)
{
    green_t *gs[2];

    (void)state;
    over = false;
    gs[0] = spawn(spin_killed, NULL);
    gs[1] = spawn(end_it_in_time, NULL);
    green_kill(gs[0]);
    finish_all(gs, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_greenlet_killed_before_its_first_run_still_runs),
        green_test(a_killed_greenlet_does_not_wait_for_its_delay),
        green_test(kill_ends_a_wait_and_the_greenlet_ends_as_it_likes),
        green_test(killing_again_or_after_the_end_is_harmless),
        green_test(a_kill_after_the_end_does_not_count),
        green_test(kill_never_switches),
        green_test(who_kills_itself_goes_on_to_its_next_blocking_call),
        green_test(a_greenlet_that_is_ready_already_resumes_normally),
        green_test(main_can_be_killed),
        green_test(a_descriptor_is_usable_after_a_kill_and_no_byte_is_lost),
        green_test(how_a_killed_greenlet_ends_is_its_own_choice),
        green_test(killall_returns_when_all_have_ended),
        green_test(killall_gives_up_at_its_timeout_and_they_live_on),
        green_test(killall_asks_all_before_it_waits),
        green_test(a_killed_loop_still_lets_others_run),
        green_test(a_killed_loop_still_lets_time_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
