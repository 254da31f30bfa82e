/* SPDX-License-Identifier: MIT */
/* 03 - The same order every time.
 *
 * Eight tasks of different lengths go through a pool that runs three at once,
 * three times over.  Which ends when is not easy to foresee, but it is decided:
 * all that wait are served first come, first served.  Then eight threads do
 * the like.  Their order is the system's business; see it on standard error. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <green.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TASKS = 8, RUNS = 3 };

static char digits[] = "01234567", order[TASKS + 1];

static void *step(void *digit)
{
    int steps = *(char *)digit * 7 % 5;

    while (steps-- > 0 && green_yield() == 0)
        continue;
    strncat(order, digit, 1);
    return NULL;
}

static int run_greenlets(void)
{
    green_pool_t pool = GREEN_POOL_INIT(3);
    int error = 0;

    for (int i = 0; i < TASKS && !error; i++)
        error = green_pool_spawn(&pool, step, &digits[i], GREEN_FOREVER);
    if (green_pool_join(&pool, GREEN_FOREVER) != 0)
        return -1;
    green_pool_destroy(&pool);
    return error;
}

static void *sleep_a_little(void *digit)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* threads race */
    struct timespec moment = {.tv_nsec = 100000};

    nanosleep(&moment, NULL);
    pthread_mutex_lock(&lock);
    strncat(order, digit, 1);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int run_threads(void)
{
    pthread_t threads[TASKS];
    int i, error = 0;

    for (i = 0; i < TASKS && !error; i++)
        error = pthread_create(&threads[i], NULL, sleep_a_little, &digits[i]);
    for (i -= error != 0; i > 0; i--)
        pthread_join(threads[i - 1], NULL);
    return error;
}

int main(void)
{
    char first[sizeof order] = "";
    int same = 0;

    for (int run = 0; run < RUNS; run++, order[0] = '\0') {
        if (run_greenlets() != 0)
            return 1;
        printf("greenlets: %s\n", order);
        if (run == 0)
            memcpy(first, order, sizeof order);
        same += strcmp(order, first) == 0;
    }
    printf("%d of %d runs have the same order\n", same, RUNS);

    for (int run = 0; run < RUNS; run++, order[0] = '\0')
        if (run_threads() == 0)
            fprintf(stderr, "threads:   %s\n", order);
    return 0;
}
