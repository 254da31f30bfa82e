/* SPDX-License-Identifier: MIT */
/* clients.h - many greenlets that call a library which blocks.
 *
 * A program includes this and defines `call`, one use of the library, true if it
 * went well.  A call waits for a while that can be measured, and then at a gate,
 * which opens when all calls wait there at the same time: a library that blocked the
 * thread would never get so far.  `open_gate` opens it, unless the server keeps one,
 * or is itself a greenlet of the thread.
 *
 * Usage: PROGRAM ADDRESS COUNT.  Prints how many calls went well, how long all took,
 * and how long since all had their connections; the longest gap between two ticks of
 * a greenlet that sleeps 10 ms; and the most threads there were. */
#ifndef GREEN_TEST_CLIENTS_H
#define GREEN_TEST_CLIENTS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <green.h>

static bool prepare(const char *address); /* before the first call */
static bool call(const char *address);
static bool open_gate(int n); /* when n wait there */

static bool over;
static int64_t longest, all_connected;
static int most_threads;

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

static void *tick(void *arg)
{
    int64_t before = green_now(), now;
    int threads;

    while (!over && green_sleep(10 * GREEN_MS) == 0) {
        now = green_now();
        if (now - before > longest)
            longest = now - before;
        threads = count_threads();
        if (threads > most_threads)
            most_threads = threads;
        before = now;
    }
    return arg;
}

/* A call that has tried to connect waits for the others. */
static green_barrier_t connections;

static inline void connected(void)
{
    green_barrier_wait(&connections, GREEN_FOREVER);
    all_connected = green_now();
}

static void *call_once(void *address)
{
    return call(address) ? address : NULL;
}

int main(int argc, char **argv)
{
    int n = argc > 2 ? atoi(argv[2]) : 0, well = 0;
    green_t **all = calloc((size_t)n + 1, sizeof(green_t *));
    green_t *ticker;
    int64_t begun, ended;
    bool opened;

    if (n <= 0 || !all || green_patch_all() != 0 || green_patch_verify() != 0 ||
        !prepare(argv[1]))
        return 1;
    green_barrier_init(&connections, (unsigned)n);
    ticker = green_spawn(tick, NULL);
    begun = all_connected = green_now();
    for (int i = 0; i < n; i++) {
        all[i] = green_spawn(call_once, argv[1]);
        green_yield(); /* setting one up takes its time */
    }
    opened = open_gate(n);
    green_joinall(all, (size_t)n, GREEN_FOREVER);
    ended = green_now();
    for (int i = 0; i < n; i++)
        well += opened && all[i] && green_value(all[i]);
    over = true;
    green_join(ticker, NULL, GREEN_FOREVER);
    printf("%d of %d, %d ms, %d ms since all were connected, "
           "longest gap %d ms, %d threads\n",
           well, n, (int)((ended - begun) / GREEN_MS),
           (int)((ended - all_connected) / GREEN_MS),
           (int)(longest / GREEN_MS), most_threads);
    green_releaseall(all, (size_t)n);
    green_release(ticker);
    free(all);
    return 0;
}

#endif
