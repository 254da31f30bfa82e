/* SPDX-License-Identifier: MIT */
/* arch_plain.c - the checks of test_arch.c without cmocka; tools/test-arch.sh
 * builds it for every CPU.  The last line is "N passed, N failed". */
#include <stdio.h>
#include "arch_checks.h"

int main(void)
{
    int i, failed = 0;

    for (i = 0; i < ARCH_CHECKS; i++) {
        const char *failure = arch_checks[i].check();

        if (failure)
            printf("FAILED: %s: %s\n", arch_checks[i].name, failure);
        failed += failure != NULL;
    }
    printf("%d passed, %d failed\n", ARCH_CHECKS - failed, failed);
    return failed != 0;
}
