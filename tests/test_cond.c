/* SPDX-License-Identifier: MIT */
/* test_cond.c - a condition variable and its mutex. */
#include "support.h"

static green_cond_t cond;
static green_mutex_t mutex;

/* The mutex is held on return, however the wait ended. */
static void *wait_for_signal(void *name)
{
    check_equal(green_mutex_lock(&mutex, GREEN_FOREVER), 0);
    note_result(name, green_cond_wait(&cond, &mutex, GREEN_FOREVER));
    check_fails(green_mutex_lock(&mutex, 0), EDEADLK);
    green_mutex_unlock(&mutex);
    return NULL;
}

static void start_waiters(green_t *gs[3])
{
    static const char *const names[] = {"a", "b", "c"};

    green_cond_init(&cond);
    green_mutex_init(&mutex);
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(wait_for_signal, text(names[i]));
    settle();
    check_log("");
}

static void signal_wakes_the_longest_waiter(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs);
    green_cond_signal(&cond);
    settle();
    check_log("a:ok");
    green_cond_signal(&cond);
    green_cond_signal(&cond);
    green_cond_signal(&cond);
    finish_all(gs, 3);
    check_log("b:ok c:ok");
}

static void broadcast_wakes_all_in_order(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs);
    green_cond_broadcast(&cond);
    finish_all(gs, 3);
    check_log("a:ok b:ok c:ok");
}

static void a_woken_waiter_has_the_mutex_before_it_goes_on(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    green_cond_broadcast(&cond);
    settle();
    check_log("");
    green_mutex_unlock(&mutex);
    finish_all(gs, 3);
    check_log("a:ok b:ok c:ok");
}

static void a_signal_nobody_waits_for_is_forgotten(void **state)
{
    green_t *gs[3];

    (void)state;
    green_cond_signal(&cond);
    green_cond_broadcast(&cond);
    start_waiters(gs);
    green_cond_broadcast(&cond);
    finish_all(gs, 3);
    check_log("a:ok b:ok c:ok");
}

static void
a_killed_waiter_takes_no_signal_and_has_the_mutex_again(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs);
    green_kill(gs[0]);
    green_cond_signal(&cond);
    settle();
    check_log("a:ECANCELED b:ok");
    green_cond_signal(&cond);
    finish_all(gs, 3);
    check_log("c:ok");
}

static void a_waiter_signalled_and_then_killed_succeeds(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs);
    green_cond_signal(&cond);
    green_kill(gs[0]);
    settle();
    check_log("a:ok");
    green_cond_broadcast(&cond);
    finish_all(gs, 3);
    check_log("b:ok c:ok");
}

/* It has to wait for the mutex, which a kill does not spare it. */
static void a_killed_waiter_waits_for_the_mutex(void **state)
{
    green_t *gs[3];

    (void)state;
    start_waiters(gs);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    green_kill(gs[0]);
    settle();
    check_log("");
    green_kill(gs[0]);
    settle();
    check_log("");
    green_mutex_unlock(&mutex);
    settle();
    check_log("a:ECANCELED");
    green_cond_broadcast(&cond);
    finish_all(gs, 3);
    check_log("b:ok c:ok");
}

static void *hold_mutex_for_a_while(void *arg)
{
    check_equal(green_mutex_lock(&mutex, GREEN_FOREVER), 0);
    check_equal(green_sleep(10 * GREEN_MS), 0);
    green_mutex_unlock(&mutex);
    return arg;
}

static void the_timeout_bounds_the_wait_for_the_signal_only(void **state)
{
    int64_t start;
    green_t *g;

    (void)state;
    clock_take();
    green_cond_init(&cond);
    green_mutex_init(&mutex);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    g = spawn(hold_mutex_for_a_while, NULL);
    start = green_now();
    check_fails(green_cond_wait(&cond, &mutex, GREEN_MS), ETIMEDOUT);
    check_equal(green_now() - start, 10 * GREEN_MS);
    check_fails(green_mutex_lock(&mutex, 0), EDEADLK);
    green_mutex_unlock(&mutex);
    finish(g);
}

static void a_scope_bounds_the_wait_for_the_signal_only(void **state)
{
    green_scope_t scope;
    green_t *g;

    (void)state;
    clock_take();
    green_cond_init(&cond);
    green_mutex_init(&mutex);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    g = spawn(hold_mutex_for_a_while, NULL);
    green_timeout_begin(&scope, GREEN_MS);
    check_fails(green_cond_wait(&cond, &mutex, GREEN_FOREVER), ETIMEDOUT);
    check(green_scope_end(&scope));
    check_fails(green_mutex_lock(&mutex, 0), EDEADLK);
    green_mutex_unlock(&mutex);
    finish(g);
}

/* ---- the classical use ---- */

static int stock, taken;

static void *consume(void *arg)
{
    for (int i = 0; i < 10; i++) {
        check_equal(green_mutex_lock(&mutex, GREEN_FOREVER), 0);
        while (stock == 0)
            check_equal(green_cond_wait(&cond, &mutex, GREEN_FOREVER), 0);
        stock--;
        taken++;
        green_mutex_unlock(&mutex);
    }
    return arg;
}

static void consumers_share_what_a_producer_brings(void **state)
{
    green_t *gs[3];

    (void)state;
    green_cond_init(&cond);
    green_mutex_init(&mutex);
    stock = taken = 0;
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(consume, NULL);
    for (int i = 0; i < 30; i++) {
        check_equal(green_mutex_lock(&mutex, GREEN_FOREVER), 0);
        stock++;
        green_cond_signal(&cond);
        green_mutex_unlock(&mutex);
        green_yield();
    }
    finish_all(gs, 3);
    check_equal(taken, 30);
    check_equal(stock, 0);
}

/* ---- misuse ---- */

static void wait_without_the_mutex(void *arg)
{
    (void)arg;
    green_cond_init(&cond);
    green_mutex_init(&mutex);
    green_cond_wait(&cond, &mutex, GREEN_MS);
}

static void waiting_without_the_mutex_aborts(void **state)
{
    (void)state;
    check_aborts(wait_without_the_mutex, NULL, "libgreen: green_cond_wait: ");
}

static void no_condition_or_mutex_is_EINVAL(void **state)
{
    (void)state;
    check_fails(green_cond_wait(NULL, &mutex, GREEN_FOREVER), EINVAL);
    check_fails(green_cond_wait(&cond, NULL, GREEN_FOREVER), EINVAL);
    green_cond_signal(NULL);
    green_cond_broadcast(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(signal_wakes_the_longest_waiter),
        green_test(broadcast_wakes_all_in_order),
        green_test(a_woken_waiter_has_the_mutex_before_it_goes_on),
        green_test(a_signal_nobody_waits_for_is_forgotten),
        green_test(a_killed_waiter_takes_no_signal_and_has_the_mutex_again),
        green_test(a_waiter_signalled_and_then_killed_succeeds),
        green_test(a_killed_waiter_waits_for_the_mutex),
        green_test(the_timeout_bounds_the_wait_for_the_signal_only),
        green_test(a_scope_bounds_the_wait_for_the_signal_only),
        green_test(consumers_share_what_a_producer_brings),
        green_test(waiting_without_the_mutex_aborts),
        green_test(no_condition_or_mutex_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
