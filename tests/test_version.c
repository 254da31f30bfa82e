/* SPDX-License-Identifier: MIT */
/* test_version.c - the library and its header say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "green.h"

static void the_version_is_that_of_the_header(void **state)
{
    char text[40];

    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", GREEN_VERSION_MAJOR,
             GREEN_VERSION_MINOR, GREEN_VERSION_PATCH);
    assert_string_equal(green_version(), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_is_that_of_the_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
