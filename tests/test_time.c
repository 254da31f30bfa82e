/* SPDX-License-Identifier: MIT */
/* test_time.c - what is due when, and in which order. */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static green_sem_t never; /* posted */
static int io_pair[2];

/* ---- order in time ---- */

static char *const names[] = {(char[]){"0"}, (char[]){"1"},  (char[]){"2"},
                              (char[]){"3"}, (char[]){"4"},  (char[]){"5"},
                              (char[]){"6"}, (char[]){"7"},  (char[]){"8"},
                              (char[]){"9"}, (char[]){"10"}, (char[]){"11"}};

static void *sleep_and_note(void *name)
{
    check_equal(green_sleep(GREEN_MS), 0);
    note("%s", (char *)name);
    return NULL;
}

/* gevent: rule O5, where it is found wanting */
static void sleepers_with_one_deadline_wake_in_the_order_they_came(void **state)
{
    green_t *gs[12];

    (void)state;
    clock_take();
    for (int i = 0; i < 12; i++)
        gs[i] = spawn(sleep_and_note, names[i]);
    finish_all(gs, 12);
    check_log("0 1 2 3 4 5 6 7 8 9 10 11");
}

static void *wait_in_vain(void *name)
{
    note_result(name, green_sem_wait(&never, GREEN_MS));
    return NULL;
}

static void
timeouts_with_one_deadline_come_in_the_order_they_were_set(void **state)
{
    green_t *gs[4];

    (void)state;
    clock_take();
    for (int i = 0; i < 4; i++)
        gs[i] = spawn(wait_in_vain, names[i]);
    finish_all(gs, 4);
    check_log("0:ETIMEDOUT 1:ETIMEDOUT 2:ETIMEDOUT 3:ETIMEDOUT");
}

static void *read_and_note(void *name)
{
    char byte;

    check_equal(green_read(io_pair[0], &byte, 1), 1);
    note("%s", (char *)name);
    return NULL;
}

/* gevent: rule R1 */
static void
due_in_one_turn_io_comes_first_then_sleepers_then_timeouts(void **state)
{
    green_t *gs[3];

    (void)state;
    clock_take();
    make_pair(io_pair);
    gs[0] = spawn(wait_in_vain, text("timeout"));
    gs[1] = spawn(sleep_and_note, text("sleeper"));
    gs[2] = spawn(read_and_note, text("reader"));
    settle();
    check_equal(write(io_pair[1], "x", 1), 1);
    clock_turn(GREEN_MS);
    finish_all(gs, 3);
    check_log("reader sleeper timeout:ETIMEDOUT");
    close_both(io_pair);
}

/* The field's "woken twice" */
static void *read_in_scope(void *name)
{
    green_scope_t scope;
    char byte;

    green_timeout_begin(&scope, GREEN_MS);
    note_result(name, green_read(io_pair[0], &byte, 1));
    check(!green_scope_end(&scope));
    note_result(name, green_sleep(10 * GREEN_MS));
    return NULL;
}

static void a_read_that_succeeds_as_its_time_is_up_succeeds_once(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    make_pair(io_pair);
    g = spawn(read_in_scope, text("g"));
    settle();
    check_equal(write(io_pair[1], "x", 1), 1);
    clock_turn(GREEN_MS);
    finish(g);
    check_log("g:ok g:ok");
    close_both(io_pair);
}

static void *wait_twice(void *event)
{
    int64_t start = green_now();

    check_equal(green_event_wait(event, 5 * GREEN_MS), 0);
    check_equal(green_sleep(20 * GREEN_MS), 0);
    check_equal(green_now() - start, 21 * GREEN_MS);
    return NULL;
}

static void
a_timeout_that_was_not_needed_does_not_end_the_next_wait(void **state)
{
    green_event_t event = GREEN_EVENT_INIT;
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(wait_twice, &event);
    check_equal(green_sleep(GREEN_MS), 0);
    green_event_set(&event);
    finish(g);
}

/* ---- measured from the call ---- */

/* gevent: test__api_timeout.py test_sleep_calls_update_now,
 * test_timeout_calls_update_now; rule S4 */
