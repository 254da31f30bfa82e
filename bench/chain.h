/* SPDX-License-Identifier: MIT */
/* chain.h - a ring of contexts that switch four calls deep, the same for whatever
 * switches: `hop`, defined before this is included. */
#ifndef GREEN_BENCH_CHAIN_H
#define GREEN_BENCH_CHAIN_H

enum { MOST = 1000, STACK = 16384, COLOURS = 32 };

#define APART __attribute__((noinline))

static void *contexts[MOST]; /* contexts[0] is main */
static long members, at;

APART static void level_4(void)
{
    long from = at;

    at = at + 1 == members ? 0 : at + 1;
    hop(&contexts[from], contexts[at]);
}

/* What follows each call keeps it from becoming a jump. */
APART static void level_3(void)
{
    level_4();
    __asm__ volatile("");
}

APART static void level_2(void)
{
    level_3();
    __asm__ volatile("");
}

APART static void level_1(void)
{
    level_2();
    __asm__ volatile("");
}

static void go_round(long times)
{
    while (times-- > 0)
        level_1();
}

/* One loop for all: called through a pointer, lest there be a copy for main. */
static void (*volatile round_loop)(long times) = go_round;

#endif
