/* SPDX-License-Identifier: MIT */
/* test_watchdog.c - reports of greenlets that do not give way.
 *
 * Most tests decide when the watchdog looks, so that they depend neither on the
 * machine's speed nor on its load: its waiting for the next look is replaced. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "alone.h"
#include "reports.h"
#include "sys.h"

#define LIMIT (20 * GREEN_MS) /* four looks */
#define WORDS "ms without giving way"

/* ---- the looks ---- */

static struct sys usual;
static _Thread_local bool is_watchdog;
static void *(*watchdog_main)(void *arg);
static atomic_int permits, arrivals; /* of the watchdog's thread */

static int step_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    int permit;

    if (!is_watchdog)
        return usual.poll(fds, n, timeout);
    atomic_fetch_add(&arrivals, 1);
    for (;;) {
        permit = atomic_load(&permits);
        if (permit > 0 &&
            atomic_compare_exchange_strong(&permits, &permit, permit - 1))
            return 0;
        if (usual.poll(fds, n, GREEN_MS) > 0)
            return 1;
    }
}

static void *begin_watchdog(void *arg)
{
    is_watchdog = true;
    return watchdog_main(arg);
}

static int start_watchdog(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    watchdog_main = fn;
    return usual.thread_start(thread, begin_watchdog, arg);
}

/* The watchdog looks n times, while this thread stands still. */
static void look(int n)
{
    for (; n > 0; n--) {
        int before = atomic_load(&arrivals);

        atomic_fetch_add(&permits, 1);
        while (atomic_load(&arrivals) == before)
            usual.poll(NULL, 0, GREEN_MS / 10);
    }
}

static void begin_watch(void)
{
    atomic_store(&arrivals, 0);
    atomic_store(&permits, 0);
    green__sys.poll = step_poll;
    green__sys.thread_start = start_watchdog;
    catch_reports();
    green_watchdog(LIMIT);
    green__sys.thread_start = usual.thread_start;
    while (atomic_load(&arrivals) < 2) /* it was rung once */
        usual.poll(NULL, 0, GREEN_MS / 10);
}

static void end_watch(void)
{
    green_watchdog(0);
    green__sys = usual;
    release_reports();
}

static void await_report(const char *words)
{
    while (!has_reported(words))
        usual.poll(NULL, 0, GREEN_MS / 10);
}

static void *look_often(void *n)
{
    look(*(int *)n);
    return NULL;
}

static void *look_until_reported(void *arg)
{
    look(5);
    await_report(WORDS);
    return arg;
}

/* ---- what is reported ---- */

static void who_does_not_give_way_is_named(void **state)
{
    green_options_t options = {.name = "worker"};
    char line[64];
    uint64_t id;
    green_t *g;

    (void)state;
    begin_watch();
    g = green_spawn_with(&options, look_until_reported, NULL);
    id = green_id(g);
    finish(g);
    end_watch();
    snprintf(line, sizeof line, "libgreen: greenlet %ju (worker) has run for ",
             (uintmax_t)id);
    check(strstr(reports, line) != NULL);
}

static void main_is_a_greenlet_too(void **state)
{
    (void)state;
    begin_watch();
    look_until_reported(NULL);
    end_watch();
    check(strstr(reports, "libgreen: greenlet 1 has run for ") != NULL);
}

/* Its own frame is in the report. */
__attribute__((noinline)) static void *note_frame(void *frame)
{
    look_until_reported(NULL);
    *(void **)frame = __builtin_return_address(0);
    return frame;
}

static void the_report_tells_what_it_was_doing(void **state)
{
    void *caller = NULL;
    char address[32];

    (void)state;
    begin_watch();
    note_frame(&caller);
    end_watch();
    snprintf(address, sizeof address, "%p]", caller);
    check(strstr(reports, address) != NULL);
}

static void one_offence_is_reported_once(void **state)
{
    int n = 20;

    (void)state;
    begin_watch();
    look_until_reported(NULL);
    look_often(&n);
    end_watch();
    check_equal(count_reports(WORDS), 1);
}