static void a_long_computation_before_a_wait_does_not_shorten_it(void **state)
{
    green_scope_t scope;
    int64_t start;

    (void)state;
    clock_take();
    clock_turn(GREEN_SEC);
    start = green_now();
    check_equal(green_sleep(5 * GREEN_MS), 0);
    check_equal(green_now() - start, 5 * GREEN_MS);
    clock_turn(GREEN_SEC);
    start = green_now();
    check_fails(green_sem_wait(&never, 5 * GREEN_MS), ETIMEDOUT);
    check_equal(green_now() - start, 5 * GREEN_MS);
    clock_turn(GREEN_SEC);
    start = green_now();
    green_timeout_begin(&scope, 5 * GREEN_MS);
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&scope));
    check_equal(green_now() - start, 5 * GREEN_MS);
}

/* gevent: test__core_timer.py, the resolution; here with the real clock */
static void no_wait_ends_early(void **state)
{
    int64_t start;

    (void)state;
    for (int64_t duration = 1; duration < 3 * GREEN_MS; duration *= 3) {
        start = green_now();
        check_equal(green_sleep(duration), 0);
        check(green_now() - start >= duration);
        start = green_now();
        check_fails(green_sem_wait(&never, duration), ETIMEDOUT);
        check(green_now() - start >= duration);
    }
}

static void a_timeout_close_to_for_ever_does_not_overflow(void **state)
{
    green_scope_t scope;
    green_t *g;

    (void)state;
    green_timeout_begin(&scope, GREEN_FOREVER - 1);
    g = spawn(return_argument, NULL);
    check_equal(green_join(g, NULL, GREEN_FOREVER - 1), 0);
    green_release(g);
    check(!green_scope_end(&scope));
}

/* ---- many ---- */

static int64_t last_due;

/* ---- the least of all timeouts ---- */

static void stop_a_hub_without_grace(int64_t timeout)
{
    green_hub_t *hub = green_hub_start();

    check(hub != NULL);
    check_equal(green_spawn_on(hub, sleep_forever, text("other")), 0);
    check_fails(green_hub_stop(hub, timeout), ETIMEDOUT);
    check_log("other:ECANCELED");
}

static void talk_without_time(int64_t timeout)
{
    const char *const argv[] = {"sleep", "1000", NULL};
    const green_process_options_t options = {.in = GREEN_PIPE};
    green_process_t *p = green_process_start(argv, &options);

    check_fails(green_process_wait(p, NULL, timeout), ETIMEDOUT);
    check_fails(
        green_process_communicate(p, "x", 1, NULL, NULL, NULL, NULL, timeout),
        ETIMEDOUT);
    green_process_signal(p, SIGKILL);
    check_equal(green_process_wait(p, NULL, GREEN_FOREVER), 0);
    green_process_free(p);
}

static void a_negative_timeout_is_a_try_however_small(void **state)
{
    static const int64_t timeouts[] = {-1, INT64_MIN + 1, INT64_MIN};
    green_t *both[] = {spawn(sleep_forever, text("a")),
                       spawn(sleep_forever, text("b"))};
    struct pollfd entry = {.events = POLLIN};
    int fds[2];
    size_t i;

    (void)state;
    make_pipe(fds);
    entry.fd = fds[0];
    for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
        check_fails(green_joinall(both, 2, timeouts[i]), ETIMEDOUT);
        check_fails(green_wait_fd(fds[0], GREEN_READ, timeouts[i]), ETIMEDOUT);
        check_equal(green_poll(&entry, 1, timeouts[i]), 0);
        stop_a_hub_without_grace(timeouts[i]);
        talk_without_time(timeouts[i]);
    }
    end_by_kill(both[0]);
    end_by_kill(both[1]);
    check_log("a:ECANCELED b:ECANCELED");
    close_both(fds);
}

static void *sleep_until(void *due)
{
    check_equal(green_sleep(*(int64_t *)due - green_now()), 0);
    check(*(int64_t *)due >= last_due);
    last_due = *(int64_t *)due;
    return NULL;
}

