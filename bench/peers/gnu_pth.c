/* SPDX-License-Identifier: MIT */
/* gnu_pth QUESTION N - what the questions of bench.c cost with GNU Pth. */
#define _POSIX_C_SOURCE 200809L
#include <pth.h>
#include "peer.h"

static int over;

static void *spin(void *arg)
{
    while (!over)
        pth_yield(NULL);
    return arg;
}

static void yield_among(long n, long others)
{
    pth_t *all = calloc((size_t)others, sizeof *all);

    for (long i = 0; i < others; i++)
        all[i] = pth_spawn(PTH_ATTR_DEFAULT, spin, NULL);
    pth_yield(NULL);
    question_begin = cpu_now(); /* all have begun */
    for (long i = 0; i < n / (others + 1); i++)
        pth_yield(NULL);
    question_end = cpu_now();
    over = 1;
    for (long i = 0; i < others; i++)
        pth_join(all[i], NULL);
}

static void ask_yield(long n)
{
    yield_among(n, 1);
}

static void ask_yield_1000(long n)
{
    yield_among(n, 999);
}

static void *nothing(void *arg)
{
    return arg;
}

static void ask_spawn(long n)
{
    while (n-- > 0)
        pth_join(pth_spawn(PTH_ATTR_DEFAULT, nothing, NULL), NULL);
}

static void ask_mutex(long n)
{
    pth_mutex_t m = PTH_MUTEX_INIT;

    while (n-- > 0) {
        pth_mutex_acquire(&m, 0, NULL);
        pth_mutex_release(&m);
    }
}

static const struct question questions[] = {
    {"yield", NULL, ask_yield}, {"yield.1000", NULL, ask_yield_1000},
    {"spawn", NULL, ask_spawn}, {"mutex", NULL, ask_mutex},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    pth_init();
    return answer_question(argc, argv, questions);
}
