/* SPDX-License-Identifier: MIT */
/* test_barrier.c - greenlets wait until all have come. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <green.h>

static green_barrier_t barrier = GREEN_BARRIER_INIT(3);

static void *come(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)green_barrier_wait(&barrier, GREEN_FOREVER);
}

static void the_last_to_come_opens_it_again_and_again(void **state)
{
    green_t *g[3];
    int round, i;

    (void)state;
    for (round = 0; round < 3; round++) {
        for (i = 0; i < 2; i++)
            g[i] = green_spawn(come, NULL);
        green_yield();
        green_yield();
        assert_false(green_ready(g[0]) || green_ready(g[1]));
        g[2] = green_spawn(come, NULL);
        assert_int_equal(green_joinall(g, 3, GREEN_FOREVER), 0);
        assert_int_equal((intptr_t)green_value(g[0]), 0);
        assert_int_equal((intptr_t)green_value(g[1]), 0);
        assert_int_equal((intptr_t)green_value(g[2]), 1);
        green_releaseall(g, 3);
    }
}

/* Killed in the very moment in which another comes: it does not count. */
static void who_was_killed_has_not_come(void **state)
{
    green_t *g[4];
    int i;

    (void)state;
    g[0] = green_spawn(come, NULL);
    g[1] = green_spawn(come, NULL);
    green_yield();
    green_kill(g[0]);
    g[2] = green_spawn(come, NULL);
    green_yield();
    green_yield();
    assert_true(green_ready(g[0]));
    assert_false(green_ready(g[1]) || green_ready(g[2]));
    g[3] = green_spawn(come, NULL);
    assert_int_equal(green_joinall(g, 4, GREEN_FOREVER), 0);
    assert_int_equal((intptr_t)green_value(g[0]), -1);
    for (i = 1; i < 4; i++)
        assert_int_equal((intptr_t)green_value(g[i]), i == 3);
    green_releaseall(g, 4);
}

static void a_barrier_for_one_never_waits(void **state)
{
    green_barrier_t one;

    (void)state;
    green_barrier_init(&one, 1);
    assert_int_equal(green_barrier_wait(&one, 0), 1);
    assert_int_equal(green_barrier_wait(&one, GREEN_FOREVER), 1);
}

static void waiting_can_time_out(void **state)
{
    (void)state;
    assert_int_equal(green_barrier_wait(&barrier, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(green_barrier_wait(&barrier, GREEN_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(green_barrier_wait(NULL, 0), -1);
    assert_int_equal(errno, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_to_come_opens_it_again_and_again),
        cmocka_unit_test(who_was_killed_has_not_come),
        cmocka_unit_test(a_barrier_for_one_never_waits),
        cmocka_unit_test(waiting_can_time_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
