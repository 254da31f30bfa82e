/* SPDX-License-Identifier: MIT */
/* measure.h - what the programs of bench/ share. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <green.h>

static inline void need(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

/* Nanoseconds of CPU time that the process has used. */
static inline int64_t cpu_now(void)
{
    struct timespec t;

    need(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "clock_gettime");
    return (int64_t)t.tv_sec * GREEN_SEC + t.tv_nsec;
}

#define ROUNDS 11

static inline int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static inline double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

/* Of the ratios of each round. */
static inline double median_ratio(const double *a, const double *b)
{
    double ratios[ROUNDS];

    for (int round = 0; round < ROUNDS; round++)
        ratios[round] = a[round] / b[round];
    return median(ratios);
}

static inline green_t **spawn_many(long n, void *(*fn)(void *arg), void *arg)
{
    green_t **all = malloc((size_t)n * sizeof *all);

    need(all != NULL, "malloc");
    for (long i = 0; i < n; i++)
        need((all[i] = green_spawn(fn, arg)) != NULL, "green_spawn");
    return all;
}

static inline void join_many(green_t **all, long n)
{
    need(green_joinall(all, (size_t)n, GREEN_FOREVER) == 0, "green_joinall");
    green_releaseall(all, (size_t)n);
    free(all);
}

#endif
