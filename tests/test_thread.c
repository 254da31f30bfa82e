/* SPDX-License-Identifier: MIT */
/* test_thread.c - threads that do nothing but run a hub. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <green.h>

#define POSTS 2000
#define POSTERS 4

static atomic_int count, out_of_order;
static int last[POSTERS];

static void *count_one(void *arg)
{
    (void)arg;
    count++;
    return NULL;
}

static void work_is_done_before_the_hub_stops(void **state)
{
    green_hub_t *hub = green_hub_start();
    int i;

    (void)state;
    assert_non_null(hub);
    count = 0;
    for (i = 0; i < 1000; i++)
        assert_int_equal(green_spawn_on(hub, count_one, NULL), 0);
    assert_int_equal(green_hub_stop(hub, GREEN_FOREVER), 0);
    assert_int_equal(count, 1000);
}

static void *sleep_until_killed(void *arg)
{
    (void)arg;
    while (green_sleep(GREEN_FOREVER) == 0)
        continue;
    if (errno == ECANCELED)
        count++;
    return NULL;
}

static void who_does_not_end_in_time_is_killed(void **state)
{
    green_hub_t *hub = green_hub_start();

    (void)state;
    count = 0;
    assert_int_equal(green_spawn_on(hub, sleep_until_killed, NULL), 0);
    assert_int_equal(green_spawn_on(hub, sleep_until_killed, NULL), 0);
    assert_int_equal(green_hub_stop(hub, 10 * GREEN_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(count, 2);
}

static void a_stopped_hub_takes_no_work(void **state)
{
    green_hub_t *hub = green_hub_start();

    (void)state;
    assert_int_equal(green_hub_stop(hub, GREEN_SEC), 0);
    assert_int_equal(green_spawn_on(hub, count_one, NULL), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(green_hub_stop(hub, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(green_hub_stop(green_hub(), 0), -1);
    assert_int_equal(errno, EDEADLK);
    assert_int_equal(green_spawn_on(NULL, count_one, NULL), -1);
    assert_int_equal(errno, EINVAL);
}

/* arg: which poster, and which of its posts. */
static void *note_order(void *arg)
{
    int poster = (int)((uintptr_t)arg % POSTERS);
    int number = (int)((uintptr_t)arg / POSTERS);

    if (number != last[poster] + 1)
        out_of_order++;
    last[poster] = number;
    count++;
    return NULL;
}

static green_hub_t *target;

static void *post_many(void *arg)
{
    uintptr_t i;

    for (i = 1; i <= POSTS; i++)
        while (green_spawn_on(target, note_order,
                              (void *)(i * POSTERS + (uintptr_t)arg)) != 0)
            continue;
    return NULL;
}

static void no_post_is_lost_and_each_threads_order_is_kept(void **state)
{
    pthread_t threads[POSTERS];
    uintptr_t i;

    (void)state;
    count = out_of_order = 0;
    target = green_hub_start();
    assert_non_null(target);
    for (i = 0; i < POSTERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, post_many, (void *)i), 0);
    for (i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(green_hub_stop(target, GREEN_FOREVER), 0);
    assert_int_equal(count, POSTS * POSTERS);
    assert_int_equal(out_of_order, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_done_before_the_hub_stops),
        cmocka_unit_test(who_does_not_end_in_time_is_killed),
        cmocka_unit_test(a_stopped_hub_takes_no_work),
        cmocka_unit_test(no_post_is_lost_and_each_threads_order_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
