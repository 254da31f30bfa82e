/* SPDX-License-Identifier: MIT */
/* test_run.c - main lets the others run until none is left.  That of the loop's
 * end in gevent: test__hub_join.py, test__hub_join_timeout.py. */
#include "support.h"

#include <signal.h>
#include <unistd.h>
#include "run.h"

static green_event_t event = GREEN_EVENT_INIT;

static void *sleep_a_while(void *name)
{
    note_result(name, green_sleep(10 * GREEN_MS));
    return NULL;
}

static void *wait_event(void *name)
{
    note_result(name, green_event_wait(&event, GREEN_FOREVER));
    return NULL;
}

static void *spawn_another(void *name)
{
    note("%s", (const char *)name);
    check_equal(green_go(sleep_a_while, text("another")), 0);
    return NULL;
}

static void with_nobody_else_it_returns_at_once(void **state)
{
    uint64_t switches = count_switches();

    (void)state;
    check_equal(green_run(GREEN_FOREVER), 0);
    check_equal(green_run(0), 0);
    check_equal(count_switches(), switches);
}

static void it_waits_for_all_and_for_those_that_begin_meanwhile(void **state)
{
    green_options_t later = {.delay = 20 * GREEN_MS};
    green_t *g;

    (void)state;
    clock_take();
    check_equal(green_go(spawn_another, text("one")), 0);
    g = green_spawn_with(&later, note_argument, text("delayed"));
    green_release(g);
    check_equal(green_run(GREEN_FOREVER), 0);
    check_log("one another:ok delayed");
}

static void it_can_be_called_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        check_equal(green_go(note_argument, text("g")), 0);
        check_equal(green_run(GREEN_FOREVER), 0);
    }
    check_log("g g g");
}

static void it_gives_up_at_its_timeout_while_some_are_left(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(wait_event, text("g"));
    check_fails(green_run(0), ETIMEDOUT);
    check_fails(green_run(5 * GREEN_MS), ETIMEDOUT);
    green_kill(g);
    check_equal(green_run(5 * GREEN_MS), 0);
    check_log("g:ECANCELED");
    green_release(g);
}

static void it_obeys_the_scope_around_it(void **state)
{
    green_scope_t t;
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(wait_event, text("g"));
    green_timeout_begin(&t, 5 * GREEN_MS);
    check_fails(green_run(GREEN_FOREVER), ETIMEDOUT);
    check(green_scope_end(&t));
    end_by_kill(g);
    check_log("g:ECANCELED");
}

static void note_deadlock(void *word)
{
    note("%s", (const char *)word);
}

static void those_left_that_can_never_end_are_a_deadlock(void **state)
{
    green_t *g;

    (void)state;
    green_set_deadlock_fn(note_deadlock, text("report"));
    g = spawn(wait_event, text("g"));
    check_fails(green_run(GREEN_FOREVER), EDEADLK);
    green_set_deadlock_fn(NULL, NULL);
    green_event_set(&event);
    check_equal(green_run(GREEN_FOREVER), 0);
    green_event_clear(&event);
    check_log("report g:ok");
    green_release(g);
}

static void *note_signal(void *name)
{
    note("%s", (const char *)name);
    return NULL;
}

/* gevent: test__core_loop_run.py */
static void a_watch_of_a_signal_is_not_waited_for(void **state)
{
    green_watch_t *w;

    (void)state;
    w = green_signal(SIGUSR1, note_signal, text("signal"));
    check(w != NULL);
    check_equal(green_run(GREEN_FOREVER), 0);
    green_signal_end(w);
}

static void services_of_the_library_are_not_waited_for(void **state)
{
    green_t *service, *other;

    (void)state;
    clock_take();
    service = spawn(sleep_forever, text("service"));
    green__be_service(service);
    check_equal(green_run(GREEN_FOREVER), 0);
    other = spawn(sleep_a_while, text("other"));
    check_equal(green_run(GREEN_FOREVER), 0);
    check_log("other:ok");
    finish(other);
    end_by_kill(service);
    check_log("service:ECANCELED");
    other = spawn(sleep_a_while, text("other"));
    check_fails(green_run(0), ETIMEDOUT);
    finish(other);
    check_log("other:ok");
}

static void one_that_becomes_a_service_is_no_longer_waited_for(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    g = spawn(sleep_forever, text("g"));
    check_fails(green_run(GREEN_MS), ETIMEDOUT);
    green__be_service(g);
    check_equal(green_run(GREEN_MS), 0);
    end_by_kill(g);
    check_log("g:ECANCELED");
}

static void a_link_that_goes_for_nothing_is_not_waited_for(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    check_equal(green_link_error(g, note_argument, text("failed")), 0);
    check_equal(green_run(GREEN_FOREVER), 0);
    check_log("");
    green_release(g);
}

static void *run_here(void *unused)
{
    green_run(GREEN_FOREVER);
    return unused;
}

static void run_elsewhere(void *unused)
{
    (void)unused;
    finish(spawn(run_here, NULL));
}

static void in_another_greenlet_than_main_it_aborts(void **state)
{
    (void)state;
    check_aborts(run_elsewhere, NULL, "green_run");
}

static void *fork_and_run(void *unused)
{
    pid_t child = green_fork();

    if (child == 0) {
        bool alone = green_run(GREEN_FOREVER) == 0;

        _exit(alone ? 0 : 1);
    }
    (void)unused;
    return (void *)(intptr_t)child;
}

static void who_forked_has_nobody_to_wait_for_in_the_child(void **state)
{
    int status = -1;
    green_t *other, *g;

    (void)state;
    other = spawn(sleep_forever, text("other"));
    g = spawn(fork_and_run, NULL);
    check_fails(green_run(100 * GREEN_MS), ETIMEDOUT);
    check(green_waitpid((pid_t)(intptr_t)finish(g), &status, 0) > 0);
    check_equal(status, 0);
    end_by_kill(other);
    check_log("other:ECANCELED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(with_nobody_else_it_returns_at_once),
        green_test(it_waits_for_all_and_for_those_that_begin_meanwhile),
        green_test(it_can_be_called_again_and_again),
        green_test(it_gives_up_at_its_timeout_while_some_are_left),
        green_test(it_obeys_the_scope_around_it),
        green_test(those_left_that_can_never_end_are_a_deadlock),
        green_test(services_of_the_library_are_not_waited_for),
        green_test(one_that_becomes_a_service_is_no_longer_waited_for),
        green_test(a_link_that_goes_for_nothing_is_not_waited_for),
        green_test(in_another_greenlet_than_main_it_aborts),
    };
    const struct CMUnitTest woken_from_outside[] = {
        green_test(who_forked_has_nobody_to_wait_for_in_the_child),
        green_test(a_watch_of_a_signal_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests(woken_from_outside, open_wake_up, NULL);
}
