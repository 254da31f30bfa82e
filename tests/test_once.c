/* SPDX-License-Identifier: MIT */
/* test_once.c - the first who asks runs the function, the others wait for it. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dumped.h"

static green_once_t once;
static green_event_t go_on;
static int runs;

static void set_up(void)
{
    green_once_init(&once);
    green_event_init(&go_on);
    runs = 0;
}

/* What most of the greenlets here have done once. */
static void wait_and_count(void *arg)
{
    (void)arg;
    green_event_wait(&go_on, GREEN_FOREVER);
    runs++;
}

static void *ask(void *name)
{
    note_result(name, green_once(&once, wait_and_count, NULL, GREEN_FOREVER));
    return NULL;
}

static void note_run(void *name)
{
    note("%s runs", (const char *)name);
}

static void *ask_and_note(void *name)
{
    note_result(name, green_once(&once, note_run, name, GREEN_FOREVER));
    return NULL;
}

/* ---- who runs it, and when the others go on ---- */

static void
what_has_been_done_is_not_done_again_and_takes_no_switch(void **state)
{
    green_once_t mine = GREEN_ONCE_INIT;
    uint64_t switches = count_switches();

    (void)state;
    check_equal(green_once(&mine, note_run, text("a"), GREEN_FOREVER), 0);
    check_equal(green_once(&mine, note_run, text("b"), GREEN_FOREVER), 0);
    check_equal(green_once(&mine, note_run, text("c"), 0), 0);
    check_equal(count_switches(), switches);
    check_log("a runs");
}

static void others_wait_for_it_and_go_on_in_the_order_they_came(void **state)
{
    green_t *gs[4];

    (void)state;
    set_up();
    gs[0] = spawn(ask, text("a"));
    gs[1] = spawn(ask, text("b"));
    gs[2] = spawn(ask, text("c"));
    gs[3] = spawn(ask_and_note, text("d"));
    settle();
    check_log("");
    green_event_set(&go_on);
    finish_all(gs, 4);
    check_log("a:ok b:ok c:ok d:ok");
    check_equal(runs, 1);
}

static void one_that_does_not_wait_runs_it_if_nobody_does(void **state)
{
    green_t *g;

    (void)state;
    set_up();
    g = spawn(ask, text("g"));
    settle();
    check_fails(green_once(&once, note_run, text("m"), 0), ETIMEDOUT);
    check_fails(green_once(&once, note_run, text("m"), GREEN_MS), ETIMEDOUT);
    green_event_set(&go_on);
    finish(g);
    check_equal(green_once(&once, note_run, text("m"), 0), 0);
    green_once_init(&once);
    check_equal(green_once(&once, note_run, text("m"), -1), 0);
    check_log("g:ok m runs");
}

static green_once_t *short_lived;

static void wait_for_go_on(void *arg)
{
    (void)arg;
    green_event_wait(&go_on, GREEN_FOREVER);
}

static void *ask_and_free(void *arg)
{
    check_equal(green_once(short_lived, wait_for_go_on, NULL, GREEN_FOREVER),
                0);
    free(short_lived);
    return arg;
}

static void *ask_short_lived(void *arg)
{
    check_equal(green_once(short_lived, wait_for_go_on, NULL, GREEN_FOREVER),
                0);
    return arg;
}

static void when_it_has_run_the_once_may_go_before_the_others(void **state)
{
    green_t *gs[3];

    (void)state;
    set_up();
    short_lived = malloc(sizeof *short_lived);
    green_once_init(short_lived);
    gs[0] = spawn(ask_and_free, NULL);
    gs[1] = spawn(ask_short_lived, NULL);
    gs[2] = spawn(ask_short_lived, NULL);
    settle();
    green_event_set(&go_on);
    finish_all(gs, 3);
}

/* ---- who ends in it ---- */

static void exit_in_it(void *arg)
{
    (void)arg;
    green_event_wait(&go_on, GREEN_FOREVER);
    green_exit(NULL);
}

static void *ask_and_exit(void *arg)
{
    green_once(&once, exit_in_it, NULL, GREEN_FOREVER);
    note("not here");
    return arg;
}

static void fail_in_it(void *arg)
{
    (void)arg;
    green_event_wait(&go_on, GREEN_FOREVER);
    green_fail(EIO, "no luck");
}

static void *ask_and_fail(void *arg)
{
    green_once(&once, fail_in_it, NULL, GREEN_FOREVER);
    note("not here");
    return arg;
}

static void
if_its_greenlet_ends_in_it_the_longest_waiter_runs_its_own(void **state)
{
    green_t *gs[5];

    (void)state;
    set_up();
    gs[0] = spawn(ask_and_exit, NULL);
    gs[1] = spawn(ask_and_fail, NULL);
    gs[2] = spawn(ask_and_note, text("c"));
    gs[3] = spawn(ask_and_note, text("d"));
    gs[4] = spawn(ask, text("e"));
    settle();
    green_event_set(&go_on);
    finish_all(gs, 5);
    check_log("c runs c:ok d:ok e:ok");
    check_equal(runs, 0);
}

static void if_nobody_waited_then_the_next_to_ask_runs_it(void **state)
{
    green_t *g;

    (void)state;
    set_up();
    green_event_set(&go_on);
    g = spawn(ask_and_fail, NULL);
    check_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    check_equal(green_error(g), EIO);
    green_release(g);
    check_equal(green_once(&once, note_run, text("m"), GREEN_FOREVER), 0);
    check_log("m runs");
}

static green_once_t inner;

