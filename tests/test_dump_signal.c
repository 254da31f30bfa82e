/* SPDX-License-Identifier: MIT */
/* test_dump_signal.c - all greenlets are dumped when a signal comes. */
#include "support.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "alone.h"
#include "reports.h"
#include "sys.h"

static green_t *spawn_named(const char *name, void *(*fn)(void *arg), void *arg)
{
    green_options_t options = {.name = name};

    return green_spawn_with(&options, fn, arg);
}

static void begin_dumps(void)
{
    check_equal(green_dump_on_signal(SIGUSR1), 0);
    catch_reports();
}

static void end_dumps(void)
{
    check_equal(green_dump_on_signal(0), 0);
    release_reports();
}

static void check_reported(const char *words)
{
    if (!strstr(reports, words))
        check_text(reports, words);
}

/* Without giving way. */
static void await_dump(const char *words)
{
    while (!has_reported(words))
        poll(NULL, 0, 1);
}

static atomic_bool enough;

static void *signal_without_end(void *arg)
{
    while (!atomic_load(&enough)) {
        kill(getpid(), SIGUSR1);
        poll(NULL, 0, 1);
    }
    return arg;
}

/* ---- whatever the thread does ---- */

static void it_works_while_a_greenlet_computes(void **state)
{
    green_t *g;

    (void)state;
    begin_dumps();
    g = spawn_named("sleeper", sleep_forever, text("woken"));
    settle();
    kill(getpid(), SIGUSR1);
    while (!has_reported("sleeper"))
        continue;
    end_dumps();
    check_reported("libgreen: 2 greenlets\n");
    check_reported("  #1 main  running\n");
    check_reported(" sleeper  sleeping for ");
    check_reported("  by #1 at 0x");
    end_by_kill(g);
}

static void it_works_while_the_thread_rests(void **state)
{
    struct pollfd out = {.events = POLLIN};
    pthread_t thread;

    (void)state;
    begin_dumps();
    out.fd = report_fds[0];
    atomic_store(&enough, false);
    check_equal(pthread_create(&thread, NULL, signal_without_end, NULL), 0);
    do
        green_poll(&out, 1, GREEN_FOREVER);
    while (!has_reported("  #1 main  waiting in poll for "));
    atomic_store(&enough, true);
    check_equal(pthread_join(thread, NULL), 0);
    end_dumps();
}

static void it_works_while_the_thread_hangs_in_a_call(void **state)
{
    char byte;

    (void)state;
    if (__tsan_init)
        skip();
    begin_dumps();
    kill(getpid(), SIGUSR1);
    (void)!read(report_fds[0], &byte, 1); /* only a dump can end this */
    await_dump("  #1 main  running");
    end_dumps();
}

static void each_signal_brings_a_dump(void **state)
{
    (void)state;
    begin_dumps();
    for (int i = 1; i <= 5; i++) {
        kill(getpid(), SIGUSR1);
        do
            poll(NULL, 0, 1);
        while (count_reports("#1 main") < i && read_reports());
    }
    end_dumps();
    check_equal(count_reports("libgreen: 1 greenlet\n"), 5);
}

/* ---- threads ---- */

static int begin_sharing(void **state)
{
    return green_hub() ? begin_test(state) : -1;
}

static void *wait_in_thread(void *event)
{
    green_set_name("guest");
    return (void *)(intptr_t)green_event_wait(event, GREEN_FOREVER);
}

static void all_threads_are_in_it(void **state)
{
    static green_event_t never = GREEN_EVENT_INIT;
    green_hub_t *hub = green_hub_start();

    (void)state;
    begin_dumps();
    check_equal(green_spawn_on(hub, wait_in_thread, &never), 0);
    while (!has_reported("guest  waiting for event")) {
        kill(getpid(), SIGUSR1);
        poll(NULL, 0, 10);
    }
    await_dump("#1 main  running");
    end_dumps();
    check_fails(green_hub_stop(hub, 0), ETIMEDOUT);
}

static void the_program_may_block_the_signal_everywhere(void **state)
{
    sigset_t usr1;

    (void)state;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    begin_dumps();
    kill(getpid(), SIGUSR1);
    await_dump("#1 main  running");
    end_dumps();
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
}

static void who_does_not_let_itself_be_asked_is_mentioned(void **state)
{
    sigset_t urgent;

    (void)state;
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    begin_dumps();
    pthread_sigmask(SIG_BLOCK, &urgent, NULL);
    kill(getpid(), SIGUSR1);
    await_dump("libgreen: greenlets of a thread that does not let SIGURG in");
    pthread_sigmask(SIG_UNBLOCK, &urgent, NULL);
    end_dumps();
}

/* ---- at any time ---- */

static void *rename_often(void *arg)
{
    for (int i = 0; i < 5; i++) {
        green_set_name("busy");
        green_yield();
        green_set_name(NULL);
    }
    return arg;
}

/* When signals come that fast, one meets ThreadSanitizer's as it lets in another,
 * and then it lets in no more. */
void *__tsan_get_current_fiber(void) __attribute__((weak));