static void many_sleepers_wake_in_the_order_of_their_deadlines(void **state)
{
    static int64_t dues[2000];
    static green_t *gs[2000];
    uint32_t random = 1;

    (void)state;
    clock_take();
    last_due = 0;
    for (int i = 0; i < 2000; i++) {
        random = random * 1664525 + 1013904223;
        dues[i] = green_now() + 1 + (random >> 16);
        gs[i] = spawn(sleep_until, &dues[i]);
    }
    finish_all(gs, 2000);
}

static void *wait_or_be_killed(void *timeout)
{
    check_equal(green_sem_wait(&never, *(int64_t *)timeout), -1);
    check_equal(errno, green_killed(green_self()) ? ECANCELED : ETIMEDOUT);
    return NULL;
}

static void timeouts_given_up_leave_the_others_in_order(void **state)
{
    static int64_t timeouts[1000];
    static green_t *gs[1000];
    green_stats_t stats;

    (void)state;
    clock_take();
    for (int i = 0; i < 1000; i++) {
        timeouts[i] = (i * 37 % 1000 + 1) * GREEN_US;
        gs[i] = spawn(wait_or_be_killed, &timeouts[i]);
    }
    settle();
    for (int i = 0; i < 1000; i += 3)
        green_kill(gs[i]);
    finish_all(gs, 1000);
    check_equal(green_stats(&stats), 0);
    check_equal(stats.timers, 0);
}

/* ---- where the clock's numbers end; these turn it on for good ---- */

#define YEARS (365 * 24 * 3600 * GREEN_SEC)

static const int64_t ages[] = {1, 100 * YEARS, GREEN_MS, YEARS, YEARS + 1};
static const char *const age_names[] = {"1ns", "100y", "1ms", "1y", "1y1ns"};

static void *sleep_an_age(void *arg)
{
    int i = *(int *)arg;

    check_equal(green_sleep(ages[i]), 0);
    note("%s", age_names[i]);
    return NULL;
}

/* As after a suspend, if the clock went on: all is due in one turn. */
static void
a_clock_that_jumps_by_centuries_wakes_all_in_their_order(void **state)
{
    int numbers[] = {0, 1, 2, 3, 4};
    green_t *gs[5];

    (void)state;
    clock_take();
    for (int i = 0; i < 5; i++)
        gs[i] = spawn(sleep_an_age, &numbers[i]);
    settle();
    clock_turn(150 * YEARS);
    finish_all(gs, 5);
    check_log("1ns 1ms 1y 1y1ns 100y");
}

static void *sleep_almost_forever(void *arg)
{
    note_result("slept", green_sleep(GREEN_FOREVER - 1));
    return arg;
}

/* Some months before the clock's last nanosecond. */
static void deadlines_behind_the_end_of_the_clock_never_come(void **state)
{
    green_scope_t scope;
    green_t *g;

    (void)state;
    clock_take();
    clock_turn(INT64_MAX - green_now() - YEARS / 4);
    g = spawn(sleep_almost_forever, NULL);
    green_timeout_begin(&scope, 100 * YEARS);
    check_equal(green_sleep(GREEN_SEC), 0);
    check_fails(green_sem_wait(&never, GREEN_MS), ETIMEDOUT);
    check_equal(green_sleep(YEARS / 8), 0);
    check(!green_scope_end(&scope));
    check_log("");
    end_by_kill(g);
    check_log("slept:ECANCELED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(sleepers_with_one_deadline_wake_in_the_order_they_came),
        green_test(timeouts_with_one_deadline_come_in_the_order_they_were_set),
        green_test(due_in_one_turn_io_comes_first_then_sleepers_then_timeouts),
        green_test(a_read_that_succeeds_as_its_time_is_up_succeeds_once),
        green_test(a_timeout_that_was_not_needed_does_not_end_the_next_wait),
        green_test(a_long_computation_before_a_wait_does_not_shorten_it),
        green_test(no_wait_ends_early),
        green_test(a_timeout_close_to_for_ever_does_not_overflow),
        green_test(a_negative_timeout_is_a_try_however_small),
        green_test(many_sleepers_wake_in_the_order_of_their_deadlines),
        green_test(timeouts_given_up_leave_the_others_in_order),
        green_test(a_clock_that_jumps_by_centuries_wakes_all_in_their_order),
        green_test(deadlines_behind_the_end_of_the_clock_never_come),
    };

    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
