/* SPDX-License-Identifier: MIT */
/* peer.h - what the peers in C share: PROGRAM QUESTION N, and one line. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct question {
    const char *name;
    void (*prepare)(long n); /* or NULL; not timed */
    void (*ask)(long n);
};

static inline double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A question may set them: when what it needs is there, and when it is answered. */
static double question_begin, question_end;

/* The same numbers as in many.c. */
static inline uint32_t next_random(void)
{
    static uint32_t x = 1;

    x = x * 1664525 + 1013904223;
    return x >> 8;
}

static inline int answer_question(int argc, char **argv,
                                  const struct question *q)
{
    for (; argc == 3 && q->name; q++)
        if (strcmp(q->name, argv[1]) == 0) {
            long n = atol(argv[2]);

            if (q->prepare)
                q->prepare(n);
            question_begin = cpu_now();
            q->ask(n);
            if (question_end == 0)
                question_end = cpu_now();
            printf("%s %.2f\n", q->name,
                   (question_end - question_begin) / (double)n);
            return 0;
        }
    return 2;
}

#endif
