/* SPDX-License-Identifier: MIT */
/* test_future.c - a result that somebody will deliver, once. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <green.h>

static green_future_t answer;
static int order[4], n_order;

static void *get_answer(void *arg)
{
    void *value = NULL;

    if (green_future_get(&answer, &value, GREEN_FOREVER) != 0)
        return (void *)(intptr_t)-errno;
    order[n_order++] = (int)(intptr_t)arg;
    return value;
}

static int begin(void **state)
{
    (void)state;
    n_order = 0;
    green_future_init(&answer);
    return 0;
}

static void all_getters_get_the_value_in_the_order_they_came(void **state)
{
    green_t *g[3];
    int word, i;

    (void)state;
    for (i = 0; i < 3; i++)
        g[i] = green_spawn(get_answer, (void *)(intptr_t)i);
    green_yield();
    assert_false(green_future_is_ready(&answer));
    assert_int_equal(green_future_set(&answer, &word), 0);
    assert_int_equal(green_joinall(g, 3, GREEN_FOREVER), 0);
    for (i = 0; i < 3; i++) {
        assert_int_equal(order[i], i);
        assert_ptr_equal(green_value(g[i]), &word);
    }
    green_releaseall(g, 3);
}

static void a_late_get_returns_at_once(void **state)
{
    void *value = NULL;
    int word;

    (void)state;
    green_future_set(&answer, &word);
    assert_int_equal(green_future_get(&answer, &value, 0), 0);
    assert_ptr_equal(value, &word);
    assert_int_equal(green_future_get(&answer, NULL, GREEN_FOREVER), 0);
}

static void a_failure_is_each_getters_errno(void **state)
{
    green_t *g = green_spawn(get_answer, NULL);
    void *value = &g;

    (void)state;
    green_yield();
    assert_int_equal(green_future_fail(&answer, EPROTO), 0);
    assert_int_equal(green_join(g, &value, GREEN_FOREVER), 0);
    assert_int_equal((intptr_t)value, -EPROTO);
    value = &g;
    assert_int_equal(green_future_get(&answer, &value, 0), -1);
    assert_int_equal(errno, EPROTO);
    assert_ptr_equal(value, &g);
    green_release(g);
}

static void it_is_delivered_once(void **state)
{
    void *value;
    int first, second;

    (void)state;
    assert_int_equal(green_future_fail(&answer, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(green_future_set(&answer, &first), 0);
    assert_int_equal(green_future_set(&answer, &second), -1);
    assert_int_equal(errno, EALREADY);
    assert_int_equal(green_future_fail(&answer, EIO), -1);
    assert_int_equal(errno, EALREADY);
    assert_int_equal(green_future_get(&answer, &value, 0), 0);
    assert_ptr_equal(value, &first);
}

static void waiting_ends_by_timeout_and_kill(void **state)
{
    green_t *g = green_spawn(get_answer, NULL);
    void *value;

    (void)state;
    assert_int_equal(green_future_get(&answer, &value, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(green_future_get(&answer, &value, GREEN_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    green_kill(g);
    assert_int_equal(green_join(g, &value, GREEN_FOREVER), 0);
    assert_int_equal((intptr_t)value, -ECANCELED);
    assert_int_equal(green_future_get(NULL, &value, 0), -1);
    assert_int_equal(errno, EINVAL);
    green_release(g);
}

static void *set_answer(void *arg)
{
    green_future_set(&answer, arg);
    return NULL;
}

static void select_waits_for_it(void **state)
{
    green_future_t never = GREEN_FUTURE_INIT;
    green_case_t cases[] = {GREEN_ON_FUTURE(&never), GREEN_ON_FUTURE(&answer)};

    (void)state;
    assert_int_equal(green_go(set_answer, NULL), 0);
    assert_int_equal(green_select(cases, 2, GREEN_FOREVER), 1);
    assert_int_equal(green_select(cases, 2, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_getters_get_the_value_in_the_order_they_came,
                               begin),
        cmocka_unit_test_setup(a_late_get_returns_at_once, begin),
        cmocka_unit_test_setup(a_failure_is_each_getters_errno, begin),
        cmocka_unit_test_setup(it_is_delivered_once, begin),
        cmocka_unit_test_setup(waiting_ends_by_timeout_and_kill, begin),
        cmocka_unit_test_setup(select_waits_for_it, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
