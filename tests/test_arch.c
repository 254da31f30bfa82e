/* SPDX-License-Identifier: MIT */
/* test_arch.c - the switch of the CPU that the tests run on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "arch_checks.h"

static void run_check(void **state)
{
    const struct arch_check *c = *state;
    const char *failure = c->check();

    if (failure)
        fail_msg("%s", failure);
}

int main(void)
{
    struct CMUnitTest tests[ARCH_CHECKS];
    int i;

    for (i = 0; i < ARCH_CHECKS; i++) {
        const struct arch_check *c = &arch_checks[i];

        tests[i] = (struct CMUnitTest){c->name, run_check, NULL, NULL,
                                       (void *)(uintptr_t)c};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