static void each_offence_is_reported(void **state)
{
    (void)state;
    begin_watch();
    look(5);
    await_report(WORDS);
    green_yield();
    n_reports = 0;
    look(5);
    await_report(WORDS);
    end_watch();
    check_equal(count_reports(WORDS), 1);
}

static void a_shorter_run_is_not_reported(void **state)
{
    int n = 4; /* the first one only sees where it begins */

    (void)state;
    begin_watch();
    for (int i = 0; i < 10; i++) {
        finish(spawn(look_often, &n));
        green_yield();
    }
    end_watch();
    check_text(reports, "");
}

static void to_yield_is_to_give_way_though_nobody_takes_it(void **state)
{
    (void)state;
    begin_watch();
    for (int i = 0; i < 20; i++) {
        look(1);
        green_yield();
    }
    end_watch();
    check_text(reports, "");
}

static void *look_and_tell(void *fd)
{
    look(20);
    check_equal(write(*(int *)fd, "x", 1), 1);
    return NULL;
}

static void who_waits_for_the_world_is_not_reported(void **state)
{
    pthread_t thread;
    int fds[2];
    char byte;

    (void)state;
    make_pipe(fds);
    begin_watch();
    check_equal(pthread_create(&thread, NULL, look_and_tell, &fds[1]), 0);
    check_equal(green_read(fds[0], &byte, 1), 1);
    end_watch();
    check_equal(pthread_join(thread, NULL), 0);
    check_text(reports, "");
    close_both(fds);
}

static void let_urgent_in(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGURG);
    pthread_sigmask(how, &set, NULL);
}

static void who_takes_no_signals_is_reported_all_the_same(void **state)
{
    (void)state;
    begin_watch();
    let_urgent_in(SIG_BLOCK);
    look(10);
    await_report("greenlet 1 has run for 40 ms without giving way; its thread");
    let_urgent_in(SIG_UNBLOCK);
    look(10);
    end_watch();
    check_equal(count_reports(WORDS), 1);
}

/* A report that comes too late would tell of another greenlet. */
static void what_is_over_when_the_signal_comes_is_not_reported(void **state)
{
    (void)state;
    begin_watch();
    let_urgent_in(SIG_BLOCK);
    look(5);
    green_yield();
    let_urgent_in(SIG_UNBLOCK);
    end_watch();
    check_text(reports, "");
}

/* ---- threads ---- */

/* To stop a hub makes a pipe, once. */
static int begin_sharing(void **state)
{
    return green_hub() ? begin_test(state) : -1;
}

static atomic_int thread_is_stuck;

static void *be_stuck(void *arg)
{
    atomic_store(&thread_is_stuck, 1);
    while (atomic_load(&thread_is_stuck))
        sched_yield();
    return arg;
}

static void the_hubs_of_all_threads_are_watched(void **state)
{
    green_hub_t *hub;

    (void)state;
    begin_watch();
    hub = green_hub_start();
    green_spawn_on(hub, be_stuck, NULL);
    while (!atomic_load(&thread_is_stuck))
        usual.poll(NULL, 0, GREEN_MS / 10);
    for (int i = 0; i < 5; i++) {
        look(1);
        green_yield();
    }
    await_report("libgreen: greenlet 2 has run for ");
    atomic_store(&thread_is_stuck, 0);
    green_hub_stop(hub, GREEN_FOREVER);
    end_watch();
    check_equal(count_reports(WORDS), 1);
}

/* ---- on and off ---- */

static void watch_in_earnest(void *arg)
{
    (void)arg;
    green__sys = usual;
    catch_reports();
    green_watchdog(LIMIT);
    green_yield(); /* makes the hub, if it is the first call */
    await_report(WORDS);
    release_reports();
    green_watchdog(0);
}

static void it_works_with_real_time(void **state)
{
    (void)state;
    watch_in_earnest(NULL);
    check_equal(count_reports(WORDS), 1);
}

static void the_limit_may_be_changed(void **state)
{
    (void)state;
    begin_watch();
    green_watchdog(2 * LIMIT);
    look(3);
    green_watchdog(1);
    look(2);
    await_report(WORDS);
    green_watchdog(GREEN_FOREVER);
    green_yield();
    look(4);
    green_watchdog(-1);
    green_watchdog(0);
    end_watch();
    check_equal(count_reports(WORDS), 1);
}

