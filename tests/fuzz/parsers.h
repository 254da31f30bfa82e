/* SPDX-License-Identifier: MIT */
/* parsers.h - what takes apart what others have sent, for bytes of any kind. */
#ifndef TESTS_FUZZ_PARSERS_H
#define TESTS_FUZZ_PARSERS_H
#include <stddef.h>
#include <stdint.h>

/* The first byte says who gets the rest.  Aborts if something is not right.
 * Inputs of more than LONGEST bytes are cut. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { LONGEST = 8192 };

#endif
