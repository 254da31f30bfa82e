/* SPDX-License-Identifier: MIT */
/* clients.h - many greenlets that call a library which blocks.
 *
 * A program includes this and defines `call`: one use of the library, true if it
 * went well.  Usage: PROGRAM ADDRESS COUNT.  Prints how many of them went well, how
 * long all took, the longest gap between two ticks of a greenlet that sleeps 10 ms,
 * and the number of threads. */
#ifndef GREEN_TEST_CLIENTS_H
#define GREEN_TEST_CLIENTS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <green.h>

static bool call(const char *address);

static bool over;
static int64_t longest;

static void *tick(void *arg)
{
    int64_t before = green_now(), now;

    while (!over && green_sleep(10 * GREEN_MS) == 0) {
        now = green_now();
        if (now - before > longest)
            longest = now - before;
        before = now;
    }
    return arg;
}

static void *call_once(void *address)
{
    return call(address) ? address : NULL;
}

static int count_threads(void)
{
    char line[100];
    int n = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Threads:", 8) == 0)
            n = atoi(line + 8);
    if (f)
        fclose(f);
    return n;
}

int main(int argc, char **argv)
{
    int n = argc > 2 ? atoi(argv[2]) : 0, well = 0, threads;
    green_t **all = calloc((size_t)n + 1, sizeof(green_t *));
    green_t *ticker;
    int64_t begun;

    if (n <= 0 || !all || green_patch_all() != 0 || green_patch_verify() != 0)
        return 1;
    ticker = green_spawn(tick, NULL);
    begun = green_now();
    for (int i = 0; i < n; i++) {
        all[i] = green_spawn(call_once, argv[1]);
        green_yield(); /* setting one up takes its time */
    }
    green_sleep(50 * GREEN_MS);
    threads = count_threads();
    green_joinall(all, (size_t)n, GREEN_FOREVER);
    begun = green_now() - begun;
    for (int i = 0; i < n; i++)
        well += all[i] && green_value(all[i]);
    over = true;
    green_join(ticker, NULL, GREEN_FOREVER);
    printf("%d of %d, %d ms, longest gap %d ms, %d threads\n", well, n,
           (int)(begun / GREEN_MS), (int)(longest / GREEN_MS), threads);
    green_releaseall(all, (size_t)n);
    green_release(ticker);
    free(all);
    return 0;
}

#endif