static void ask_inner(void *arg)
{
    (void)arg;
    green_once(&inner, exit_in_it, NULL, GREEN_FOREVER);
}

static void *ask_outer(void *arg)
{
    green_once(&once, ask_inner, NULL, GREEN_FOREVER);
    return arg;
}

static void who_ends_in_one_within_another_leaves_both(void **state)
{
    (void)state;
    set_up();
    green_once_init(&inner);
    green_event_set(&go_on);
    finish(spawn(ask_outer, NULL));
    check_equal(green_once(&once, note_run, text("outer"), 0), 0);
    check_equal(green_once(&inner, note_run, text("inner"), 0), 0);
    check_log("outer runs inner runs");
}

/* ---- kill ---- */

static void a_killed_waiter_leaves_the_line(void **state)
{
    green_t *gs[3];

    (void)state;
    set_up();
    gs[0] = spawn(ask_and_exit, NULL);
    gs[1] = spawn(ask_and_note, text("killed"));
    gs[2] = spawn(ask_and_note, text("next"));
    settle();
    green_kill(gs[1]);
    green_event_set(&go_on);
    finish_all(gs, 3);
    check_log("killed:ECANCELED next runs next:ok");
}

static void *let_it_end_and_kill(void *victim)
{
    green_event_set(&go_on);
    green_yield();
    green_kill(victim);
    return NULL;
}

static void
who_was_given_its_turn_has_it_although_it_is_killed_then(void **state)
{
    green_t *gs[3];

    (void)state;
    set_up();
    gs[0] = spawn(ask_and_exit, NULL);
    gs[1] = spawn(ask_and_note, text("g"));
    settle();
    gs[2] = spawn(let_it_end_and_kill, gs[1]);
    finish_all(gs, 3);
    check_log("g runs g:ok");
}

/* ---- circles ---- */

static void ask_again(void *arg)
{
    static const int64_t timeouts[] = {GREEN_FOREVER, GREEN_MS, 0, -1};

    (void)arg;
    for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++)
        check_fails(green_once(&once, note_run, text("m"), timeouts[i]),
                    EDEADLK);
    runs++;
}

static void to_ask_for_it_in_itself_is_EDEADLK(void **state)
{
    (void)state;
    set_up();
    check_equal(green_once(&once, ask_again, NULL, GREEN_FOREVER), 0);
    check_equal(runs, 1);
    check_log("");
}

static void join_in_it(void *g)
{
    green_event_wait(&go_on, GREEN_FOREVER);
    check_fails(green_join(g, NULL, GREEN_FOREVER), EDEADLK);
    runs++;
}

static void *ask_and_join(void *g)
{
    check_equal(green_once(&once, join_in_it, g, GREEN_FOREVER), 0);
    return NULL;
}

static void *let_main_join(void *arg)
{
    green_event_set(&go_on);
    return arg;
}

static void a_circle_through_it_is_refused(void **state)
{
    green_t *owner, *waiter = NULL;

    (void)state;
    set_up();
    owner = spawn(ask_and_join, green_self());
    settle();
    waiter = spawn(let_main_join, NULL);
    check_equal(green_once(&once, note_run, text("m"), GREEN_FOREVER), 0);
    check_equal(runs, 1);
    finish(owner);
    finish(waiter);
    check_log("");
}

/* ---- the rest ---- */

static void a_dump_tells_who_waits_for_whom(void **state)
{
    green_t *gs[2];
    char words[80];

    (void)state;
    set_up();
    gs[0] = spawn(ask, text("a"));
    gs[1] = spawn(ask, text("b"));
    settle();
    snprintf(words, sizeof words, "waiting for once %p of #%llu", (void *)&once,
             (unsigned long long)green_id(gs[0]));
    check(dump_contains(words));
    green_event_set(&go_on);
    finish_all(gs, 2);
    check_log("a:ok b:ok");
}

static void
in_the_child_of_a_fork_what_others_had_begun_is_begun_anew(void **state)
{
    int status = -1;
    green_t *g;
    pid_t child;

    (void)state;
    set_up();
    g = spawn(ask, text("g"));
    settle();
    child = green_fork();
    if (child == 0)
        _exit(green_once(&once, note_run, text("m"), 0) == 0 ? 0 : 1);
    check_equal(green_waitpid(child, &status, 0), child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    green_event_set(&go_on);
    finish(g);
    check_log("g:ok");
}

static void no_once_and_no_function_are_EINVAL(void **state)
{
    (void)state;
    set_up();
    check_fails(green_once(NULL, note_run, NULL, 0), EINVAL);
    check_fails(green_once(&once, NULL, NULL, 0), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(what_has_been_done_is_not_done_again_and_takes_no_switch),
        green_test(others_wait_for_it_and_go_on_in_the_order_they_came),
        green_test(one_that_does_not_wait_runs_it_if_nobody_does),
        green_test(when_it_has_run_the_once_may_go_before_the_others),
        green_test(if_its_greenlet_ends_in_it_the_longest_waiter_runs_its_own),
        green_test(if_nobody_waited_then_the_next_to_ask_runs_it),
        green_test(who_ends_in_one_within_another_leaves_both),
        green_test(a_killed_waiter_leaves_the_line),
        green_test(who_was_given_its_turn_has_it_although_it_is_killed_then),
        green_test(to_ask_for_it_in_itself_is_EDEADLK),
        green_test(a_circle_through_it_is_refused),
        green_test(a_dump_tells_who_waits_for_whom),
        green_test(in_the_child_of_a_fork_what_others_had_begun_is_begun_anew),
        green_test(no_once_and_no_function_are_EINVAL),
    };

    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
