/* SPDX-License-Identifier: MIT */
/* test_threads.c - each thread has a hub of its own, and they send each other
 * work. */
#include "support.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_t start(void *(*fn)(void *arg), void *arg)
{
    pthread_t thread;

    check_equal(pthread_create(&thread, NULL, fn, arg), 0);
    return thread;
}

static void *end(pthread_t thread)
{
    void *value = NULL;

    check_equal(pthread_join(thread, &value), 0);
    return value;
}

/* ---- a hub in each thread ---- */

static void *yield_and_count(void *count)
{
    for (int i = 0; i < 1000; i++) {
        ++*(int *)count;
        check_equal(green_yield(), 0);
    }
    return NULL;
}

static void *run_a_few(void *arg)
{
    int count = 0;
    green_t *gs[4];

    check_equal(green_id(green_self()), 1);
    check_equal(green_sleep(GREEN_MS), 0);
    for (int i = 0; i < 4; i++)
        gs[i] = spawn(yield_and_count, &count);
    finish_all(gs, 4);
    check_equal(count, 4000);
    return arg;
}

/* gevent: many threads each with its hub; test__nondefaultloop.py */
static void many_threads_run_greenlets_at_once(void **state)
{
    pthread_t threads[8];

    (void)state;
    for (int i = 0; i < 8; i++)
        threads[i] = start(run_a_few, NULL);
    run_a_few(NULL);
    for (int i = 0; i < 8; i++)
        end(threads[i]);
}

static void *note_deferred(void *flag)
{
    *(bool *)flag = true;
    return NULL;
}

static void set_flag(void *flag)
{
    note_deferred(flag);
}

static void *leave_greenlets_behind(void *arg)
{
    green_event_t never = GREEN_EVENT_INIT;

    spawn(return_argument, NULL);
    green_release(spawn(sleep_forever, text("left")));
    check_equal(green_defer(set_flag, arg), 0);
    check_fails(green_event_wait(&never, GREEN_MS), ETIMEDOUT);
    spawn(note_argument, text("never"));
    return NULL;
}

/* gevent: test__destroy.py */
static void the_end_of_a_thread_frees_its_hub_and_greenlets(void **state)
{
    int before = count_descriptors();
    bool deferred = false;

    (void)state;
    for (int i = 0; i < 20; i++)
        end(start(leave_greenlets_behind, &deferred));
    check_equal(count_descriptors(), before);
    check(deferred);
    check_log("");
}

/* ---- sending work ---- */

static green_hub_t *home;
static _Atomic int arrived;
static green_event_t all_arrived;

static void *arrive(void *number)
{
    static intptr_t next;

    check(green_hub() == home);
    if (number == NULL)
        next = 0;
    check_equal((intptr_t)number, next++);
    if (++arrived == 1000)
        green_event_set(&all_arrived);
    return NULL;
}

static void *send_a_thousand(void *arg)
{
    for (intptr_t i = 0; i < 1000; i++)
        check_equal(green_spawn_on(home, arrive, (void *)i), 0);
    return arg;
}

/* gevent: test__core_async.py; rule O11 */
static void what_one_thread_sends_starts_in_its_order(void **state)
{
    pthread_t thread;

    (void)state;
    home = green_hub();
    arrived = 0;
    green_event_clear(&all_arrived);
    thread = start(send_a_thousand, NULL);
    check_equal(green_event_wait(&all_arrived, GREEN_FOREVER), 0);
    end(thread);
    settle();
}

static void *count_arrival(void *arg)
{
    if (++arrived == 8000)
        green_event_set(&all_arrived);
    return arg;
}

static void *send_counts(void *arg)
{
    for (int i = 0; i < 1000; i++)
        check_equal(green_spawn_on(home, count_arrival, NULL), 0);
    return arg;
}

static void nothing_that_many_threads_send_is_lost(void **state)
{
    pthread_t threads[8];

    (void)state;
    home = green_hub();
    arrived = 0;
    green_event_clear(&all_arrived);
    for (int i = 0; i < 8; i++)
        threads[i] = start(send_counts, NULL);
    check_equal(green_event_wait(&all_arrived, GREEN_FOREVER), 0);
    for (int i = 0; i < 8; i++)
        end(threads[i]);
    settle();
    check_equal(arrived, 8000);
}

static void *set_event(void *event)
{
    green_event_set(event);
    return NULL;
}

static void *send_late(void *event)
{
    usleep(20000);
    check_equal(green_spawn_on(home, set_event, event), 0);
    return NULL;
}

