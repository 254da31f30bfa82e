/* SPDX-License-Identifier: MIT */
/* test_misuse.c - what a program that misuses the library leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "child.h"
#include "misuse.h"

static void misuse(void)
{
    green__misuse("green_mutex_unlock", "the mutex is not locked");
}

static void misuse_aborts_with_one_line(void **state)
{
    const struct outcome *o = run_in_child(misuse);

    (void)state;
    assert_true(died_of(o, SIGABRT));
    assert_string_equal(
        o->text, "libgreen: green_mutex_unlock: the mutex is not locked\n");
}

static void misuse_without_stderr(void)
{
    close(STDERR_FILENO);
    misuse();
}

static void misuse_aborts_also_when_nobody_can_be_told(void **state)
{
    const struct outcome *o = run_in_child(misuse_without_stderr);

    (void)state;
    assert_true(died_of(o, SIGABRT));
    assert_string_equal(o->text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_aborts_with_one_line),
        cmocka_unit_test(misuse_aborts_also_when_nobody_can_be_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
