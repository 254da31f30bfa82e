/* SPDX-License-Identifier: MIT */
/* clock.c - layer 1: the time. */
#include "green.h"
#include "sys.h"

int64_t green_now(void)
{
    return green__sys.now();
}