/* gevent: test__event.py TestEventCrossThread */
static void a_hub_that_waits_is_woken_by_another_thread(void **state)
{
    green_event_t event = GREEN_EVENT_INIT;
    pthread_t thread;

    (void)state;
    home = green_hub();
    thread = start(send_late, &event);
    check_equal(green_event_wait(&event, GREEN_FOREVER), 0);
    green_event_clear(&event);
    end(thread);
    thread = start(send_late, &event);
    check_equal(green_event_wait(&event, 40 * GREEN_SEC), 0);
    end(thread);
    settle();
}

static bool over;

static void *end_it(void *arg)
{
    over = true;
    return arg;
}

static void *send_end(void *arg)
{
    check_equal(green_spawn_on(home, end_it, NULL), 0);
    return arg;
}

/* The field's "cross-thread release never wakes the waiter" */
static void other_threads_are_heard_while_greenlets_only_yield(void **state)
{
    pthread_t thread;

    (void)state;
    home = green_hub();
    over = false;
    thread = start(send_end, NULL);
    while (!over)
        check_equal(green_yield(), 0);
    end(thread);
    settle();
}

/* ---- a hub that answers from its thread ---- */

static sem_t started, may_end;
static green_hub_t *away;
static green_event_t away_over;

static void *serve_away(void *arg)
{
    away = green_hub();
    green_event_init(&away_over);
    sem_post(&started);
    check_equal(green_event_wait(&away_over, GREEN_FOREVER), 0);
    settle();
    return arg;
}

static void *answer(void *event)
{
    check(green_hub() == away);
    check_equal(green_spawn_on(home, set_event, event), 0);
    return NULL;
}

static void two_hubs_send_each_other_work(void **state)
{
    green_event_t answered = GREEN_EVENT_INIT;
    pthread_t thread;

    (void)state;
    home = green_hub();
    sem_init(&started, 0, 0);
    thread = start(serve_away, NULL);
    sem_wait(&started);
    for (int i = 0; i < 100; i++) {
        check_equal(green_spawn_on(away, answer, &answered), 0);
        check_equal(green_event_wait(&answered, GREEN_FOREVER), 0);
        green_event_clear(&answered);
    }
    check_equal(green_spawn_on(away, set_event, &away_over), 0);
    end(thread);
    settle();
}

static void work_for_a_hub_that_is_gone_is_ESRCH(void **state)
{
    pthread_t thread;

    (void)state;
    sem_init(&started, 0, 0);
    thread = start(serve_away, NULL);
    sem_wait(&started);
    check_equal(green_spawn_on(away, set_event, &away_over), 0);
    end(thread);
    check_fails(green_spawn_on(away, return_argument, NULL), ESRCH);
    check_fails(green_spawn_on(NULL, return_argument, NULL), EINVAL);
    check_fails(green_spawn_on(green_hub(), NULL, NULL), EINVAL);
}

/* ---- misuse ---- */

static green_t *foreign;

static void *make_foreign(void *arg)
{
    foreign = spawn(sleep_forever, text("foreign"));
    sem_post(&started);
    sem_wait(&may_end);
    return arg;
}

static void join_foreign(void *arg)
{
    sem_init(&started, 0, 0);
    sem_init(&may_end, 0, 0);
    start(make_foreign, arg);
    sem_wait(&started);
    green_join(foreign, NULL, GREEN_MS);
}

static void kill_foreign(void *arg)
{
    sem_init(&started, 0, 0);
    sem_init(&may_end, 0, 0);
    start(make_foreign, arg);
    sem_wait(&started);
    green_kill(foreign);
}

static void a_greenlet_of_another_thread_is_refused(void **state)
{
    (void)state;
    check_aborts(join_foreign, NULL, "libgreen: green_join: ");
    check_aborts(kill_foreign, NULL, "libgreen: green_kill: ");
}

/* ---- many and often ---- */

static void *live_briefly(void *arg)
{
    finish(spawn(return_argument, arg));
    return arg;
}

static void a_thousand_threads_come_and_go(void **state)
{
    int before = count_descriptors();

    (void)state;
    for (int i = 0; i < 1000; i++)
        end(start(live_briefly, NULL));
    check_equal(count_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(many_threads_run_greenlets_at_once),
        green_test(the_end_of_a_thread_frees_its_hub_and_greenlets),
        green_test(what_one_thread_sends_starts_in_its_order),
        green_test(nothing_that_many_threads_send_is_lost),
        green_test(a_hub_that_waits_is_woken_by_another_thread),
        green_test(other_threads_are_heard_while_greenlets_only_yield),
        green_test(two_hubs_send_each_other_work),
        green_test(work_for_a_hub_that_is_gone_is_ESRCH),
        green_test(a_greenlet_of_another_thread_is_refused),
        green_test(a_thousand_threads_come_and_go),
    };

    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
