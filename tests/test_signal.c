/* SPDX-License-Identifier: MIT */
/* test_signal.c - signals as events.
 *
 * raise() returns when the handler has run, and a sleep, however short, lets the
 * hub have a turn: so nothing here depends on time. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>
#include "hub.h"
#include "signal.h"
#include "sys.h"

static void turn(void)
{
    check_equal(green_sleep(1), 0);
}

static green_watch_t *watch(int signo, void *(*fn)(void *arg), void *arg)
{
    green_watch_t *w = green_signal(signo, fn, arg);

    check(w != NULL);
    return w;
}

static void *count_one(void *counter)
{
    ++*(int *)counter;
    return NULL;
}

/* What is installed for a signal. */
static void (*disposition(int signo))(int signo)
{
    struct sigaction action;

    check_equal(sigaction(signo, NULL, &action), 0);
    return action.sa_handler;
}

/* ---- deliveries ---- */

static void *note_who(void *name)
{
    note("%s", (const char *)name);
    check(green_self() != NULL);
    check_equal(green_sleep(GREEN_MS), 0);
    note("%s-slept", (const char *)name);
    return NULL;
}

static void a_signal_runs_a_function_that_may_wait(void **state)
{
    green_watch_t *w = watch(SIGUSR1, note_who, text("fn"));

    (void)state;
    check_equal(raise(SIGUSR1), 0);
    check_log("");
    turn();
    check_log("fn");
    check_equal(green_sleep(2 * GREEN_MS), 0);
    check_log("fn-slept");
    green_signal_end(w);
}

static void the_watch_stays_for_the_next(void **state)
{
    int count = 0;
    green_watch_t *w = watch(SIGUSR1, count_one, &count);

    (void)state;
    for (int i = 1; i <= 3; i++) {
        raise(SIGUSR1);
        turn();
        check_equal(count, i);
    }
    green_signal_end(w);
}

static void each_of_several_deliveries_has_its_greenlet(void **state)
{
    int count = 0;
    uint64_t before = count_greenlets();
    green_watch_t *w = watch(SIGUSR2, count_one, &count);

    (void)state;
    for (int i = 0; i < 5; i++) {
        raise(SIGUSR2);
        raise(SIGUSR2);
    }
    turn();
    check_equal(count, 10);
    check_equal(count_greenlets(), before);
    green_signal_end(w);
}

static void all_watches_get_it_in_order(void **state)
{
    green_watch_t *a = watch(SIGUSR1, note_argument, text("a"));
    green_watch_t *b = watch(SIGUSR1, note_argument, text("b"));
    green_watch_t *c = watch(SIGUSR1, note_argument, text("c"));

    (void)state;
    raise(SIGUSR1);
    turn();
    check_log("a b c");
    green_signal_end(b);
    raise(SIGUSR1);
    turn();
    check_log("a c");
    green_signal_end(a);
    green_signal_end(c);
}

static void *set_event(void *event)
{
    green_event_set(event);
    return NULL;
}

