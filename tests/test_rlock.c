/* SPDX-License-Identifier: MIT */
/* test_rlock.c - a mutex that its owner may lock again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <green.h>

static green_rlock_t lock;

static void *lock_once(void *arg)
{
    int r = green_rlock_lock(&lock, *(int64_t *)arg);

    if (r == 0)
        green_rlock_unlock(&lock);
    return (void *)(intptr_t)(r == 0 ? 0 : errno);
}

static int64_t forever = GREEN_FOREVER, at_once = 0;

static void the_owner_may_lock_again(void **state)
{
    green_t *g = green_spawn(lock_once, &at_once);
    void *error;

    (void)state;
    green_rlock_init(&lock);
    assert_int_equal(green_rlock_lock(&lock, GREEN_FOREVER), 0);
    assert_int_equal(green_rlock_lock(&lock, 0), 0);
    green_rlock_unlock(&lock);
    green_join(g, &error, GREEN_FOREVER);
    assert_int_equal((intptr_t)error, ETIMEDOUT);
    green_rlock_unlock(&lock);
    green_release(g);
}

static void it_is_free_after_as_many_unlocks_as_locks(void **state)
{
    green_t *g = green_spawn(lock_once, &forever);
    void *error;

    (void)state;
    green_rlock_lock(&lock, GREEN_FOREVER);
    green_rlock_lock(&lock, GREEN_FOREVER);
    green_yield();
    green_rlock_unlock(&lock);
    green_yield();
    assert_false(green_ready(g));
    green_rlock_unlock(&lock);
    assert_int_equal(green_join(g, &error, GREEN_FOREVER), 0);
    assert_int_equal((intptr_t)error, 0);
    green_release(g);
}

/* One waits for the lock, its owner would wait for that one's end. */
static void a_cycle_is_refused(void **state)
{
    green_t *waits = green_spawn(lock_once, &forever);
    void *error;

    (void)state;
    green_rlock_lock(&lock, GREEN_FOREVER);
    green_yield();
    assert_int_equal(green_join(waits, NULL, GREEN_FOREVER), -1);
    assert_int_equal(errno, EDEADLK);
    green_rlock_unlock(&lock);
    assert_int_equal(green_join(waits, &error, GREEN_FOREVER), 0);
    assert_int_equal((intptr_t)error, 0);
    green_release(waits);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(green_rlock_lock(NULL, 0), -1);
    assert_int_equal(errno, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_may_lock_again),
        cmocka_unit_test(it_is_free_after_as_many_unlocks_as_locks),
        cmocka_unit_test(a_cycle_is_refused),
        cmocka_unit_test(bad_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
