/* SPDX-License-Identifier: MIT */
/* test_waitgroup.c - wait until a count of things under way is zero. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <green.h>

static green_waitgroup_t under_way = GREEN_WAITGROUP_INIT;

static void *await_all(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)green_waitgroup_wait(&under_way, GREEN_FOREVER);
}

static void all_waiters_go_on_at_zero(void **state)
{
    green_t *g[2] = {green_spawn(await_all, NULL),
                     green_spawn(await_all, NULL)};

    (void)state;
    green_waitgroup_add(&under_way, 2);
    green_yield();
    green_waitgroup_done(&under_way);
    green_yield();
    assert_false(green_ready(g[0]) || green_ready(g[1]));
    green_waitgroup_done(&under_way);
    assert_int_equal(green_joinall(g, 2, GREEN_FOREVER), 0);
    assert_int_equal((intptr_t)green_value(g[0]), 0);
    assert_int_equal((intptr_t)green_value(g[1]), 0);
    green_releaseall(g, 2);
}

static void at_zero_nobody_waits(void **state)
{
    (void)state;
    assert_int_equal(green_waitgroup_wait(&under_way, 0), 0);
    green_waitgroup_add(&under_way, 3);
    assert_int_equal(green_waitgroup_wait(&under_way, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
    green_waitgroup_add(&under_way, -3);
    assert_int_equal(green_waitgroup_wait(&under_way, GREEN_FOREVER), 0);
    assert_int_equal(green_waitgroup_wait(NULL, 0), -1);
    assert_int_equal(errno, EINVAL);
}

static void a_count_that_cannot_be_aborts(void **state)
{
    static const struct {
        long first, second;
    } sums[] = {{0, -1}, {5, -6}, {0, LONG_MIN}, {5, LONG_MIN}, {1, LONG_MAX}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof sums / sizeof *sums; i++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            green_waitgroup_t w = GREEN_WAITGROUP_INIT;

            close(STDERR_FILENO);
            green_waitgroup_add(&w, sums[i].first);
            green_waitgroup_add(&w, sums[i].second);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_waiters_go_on_at_zero),
        cmocka_unit_test(at_zero_nobody_waits),
        cmocka_unit_test(a_count_that_cannot_be_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
