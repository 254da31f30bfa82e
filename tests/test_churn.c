/* SPDX-License-Identifier: MIT */
/* test_churn.c - hubs that come and go while many threads post to them. */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { POSTERS = 3, HUBS = 3, ROUNDS = 60 };

/* ThreadSanitizer clears most of a MiB for each greenlet. */
void __tsan_init(void) __attribute__((weak));
static int rounds = ROUNDS, ahead = 500, signals = 2000;

static _Atomic(green_hub_t *) hubs[HUBS];
static atomic_long posted, begun, refused;
static atomic_bool is_over;

static void *count_one(void *arg)
{
    begun++;
    return arg;
}

/* Whoever is refused is so for one reason. */
static void *post_to_all(void *arg)
{
    for (unsigned i = 0; !is_over; i++) {
        green_hub_t *hub = hubs[i % HUBS];

        if (!hub || posted - begun > ahead) {
            sched_yield();
            continue;
        }
        posted++;
        if (green_spawn_on(hub, count_one, NULL) == 0)
            continue;
        check_equal(errno, ESRCH);
        posted--;
        refused++;
    }
    return arg;
}

static void start_posters(pthread_t *threads)
{
    posted = begun = refused = 0;
    is_over = false;
    for (int i = 0; i < POSTERS; i++)
        check_equal(pthread_create(&threads[i], NULL, post_to_all, NULL), 0);
}

static void stop_posters(const pthread_t *threads)
{
    is_over = true;
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
}

static void what_is_accepted_is_done_though_hubs_stop_under_load(void **state)
{
    pthread_t threads[POSTERS];

    (void)state;
    start_posters(threads);
    for (int i = 0; i < rounds; i++) {
        green_hub_t *old = atomic_exchange(&hubs[i % HUBS], green_hub_start());

        check(hubs[i % HUBS]);
        if (old)
            check_equal(green_hub_stop(old, GREEN_FOREVER), 0);
    }
    stop_posters(threads);
    for (int i = 0; i < HUBS; i++)
        check_equal(
            green_hub_stop(atomic_exchange(&hubs[i], NULL), GREEN_FOREVER), 0);
    check_equal(begun, posted);
    check(begun > 0);
}

/* ---- threads that end with all kinds of greenlets alive ---- */

static int quiet[2]; /* a pipe in which nothing comes */

static void *read_quiet(void *arg)
{
    char byte;

    green_read(quiet[0], &byte, 1);
    return arg;
}

static void *keep_yielding(void *arg)
{
    while (green_yield() == 0)
        continue;
    return arg;
}

static void *offload_nothing(void *arg)
{
    green_offload(return_argument, arg, NULL, GREEN_FOREVER);
    return arg;
}

static void *call_back(void *hub)
{
    green_call_on(hub, return_argument, NULL, NULL, GREEN_FOREVER);
    return NULL;
}

static green_hub_t *main_hub;

static void *live_and_leave(void *arg)
{
    int i = *(int *)arg;
    green_sem_t never;

    green_sem_init(&never, 0);
    for (int n = 0; n < 5; n++) {
        green_go(sleep_forever, NULL);
        green_go(read_quiet, NULL);
        green_go(keep_yielding, NULL);
        green_go(offload_nothing, NULL);
        green_go(call_back, main_hub);
    }
    hubs[i % HUBS] = green_hub();
    check_fails(green_sem_wait(&never, (i % 4) * GREEN_MS), ETIMEDOUT);
    return NULL;
}

/* What was sent to a thread that ends may never begin. */
static void threads_end_with_living_greenlets_while_others_post(void **state)
{
    pthread_t posters[POSTERS], threads[HUBS];
    int numbers[ROUNDS];

    (void)state;
    main_hub = green_hub();
    make_pipe(quiet);
    start_posters(posters);
    for (int i = 0; i < rounds; i += HUBS) {
        for (int n = 0; n < HUBS; n++) {
            numbers[i + n] = i + n;
            check_equal(pthread_create(&threads[n], NULL, live_and_leave,
                                       &numbers[i + n]),
                        0);
        }
        green_sleep(GREEN_MS);
        for (int n = 0; n < HUBS; n++)
            pthread_join(threads[n], NULL);
        posted = begun = 0;
    }
    stop_posters(posters);
    settle();
    for (int n = 0; n < HUBS; n++)
        hubs[n] = NULL;
    close_both(quiet);
}

/* ---- messages that a signal's handler posts ---- */

static atomic_bool is_last;
static green_event_t came_last;
static long signals_seen;

static void *see_signal(void *arg)
{
    signals_seen++;
    if (is_last)
        green_event_set(&came_last);
    return arg;
}

static void *send_signals(void *arg)
{
    for (int i = 0; i < signals; i++)
        kill(getpid(), SIGUSR1);
    return arg;
}

/* Signals that are pending are one; the last is not lost. */
static void the_last_of_many_signals_arrives(void **state)
{
    green_watch_t *watch = green_signal(SIGUSR1, see_signal, NULL);
    pthread_t threads[POSTERS];

    (void)state;
    check(watch);
    green_event_init(&came_last);
    is_last = false;
    for (int i = 0; i < POSTERS; i++)
        check_equal(pthread_create(&threads[i], NULL, send_signals, NULL), 0);
    for (int i = 0; i < 100; i++)
        check_equal(green_yield(), 0);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    is_last = true;
    kill(getpid(), SIGUSR1);
    check_equal(green_event_wait(&came_last, GREEN_FOREVER), 0);
    check(signals_seen > 0);
    green_signal_end(watch);
    settle();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(what_is_accepted_is_done_though_hubs_stop_under_load),
        green_test(threads_end_with_living_greenlets_while_others_post),
        green_test(the_last_of_many_signals_arrives),
    };

    if (__tsan_init) {
        rounds = 2 * HUBS;
        ahead = 3;
        signals = 20;
    }
    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
