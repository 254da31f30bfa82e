/* SPDX-License-Identifier: MIT */
/* stopped.c - a program for test_gdb.sh, which stops it in `here`. */
#include <stddef.h>
#include "green.h"

static volatile int sink;

__attribute__((noinline)) void here(void);
__attribute__((noinline)) void here(void)
{
    sink = 1;
}

__attribute__((noinline)) static void inner(int depth)
{
    if (depth == 0)
        here();
    else
        inner(depth - 1);
    sink = 2;
}

static void *outer(void *arg)
{
    inner(3);
    green_yield();
    inner(3);
    return arg;
}

int main(void)
{
    green_t *gs[2] = {green_spawn(outer, NULL), green_spawn(outer, NULL)};

    green_joinall(gs, 2, GREEN_FOREVER);
    green_releaseall(gs, 2);
    return 0;
}
