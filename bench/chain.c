/* SPDX-License-Identifier: MIT */
/* chain QUESTION N - bare switches as real programs make them: from under four
 * calls, each of which returns before the next switch, in a ring of contexts.
 *
 * peers/floor.c is the same around a switch by hand that does nothing else. */
#include <stdlib.h>
#include <string.h>
#include "../src/switch.h"
#include "measure.h"

static inline void hop(void **from, void *to)
{
    green__switch(from, to);
}

#include "chain.h"

static void *member(void)
{
    long self = at;

    green__switch(&contexts[self], contexts[0]); /* all are begun first */
    for (;;)
        round_loop(1000000);
    return NULL;
}

static void begin_all(long n)
{
    char *stacks = aligned_alloc(4096, (size_t)n * STACK);

    need(stacks != NULL, "stacks");
    members = n;
    for (at = 1; at < n; at++)
        green__start(&contexts[0],
                     stacks + (at + 1) * STACK - at % COLOURS * 64, member,
                     green__control());
    at = 0;
}

static int64_t ask_chain(long n, long among)
{
    int64_t begin;

    begin_all(among);
    round_loop(10);
    begin = cpu_now();
    round_loop(n / among);
    return cpu_now() - begin;
}

/* ---- two that stand in different functions ---- */

static void *here, *there;

static void *switch_back(void)
{
    for (;;)
        green__switch(&there, here);
    return NULL;
}

static int64_t ask_apart(long n)
{
    static _Alignas(16) char stack[65536];
    int64_t begin;

    green__start(&here, stack + sizeof stack, switch_back, green__control());
    begin = cpu_now();
    for (long i = 0; i < n / 2; i++)
        green__switch(&here, there);
    return cpu_now() - begin;
}

int main(int argc, char **argv)
{
    const char *name = argc == 3 ? argv[1] : "";
    long n = argc == 3 ? atol(argv[2]) : 0;
    int64_t time = -1;

    if (strcmp(name, "switch.apart") == 0)
        time = ask_apart(n);
    else if (strcmp(name, "chain.10") == 0)
        time = ask_chain(n, 10);
    else if (strcmp(name, "chain.1000") == 0)
        time = ask_chain(n, 1000);
    if (time < 0 || n <= 0) {
        fprintf(stderr, "usage: chain switch.apart|chain.10|chain.1000 N\n");
        return 2;
    }
    printf("%s %.2f\n", name, (double)time / (double)n);
    return 0;
}