static void alarm_in(int64_t duration)
{
    struct itimerval timer = {.it_value.tv_usec =
                                  (suseconds_t)(duration / GREEN_US)};

    check_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* While nothing else could wake main: so its wait is no deadlock. */
static void an_alarm_wakes_a_hub_that_rests(void **state)
{
    green_event_t rang = GREEN_EVENT_INIT;
    green_watch_t *w = watch(SIGALRM, set_event, &rang);

    (void)state;
    for (int i = 0; i < 2; i++) {
        alarm_in(5 * GREEN_MS);
        check_equal(green_event_wait(&rang, GREEN_FOREVER), 0);
        green_event_clear(&rang);
    }
    green_signal_end(w);
}

static void note_deadlock(void *arg)
{
    (void)arg;
    note("deadlock");
}

static void without_a_watch_it_is_a_deadlock(void **state)
{
    green_event_t never = GREEN_EVENT_INIT;
    green_watch_t *w = watch(SIGUSR1, set_event, &never);

    (void)state;
    green_set_deadlock_fn(note_deadlock, NULL);
    green_signal_end(w);
    check_fails(green_event_wait(&never, GREEN_FOREVER), EDEADLK);
    check_log("deadlock");
    green_set_deadlock_fn(NULL, NULL);
}

static void *kill_it(void *g)
{
    green_kill(g);
    return NULL;
}

static void a_signal_ends_a_sleeper_that_main_joins(void **state)
{
    green_t *sleeper = spawn(sleep_forever, text("sleeper"));
    green_watch_t *w = watch(SIGUSR1, kill_it, sleeper);

    (void)state;
    settle();
    raise(SIGUSR1);
    finish(sleeper);
    check_log("sleeper:ECANCELED");
    green_signal_end(w);
}

/* ---- what is refused ---- */

static void what_cannot_be_caught_is_einval(void **state)
{
    const int bad[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                       SIGTRAP, SIGSYS,  0,       -1,     129,    100000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        errno = 0;
        check(green_signal(bad[i], note_argument, text("x")) == NULL);
        check_equal(errno, EINVAL);
    }
    errno = 0;
    check(green_signal(SIGUSR1, NULL, NULL) == NULL);
    check_equal(errno, EINVAL);
    check(disposition(SIGUSR1) == SIG_DFL);
    green_signal_end(NULL);
}

static struct sys real;

static void *no_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static void without_memory_nothing_is_changed(void **state)
{
    (void)state;
    green__sys.malloc = no_malloc;
    errno = 0;
    check(green_signal(SIGUSR1, note_argument, text("x")) == NULL);
    check_equal(errno, ENOMEM);
    green__sys.malloc = real.malloc;
    check(disposition(SIGUSR1) == SIG_DFL);
}

/* ---- handlers of the program's ---- */

static volatile sig_atomic_t handled;

static void own_handler(int signo)
{
    (void)signo;
    handled++;
}

static void other_handler(int signo)
{
    (void)signo;
}

static void the_handler_before_comes_back_with_the_last_end(void **state)
{
    int count = 0;
    green_watch_t *a, *b;

    (void)state;
    handled = 0;
    signal(SIGUSR1, own_handler);
    a = watch(SIGUSR1, count_one, &count);
    b = watch(SIGUSR1, count_one, &count);
    raise(SIGUSR1);
    green_signal_end(a);
    check(disposition(SIGUSR1) != own_handler);
    green_signal_end(b);
    check(disposition(SIGUSR1) == own_handler);
    check_equal(handled, 0);
    raise(SIGUSR1);
    check_equal(handled, 1);
    signal(SIGUSR1, SIG_IGN);
    green_signal_end(watch(SIGUSR1, count_one, &count));
    check(disposition(SIGUSR1) == SIG_IGN);
    signal(SIGUSR1, SIG_DFL);
}

static void a_handler_installed_since_stays(void **state)
{
    int count = 0;
    green_watch_t *a = watch(SIGUSR1, count_one, &count), *b;

    (void)state;
    signal(SIGUSR1, other_handler);
    raise(SIGUSR1);
    turn();
    check_equal(count, 0);
    b = watch(SIGUSR1, count_one, &count); /* takes its place again */
    raise(SIGUSR1);
    turn();
    check_equal(count, 2);
    signal(SIGUSR1, own_handler);
    green_signal_end(b);
    green_signal_end(a);
    check(disposition(SIGUSR1) == own_handler);
    signal(SIGUSR1, SIG_DFL);
}

static void tell_count(void *counter)
{
    ++*(int *)counter;
}

static void what_the_library_wants_to_know_replaces_no_handler(void **state)
{
    int told = 0, count = 0;
    green_watch_t *own, *w;

    (void)state;
    handled = 0;
    signal(SIGUSR1, own_handler);
    w = green__signal_tell(green__hub(), SIGUSR1, tell_count, &told);
    check(w != NULL);
    raise(SIGUSR1);
    raise(SIGUSR1);
    turn();
    check_equal(handled, 2);
    check_equal(told, 1);
    own = watch(SIGUSR1, count_one, &count);
    raise(SIGUSR1);
    turn();
    check_equal(handled, 2);
    check_equal(told, 2);
    check_equal(count, 1);
    green_signal_end(own);
    raise(SIGUSR1);
    check_equal(handled, 3);
    green_signal_end(w);
    check(disposition(SIGUSR1) == own_handler);
    signal(SIGUSR1, SIG_DFL);
}

static void the_code_that_is_interrupted_keeps_its_errno(void **state)
{
    int count = 0;
    green_watch_t *w = watch(SIGUSR1, count_one, &count);

    (void)state;
    errno = EXDEV;
    raise(SIGUSR1);
    check_equal(errno, EXDEV);
    turn();
    green_signal_end(w);
}

/* ---- the end of a watch ---- */

static void what_came_before_the_end_is_not_delivered_after_it(void **state)
{
    green_watch_t *w = watch(SIGUSR1, note_argument, text("lost"));

    (void)state;
    raise(SIGUSR1);
    green_signal_end(w);
    turn();
    check_log("");
}

static void *end_watch_of(void *w)
{
    note("end");
    green_signal_end(*(green_watch_t **)w);
    return NULL;
}

static void nor_by_a_greenlet_that_has_not_begun(void **state)
{
    green_watch_t *second = NULL;
    green_watch_t *first = watch(SIGUSR1, end_watch_of, &second);

    (void)state;
    second = watch(SIGUSR1, note_argument, text("lost"));
    raise(SIGUSR1);
    turn();
    check_log("end");
    green_signal_end(first);
}

static void end_own_watch(void *w)
{
    note("told");
    green_signal_end(*(green_watch_t **)w);
}

static void a_watch_may_be_ended_while_it_is_told(void **state)
{
    green_watch_t *w =
        green__signal_tell(green__hub(), SIGUSR1, end_own_watch, &w);

    (void)state;
    raise(SIGUSR1);
    raise(SIGUSR1);
    turn();
    check_log("told");
    check(disposition(SIGUSR1) == SIG_DFL);
}

/* ---- memory is short ---- */

static void *no_aligned_alloc(size_t alignment, size_t size)
{
    (void)alignment;
    return no_malloc(size);
}

static void *no_realloc(void *old, size_t size)
{
    (void)old;
    return no_malloc(size);
}

static void *sleep_on(void *arg)
{
    green_sleep(GREEN_FOREVER);
    return arg;
}

/* Spawn until there is no more memory for it: how many, in gs. */
static size_t spawn_all(green_t **gs, size_t room)
{
    size_t n = 0;

    green__sys.malloc = no_malloc;
    green__sys.aligned_alloc = no_aligned_alloc;
    green__sys.realloc = no_realloc;
    while (n < room && (gs[n] = green_spawn(sleep_on, NULL)))
        n++;
    check(n < room);
    return n;
}

static void deliveries_wait_for_memory(void **state)
{
    enum { ROOM = 10000 };
    static green_t *gs[ROOM];
    int first = 0, second = 0;
    green_watch_t *a = watch(SIGUSR1, count_one, &first);
    green_watch_t *b = watch(SIGUSR1, count_one, &second);
    size_t n = spawn_all(gs, ROOM);

    (void)state;
    for (int i = 0; i < 3; i++) {
        raise(SIGUSR1);
        turn();
    }
    check_equal(first, 0);
    check_equal(second, 0);
    green__sys = real;
    turn();
    check_equal(first, 3);
    check_equal(second, 3);
    green_signal_end(a);
    green_signal_end(b);
    check_equal(green_killall(gs, n, GREEN_FOREVER), 0);
    green_releaseall(gs, n);
}

static void a_watch_may_end_while_its_deliveries_wait(void **state)
{
    enum { ROOM = 10000 };
    static green_t *gs[ROOM];
    int count = 0;
    green_watch_t *w = watch(SIGUSR1, count_one, &count);
    size_t n = spawn_all(gs, ROOM);

    (void)state;
    raise(SIGUSR1);
    turn();
    green_signal_end(w);
    green__sys = real;
    turn();
    check_equal(count, 0);
    check_equal(green_killall(gs, n, GREEN_FOREVER), 0);
    green_releaseall(gs, n);
}

/* ---- threads ---- */

static atomic_int heard;

static void *count_heard(void *arg)
{
    heard++;
    return arg;
}

enum { RAISERS = 4, RAISES = 500 };

static void *raise_many(void *arg)
{
    for (int i = 0; i < RAISES; i++)
        pthread_kill(pthread_self(), SIGUSR1);
    return arg;
}

static void await_heard(int n)
{
    while (heard < n)
        check_equal(green_sleep(GREEN_MS), 0);
}

static void none_of_many_from_other_threads_is_lost(void **state)
{
    green_watch_t *w = watch(SIGUSR1, count_heard, NULL);
    pthread_t threads[RAISERS];

    (void)state;
    heard = 0;
    for (int i = 0; i < RAISERS; i++)
        check_equal(pthread_create(&threads[i], NULL, raise_many, NULL), 0);
    await_heard(RAISERS * RAISES);
    for (int i = 0; i < RAISERS; i++)
        check_equal(pthread_join(threads[i], NULL), 0);
    turn();
    check_equal(heard, RAISERS * RAISES);
    green_signal_end(w);
}

struct hub_watch {
    green_hub_t *main, *hub;
    green_watch_t *watch;
    green_event_t done; /* of main's thread */
};

static void *set_done(void *arg)
{
    struct hub_watch *hw = arg;

    green_event_set(&hw->done);
    return NULL;
}

static void *begin_there(void *arg)
{
    struct hub_watch *hw = arg;

    hw->watch = green_signal(SIGUSR1, count_heard, NULL);
    green_spawn_on(hw->main, set_done, hw);
    return NULL;
}

static void *end_there(void *arg)
{
    struct hub_watch *hw = arg;

    green_signal_end(hw->watch);
    green_spawn_on(hw->main, set_done, hw);
    return NULL;
}

static void do_there(struct hub_watch *hw, void *(*fn)(void *arg))
{
    green_event_clear(&hw->done);
    check_equal(green_spawn_on(hw->hub, fn, hw), 0);
    check_equal(green_event_wait(&hw->done, GREEN_FOREVER), 0);
}

static void each_thread_has_its_watches(void **state)
{
    struct hub_watch hw = {.main = green__hub(), .hub = green_hub_start()};
    int count = 0;
    green_watch_t *w = watch(SIGUSR1, count_one, &count);

    (void)state;
    heard = 0;
    do_there(&hw, begin_there);
    check(hw.watch != NULL);
    raise(SIGUSR1);
    await_heard(1);
    turn();
    check_equal(count, 1);
    do_there(&hw, end_there);
    raise(SIGUSR1);
    turn();
    check_equal(count, 2);
    check_equal(heard, 1);
    check_equal(green_hub_stop(hw.hub, GREEN_FOREVER), 0);
    green_signal_end(w);
}

static void the_watches_of_a_thread_end_with_it(void **state)
{
    struct hub_watch hw = {.main = green__hub(), .hub = green_hub_start()};

    (void)state;
    heard = 0;
    do_there(&hw, begin_there);
    check(disposition(SIGUSR1) != SIG_DFL);
    check_equal(green_hub_stop(hw.hub, GREEN_FOREVER), 0);
    check(disposition(SIGUSR1) == SIG_DFL);
    check_equal(heard, 0);
}

static void *end_elsewhere(void *w)
{
    green_signal_end(w);
    return NULL;
}

static void end_in_another_thread(void *w)
{
    pthread_t thread;

    pthread_create(&thread, NULL, end_elsewhere, w);
    pthread_join(thread, NULL);
}

static void ending_the_watch_of_another_thread_aborts(void **state)
{
    green_watch_t *w = watch(SIGUSR1, count_heard, NULL);

    (void)state;
    check_aborts(end_in_another_thread, w,
                 "green_signal_end: the watch belongs to another thread");
    green_signal_end(w);
}

/* What each hub opens once. */
static int share_hub(void **state)
{
    (void)state;
    real = green__sys;
    return green__hub_share(green__hub());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_signal_runs_a_function_that_may_wait),
        green_test(the_watch_stays_for_the_next),
        green_test(each_of_several_deliveries_has_its_greenlet),
        green_test(all_watches_get_it_in_order),
        green_test(an_alarm_wakes_a_hub_that_rests),
        green_test(without_a_watch_it_is_a_deadlock),
        green_test(a_signal_ends_a_sleeper_that_main_joins),
        green_test(what_cannot_be_caught_is_einval),
        green_test(without_memory_nothing_is_changed),
        green_test(the_handler_before_comes_back_with_the_last_end),
        green_test(a_handler_installed_since_stays),
        green_test(what_the_library_wants_to_know_replaces_no_handler),
        green_test(the_code_that_is_interrupted_keeps_its_errno),
        green_test(what_came_before_the_end_is_not_delivered_after_it),
        green_test(nor_by_a_greenlet_that_has_not_begun),
        green_test(a_watch_may_be_ended_while_it_is_told),
        green_test(deliveries_wait_for_memory),
        green_test(a_watch_may_end_while_its_deliveries_wait),
        green_test(none_of_many_from_other_threads_is_lost),
        green_test(each_thread_has_its_watches),
        green_test(the_watches_of_a_thread_end_with_it),
        green_test(ending_the_watch_of_another_thread_aborts),
    };

    return cmocka_run_group_tests(tests, share_hub, NULL);
}
