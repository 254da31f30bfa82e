/* SPDX-License-Identifier: MIT */
/* fuzz.c - the same programs, of bytes that libFuzzer chooses.
 *
 * Built with clang, -fsanitize=fuzzer and no sanitizer that must be told of
 * stacks; see CMakeLists.txt. */
#include <stdlib.h>
#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct program p;

    program_decode(&p, bytes, n);
    if (!program_agrees(&p, true))
        abort();
    return 0;
}