static void the_list_is_whole_at_every_moment(void **state)
{
    pthread_t thread;
    green_t *gs[8];
    int dumps = 0;

    (void)state;
    if (__tsan_get_current_fiber)
        skip();
    begin_dumps();
    atomic_store(&enough, false);
    check_equal(pthread_create(&thread, NULL, signal_without_end, NULL), 0);
    while (dumps < 50) {
        for (size_t i = 0; i < ARRAY_SIZE(gs); i++)
            gs[i] = spawn(rename_often, NULL);
        finish_all(gs, ARRAY_SIZE(gs));
        read_reports();
        if (n_reports > sizeof reports / 2 || count_reports("main") > 5) {
            dumps += count_reports("libgreen: ");
            n_reports = 0;
            reports[0] = '\0';
        }
    }
    atomic_store(&enough, true);
    check_equal(pthread_join(thread, NULL), 0);
    end_dumps();
}

/* ---- on and off ---- */

static volatile sig_atomic_t handled;

static void count_handled(int signo)
{
    (void)signo;
    handled++;
}

static void the_handler_that_was_there_comes_back(void **state)
{
    (void)state;
    handled = 0;
    signal(SIGUSR1, count_handled);
    begin_dumps();
    raise(SIGUSR1);
    await_dump("#1 main");
    end_dumps();
    check_equal(handled, 0);
    raise(SIGUSR1);
    check_equal(handled, 1);
    signal(SIGUSR1, SIG_DFL);
}

static void another_signal_takes_the_place_of_the_first(void **state)
{
    (void)state;
    signal(SIGUSR1, SIG_IGN);
    begin_dumps();
    check_equal(green_dump_on_signal(SIGUSR2), 0);
    raise(SIGUSR1);
    raise(SIGUSR2);
    await_dump("#1 main");
    end_dumps();
    signal(SIGUSR1, SIG_DFL);
    check_equal(count_reports("libgreen: 1 greenlet\n"), 1);
}

static int no_pipe(int fds[2])
{
    (void)fds;
    errno = EMFILE;
    return -1;
}

static void what_cannot_be_is_refused(void **state)
{
    struct sys usual = green__sys;

    (void)state;
    check_fails(green_dump_on_signal(-1), EINVAL);
    check_fails(green_dump_on_signal(9999), EINVAL);
    check_fails(green_dump_on_signal(SIGKILL), EINVAL);
    check_fails(green_dump_on_signal(SIGSEGV), EINVAL);
    check_fails(green_dump_on_signal(SIGURG), EINVAL);
    green__sys.pipe = no_pipe;
    check_fails(green_dump_on_signal(SIGUSR1), EMFILE);
    green__sys = usual;
    signal(SIGUSR1, count_handled);
    handled = 0;
    raise(SIGUSR1);
    check_equal(handled, 1);
    signal(SIGUSR1, SIG_DFL);
    check_equal(green_dump_on_signal(0), 0);
}

static void dump_as_child(void *arg)
{
    (void)arg;
    check_equal(green_dump_on_signal(0), 0);
    begin_dumps();
    raise(SIGUSR1);
    await_dump("#1 main");
    end_dumps();
}

static void the_child_of_a_fork_can_switch_it_on_for_itself(void **state)
{
    (void)state;
    if (__tsan_init)
        skip();
    begin_dumps();
    check_in_child(dump_as_child, NULL);
    end_dumps();
    check_text(reports, "");
}

/* ---- in processes of their own ---- */

static void dump_as_wished(const char *wish, int signo)
{
    setenv("GREEN_DUMP_SIGNAL", wish, 1);
    catch_reports();
    green_yield();
    raise(signo);
    while (!has_reported("#1 main"))
        poll(NULL, 0, 1);
    release_reports();
}

static void wish_by_name(void)
{
    dump_as_wished("SIGUSR1", SIGUSR1);
}

static void wish_by_short_name(void)
{
    dump_as_wished("USR2", SIGUSR2);
}

static void wish_by_number(void)
{
    char number[16];

    snprintf(number, sizeof number, "%d", SIGWINCH);
    dump_as_wished(number, SIGWINCH);
}

static void wish_for_nonsense(void)
{
    setenv("GREEN_DUMP_SIGNAL", "nonsense", 1);
    green_yield();
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
}

static void the_environment_switches_it_on(void **state)
{
    (void)state;
    assert_true(passes_alone(wish_by_name));
    assert_true(passes_alone(wish_by_short_name));
    assert_true(passes_alone(wish_by_number));
    assert_true(passes_alone(wish_for_nonsense));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_switches_it_on),
        green_test(it_works_while_a_greenlet_computes),
        green_test(it_works_while_the_thread_rests),
        green_test(it_works_while_the_thread_hangs_in_a_call),
        green_test(each_signal_brings_a_dump),
        cmocka_unit_test_setup_teardown(all_threads_are_in_it, begin_sharing,
                                        end_test),
        green_test(the_program_may_block_the_signal_everywhere),
        green_test(who_does_not_let_itself_be_asked_is_mentioned),
        green_test(the_list_is_whole_at_every_moment),
        green_test(the_handler_that_was_there_comes_back),
        green_test(another_signal_takes_the_place_of_the_first),
        green_test(what_cannot_be_is_refused),
        green_test(the_child_of_a_fork_can_switch_it_on_for_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