static void the_child_of_a_fork_is_not_watched_until_it_asks(void **state)
{
    (void)state;
    if (__tsan_init)
        skip();
    begin_watch();
    check_in_child(watch_in_earnest, NULL);
    end_watch();
    check_text(reports, "");
}

/* A fork and a look each hold what the other one wants. */
static void forks_and_looks_do_not_wait_for_each_other(void **state)
{
    int status = 0;
    pid_t child;

    (void)state;
    green_watchdog(GREEN_MS);
    catch_reports();
    for (int i = 0; i < 200; i++) {
        child = green_fork();
        if (child == 0)
            _exit(0);
        check_equal(green_waitpid(child, &status, 0), child);
    }
    green_watchdog(0);
    release_reports();
    check(WIFEXITED(status));
}

static int no_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    (void)thread, (void)fn, (void)arg;
    return EAGAIN;
}

static int no_pipe(int fds[2])
{
    (void)fds;
    errno = EMFILE;
    return -1;
}

static void without_threads_or_descriptors_it_stays_off(void **state)
{
    int before = count_descriptors();

    (void)state;
    green__sys.thread_start = no_thread;
    green_watchdog(LIMIT);
    check_equal(count_descriptors(), before);
    green__sys = usual;
    green__sys.pipe = no_pipe;
    green_watchdog(LIMIT);
    check_equal(count_descriptors(), before);
    green__sys = usual;
    watch_in_earnest(NULL);
}

/* ---- in processes of their own ---- */

static void watch_as_environment_says(void)
{
    setenv("GREEN_WATCHDOG_MS", "20", 1);
    catch_reports();
    green_yield();
    await_report(WORDS);
    release_reports();
}

static void the_environment_switches_it_on(void **state)
{
    (void)state;
    assert_true(passes_alone(watch_as_environment_says));
}

static volatile sig_atomic_t urgent_signals;

static void count_urgent(int signo)
{
    (void)signo;
    urgent_signals++;
}

static void handle_urgent(void)
{
    signal(SIGURG, count_urgent);
    watch_in_earnest(NULL);
    CHECK(urgent_signals == 0);
    raise(SIGURG);
    CHECK(urgent_signals == 1);
    pthread_kill(pthread_self(), SIGURG);
    CHECK(urgent_signals == 2);
}

static void urgent_signals_of_the_program_reach_its_handler(void **state)
{
    (void)state;
    assert_true(passes_alone(handle_urgent));
}

static void ignore_urgent(void)
{
    watch_in_earnest(NULL);
    raise(SIGURG);
}

static void urgent_signals_that_nobody_wants_do_nothing(void **state)
{
    (void)state;
    assert_true(passes_alone(ignore_urgent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_switches_it_on),
        cmocka_unit_test(urgent_signals_of_the_program_reach_its_handler),
        cmocka_unit_test(urgent_signals_that_nobody_wants_do_nothing),
        green_test(who_does_not_give_way_is_named),
        green_test(main_is_a_greenlet_too),
        green_test(the_report_tells_what_it_was_doing),
        green_test(one_offence_is_reported_once),
        green_test(each_offence_is_reported),
        green_test(a_shorter_run_is_not_reported),
        green_test(to_yield_is_to_give_way_though_nobody_takes_it),
        green_test(who_waits_for_the_world_is_not_reported),
        green_test(who_takes_no_signals_is_reported_all_the_same),
        green_test(what_is_over_when_the_signal_comes_is_not_reported),
        cmocka_unit_test_setup_teardown(the_hubs_of_all_threads_are_watched,
                                        begin_sharing, end_test),
        green_test(it_works_with_real_time),
        green_test(the_limit_may_be_changed),
        green_test(the_child_of_a_fork_is_not_watched_until_it_asks),
        cmocka_unit_test_setup_teardown(
            forks_and_looks_do_not_wait_for_each_other, begin_sharing,
            end_test),
        green_test(without_threads_or_descriptors_it_stays_off),
    };

    usual = green__sys;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
