/* SPDX-License-Identifier: MIT */
/* test_sem.c - permits are counted, handed over in order, and never lost. */
#include "support.h"

#include <limits.h>

static green_sem_t sem;

static void *take(void *name)
{
    note_result(name, green_sem_wait(&sem, GREEN_FOREVER));
    return NULL;
}

static void permits_are_taken_while_there_are_some(void **state)
{
    uint64_t switches = count_switches();
    green_sem_t two = GREEN_SEM_INIT(2);

    (void)state;
    check_equal(green_sem_value(&two), 2);
    check_equal(green_sem_wait(&two, GREEN_FOREVER), 0);
    check_equal(green_sem_wait(&two, 0), 0);
    check_fails(green_sem_wait(&two, 0), ETIMEDOUT);
    check_equal(green_sem_value(&two), 0);
    check_equal(count_switches(), switches);
}

/* gevent: test__semaphore.py test_release_twice */
static void each_post_lets_one_waiter_go(void **state)
{
    green_t *gs[3];

    (void)state;
    green_sem_init(&sem, 0);
    gs[0] = spawn(take, text("a"));
    gs[1] = spawn(take, text("b"));
    gs[2] = spawn(take, text("c"));
    settle();
    green_sem_post(&sem);
    green_sem_post(&sem);
    check_equal(green_sem_value(&sem), 0);
    settle();
    check_log("a:ok b:ok");
    green_sem_post(&sem);
    finish_all(gs, 3);
    check_log("c:ok");
}

static void a_post_without_waiters_is_kept(void **state)
{
    (void)state;
    green_sem_init(&sem, 0);
    green_sem_post(&sem);
    green_sem_post(&sem);
    check_equal(green_sem_value(&sem), 2);
    check_equal(green_sem_wait(&sem, GREEN_FOREVER), 0);
    check_equal(green_sem_wait(&sem, GREEN_FOREVER), 0);
    check_equal(green_sem_value(&sem), 0);
}

/* gevent: test__semaphore.py test_acquire_returns_false_after_timeout */
static void a_wait_in_vain_ends_at_its_timeout_and_takes_nothing(void **state)
{
    int64_t start;

    (void)state;
    clock_take();
    green_sem_init(&sem, 0);
    start = green_now();
    check_fails(green_sem_wait(&sem, 10 * GREEN_MS), ETIMEDOUT);
    check_equal(green_now() - start, 10 * GREEN_MS);
    green_sem_post(&sem);
    check_equal(green_sem_value(&sem), 1);
}

struct spinner {
    const char *name;
    int rounds;
};

static void *take_and_give_back(void *arg)
{
    struct spinner *s = arg;

    for (int i = 0; i < s->rounds; i++) {
        check_equal(green_sem_wait(&sem, GREEN_FOREVER), 0);
        note("%s", s->name);
        green_yield();
        green_sem_post(&sem);
    }
    return NULL;
}

/* gevent: test__semaphore.py TestSemaphoreFair.test_fair_or_hangs, for its
 * issue 1487 */
static void three_who_share_one_permit_take_turns(void **state)
{
    struct spinner spinners[] = {{"a", 3}, {"b", 3}, {"c", 3}};
    green_t *gs[3];

    (void)state;
    green_sem_init(&sem, 1);
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(take_and_give_back, &spinners[i]);
    finish_all(gs, 3);
    check_log("a b c a b c a b c");
    check_equal(green_sem_value(&sem), 1);
}

static int inside, most_inside;

static void *enter(void *arg)
{
    check_equal(green_sem_wait(&sem, GREEN_FOREVER), 0);
    if (++inside > most_inside)
        most_inside = inside;
    green_yield();
    inside--;
    green_sem_post(&sem);
    return arg;
}

static void no_more_than_so_many_are_inside(void **state)
{
    green_t *gs[50];

    (void)state;
    most_inside = 0;
    green_sem_init(&sem, 7);
    for (int i = 0; i < 50; i++)
        gs[i] = spawn(enter, NULL);
    finish_all(gs, 50);
    check_equal(most_inside, 7);
    check_equal(inside, 0);
    check_equal(green_sem_value(&sem), 7);
}

static void init_with_less_than_none(void *arg)
{
    (void)arg;
    green_sem_init(&sem, -1);
}

static void post_to_the_limit(void *arg)
{
    green_sem_t full = GREEN_SEM_INIT(LONG_MAX);

    (void)arg;
    green_sem_post(&full);
}

static void permits_that_cannot_be_counted_abort(void **state)
{
    (void)state;
    check_aborts(init_with_less_than_none, NULL, "libgreen: green_sem_init: ");
    check_aborts(post_to_the_limit, NULL, "libgreen: green_sem_post: ");
}

static void no_semaphore_is_EINVAL(void **state)
{
    (void)state;
    check_fails(green_sem_wait(NULL, GREEN_FOREVER), EINVAL);
    green_sem_post(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(permits_are_taken_while_there_are_some),
        green_test(each_post_lets_one_waiter_go),
        green_test(a_post_without_waiters_is_kept),
        green_test(a_wait_in_vain_ends_at_its_timeout_and_takes_nothing),
        green_test(three_who_share_one_permit_take_turns),
        green_test(no_more_than_so_many_are_inside),
        green_test(permits_that_cannot_be_counted_abort),
        green_test(no_semaphore_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
