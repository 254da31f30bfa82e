/* SPDX-License-Identifier: MIT */
/* test_mutex.c - a mutex has one owner, and goes to who waits longest. */
#include "support.h"

static green_mutex_t mutex;

static void *lock_and_hold(void *name)
{
    int result = green_mutex_lock(&mutex, GREEN_FOREVER);

    note_result(name, result);
    if (result == 0) {
        green_yield();
        green_mutex_unlock(&mutex);
    }
    return NULL;
}

static void a_free_mutex_is_locked_without_a_switch(void **state)
{
    green_mutex_t m = GREEN_MUTEX_INIT;
    uint64_t switches = count_switches();

    (void)state;
    check_equal(green_mutex_lock(&m, GREEN_FOREVER), 0);
    green_mutex_unlock(&m);
    check_equal(green_mutex_lock(&m, 0), 0);
    green_mutex_unlock(&m);
    check_equal(count_switches(), switches);
}

static void the_longest_waiter_gets_the_lock_next(void **state)
{
    green_t *gs[3];

    (void)state;
    green_mutex_init(&mutex);
    gs[0] = spawn(lock_and_hold, text("a"));
    gs[1] = spawn(lock_and_hold, text("b"));
    gs[2] = spawn(lock_and_hold, text("c"));
    finish_all(gs, 3);
    check_log("a:ok b:ok c:ok");
    check_equal(green_mutex_lock(&mutex, 0), 0);
    green_mutex_unlock(&mutex);
}

/* gevent: rule K5, its users' issues 1487 and 1954 */
static void who_unlocks_cannot_lock_again_before_who_waits(void **state)
{
    green_t *g;

    (void)state;
    green_mutex_init(&mutex);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    g = spawn(lock_and_hold, text("g"));
    settle();
    green_mutex_unlock(&mutex);
    check_fails(green_mutex_lock(&mutex, 0), ETIMEDOUT);
    check_equal(green_mutex_lock(&mutex, GREEN_FOREVER), 0);
    check_log("g:ok");
    green_mutex_unlock(&mutex);
    finish(g);
}

static void a_lock_that_is_not_free_in_time_is_not_got(void **state)
{
    green_t *g;

    (void)state;
    green_mutex_init(&mutex);
    g = spawn(lock_and_hold, text("g"));
    green_yield();
    check_fails(green_mutex_lock(&mutex, 0), ETIMEDOUT);
    check_fails(green_mutex_lock(&mutex, -1), ETIMEDOUT);
    finish(g);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    green_mutex_unlock(&mutex);
}

static void locking_ones_own_is_EDEADLK_whatever_the_timeout(void **state)
{
    static const int64_t timeouts[] = {GREEN_FOREVER, GREEN_MS, 0, -1};

    (void)state;
    green_mutex_init(&mutex);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++)
        check_fails(green_mutex_lock(&mutex, timeouts[i]), EDEADLK);
    green_mutex_unlock(&mutex);
}

/* ---- misuse ---- */

static void unlock_free(void *arg)
{
    (void)arg;
    green_mutex_init(&mutex);
    green_mutex_unlock(&mutex);
}

static void *unlock_it(void *arg)
{
    green_mutex_unlock(&mutex);
    return arg;
}

static void unlock_by_stranger(void *arg)
{
    (void)arg;
    green_mutex_init(&mutex);
    green_mutex_lock(&mutex, 0);
    finish(spawn(unlock_it, NULL));
}

/* gevent: test__thread.py TestLock.test_release_unheld_lock */
static void unlocking_what_one_does_not_have_aborts(void **state)
{
    (void)state;
    check_aborts(unlock_free, NULL, "libgreen: green_mutex_unlock: ");
    check_aborts(unlock_by_stranger, NULL, "libgreen: green_mutex_unlock: ");
}

static void no_mutex_is_EINVAL(void **state)
{
    (void)state;
    check_fails(green_mutex_lock(NULL, GREEN_FOREVER), EINVAL);
}

static void *lock_and_end(void *m)
{
    check_equal(green_mutex_lock(m, GREEN_FOREVER), 0);
    return m;
}

static void *try_lock(void *m)
{
    check_fails(green_mutex_lock(m, 0), ETIMEDOUT);
    check_fails(green_mutex_lock(m, GREEN_MS), ETIMEDOUT);
    return m;
}

/* The second has the same control block, if the first gives it back. */
static void
who_comes_after_an_owner_that_has_ended_is_not_the_owner(void **state)
{
    green_mutex_t m = GREEN_MUTEX_INIT;
    green_t *g;

    (void)state;
    g = spawn(lock_and_end, &m);
    finish_all(&g, 1);
    g = spawn(try_lock, &m);
    finish_all(&g, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_free_mutex_is_locked_without_a_switch),
        green_test(the_longest_waiter_gets_the_lock_next),
        green_test(who_unlocks_cannot_lock_again_before_who_waits),
        green_test(a_lock_that_is_not_free_in_time_is_not_got),
        green_test(locking_ones_own_is_EDEADLK_whatever_the_timeout),
        green_test(unlocking_what_one_does_not_have_aborts),
        green_test(no_mutex_is_EINVAL),
        green_test(who_comes_after_an_owner_that_has_ended_is_not_the_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
