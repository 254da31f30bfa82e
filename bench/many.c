/* SPDX-License-Identifier: MIT */
/* many QUESTION N - what it costs to have many of something at once.
 *
 * One line: the question, and nanoseconds of CPU time per one of N; for `memory`
 * bytes, for `touch` nanoseconds of the machine's own: one new page each, on which
 * `sleeps`, `skynet` and `memory` depend more than on anything of libgreen's. */
#define _GNU_SOURCE /* MADV_NOHUGEPAGE */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <green.h>
#include "../src/heap.h"
#include "measure.h"

/* The same numbers each time, and in each peer. */
static uint32_t next_random(void)
{
    static uint32_t x = 1;

    x = x * 1664525 + 1013904223;
    return x >> 8;
}

static double per_one(int64_t begin, long n)
{
    return (double)(cpu_now() - begin) / (double)n;
}

/* ---- deadlines: the heap that those of waits are in ---- */

struct timer {
    uint32_t place;
    char rest[60]; /* a cache line each, as in a control block */
};

static struct heap heap;

static struct timer *start_timers(long n)
{
    struct timer *all = calloc((size_t)n, sizeof *all);

    need(all && green__heap_reserve(&heap, (uint32_t)n) == 0, "timers");
    for (long i = 0; i < n; i++)
        green__heap_insert(&heap, next_random(), &all[i].place, &all[i]);
    return all;
}

static void cancel_timers(struct timer *all, long n)
{
    for (long i = 0; i < n; i++)
        green__heap_remove(&heap, &all[i].place);
}

/* Once more: by then the memory is there. */
static double ask_start(long n)
{
    struct timer *all = start_timers(n);
    int64_t begin;

    cancel_timers(all, n);
    begin = cpu_now();
    for (long i = 0; i < n; i++)
        green__heap_insert(&heap, next_random(), &all[i].place, &all[i]);
    return per_one(begin, n);
}

static double ask_again(long n)
{
    struct timer *all = start_timers(n);
    int64_t begin = cpu_now();

    for (long i = 0; i < n; i++) {
        green__heap_remove(&heap, &all[i].place);
        green__heap_insert(&heap, next_random(), &all[i].place, &all[i]);
    }
    return per_one(begin, n);
}

static double ask_cancel(long n)
{
    struct timer *all = start_timers(n);
    int64_t begin = cpu_now();

    cancel_timers(all, n);
    return per_one(begin, n);
}

/* ---- greenlets ---- */

static void *sleep_somewhat(void *arg)
{
    green_sleep((1 + next_random() % 50) * GREEN_MS);
    return arg;
}

static double ask_sleeps(long n)
{
    int64_t begin = cpu_now();

    join_many(spawn_many(n, sleep_somewhat, NULL), n);
    return per_one(begin, n);
}

static void *leaf_or_ten(void *arg);

struct node {
    green_queue_t *up;
    long number, size;
};

static long sum_of_ten(const struct node *node)
{
    green_queue_t down;
    struct node children[10];
    long sum = 0, part;

    green_queue_init(&down, sizeof part, 0);
    for (int i = 0; i < 10; i++) {
        children[i] = (struct node){&down, node->number + i * (node->size / 10),
                                    node->size / 10};
        need(green_go(leaf_or_ten, &children[i]) == 0, "green_go");
    }
    for (int i = 0; i < 10; i++) {
        need(green_queue_get(&down, &part, GREEN_FOREVER) == 0, "get");
        sum += part;
    }
    green_queue_destroy(&down);
    return sum;
}

static void *leaf_or_ten(void *arg)
{
    const struct node *node = arg;
    green_queue_t *up = node->up;
    long sum = node->size == 1 ? node->number : sum_of_ten(node);

    need(green_queue_put(up, &sum, GREEN_FOREVER) == 0, "put");
    return NULL;
}

/* A tree of greenlets, ten under each, N leaves: each passes its sum up. */
static double skynet(long n)
{
    int64_t begin = cpu_now();
    struct node root = {NULL, 0, n};

    need(sum_of_ten(&root) == n * (n - 1) / 2, "the sum");
    return per_one(begin, n);
}

static double ask_skynet_warm(long n)
{
    skynet(n);
    return skynet(n);
}

static void *wait_for(void *event)
{
    green_event_wait(event, GREEN_FOREVER);
    return NULL;
}

/* Bytes: resident memory and page tables together. */
static double memory_in_use(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double rss = 0, tables = 0;

    need(f != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, f)) {
        sscanf(line, "VmRSS: %lf", &rss);
        sscanf(line, "VmPTE: %lf", &tables);
    }
    fclose(f);
    return (rss + tables) * 1024;
}

static long mappings(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    long n = 0;
    int c;

    need(f != NULL, "/proc/self/maps");
    while ((c = getc(f)) != EOF)
        n += c == '\n';
    fclose(f);
    return n;
}

/* The process ends with all of them alive: their ends would take as long again. */
static double ask_memory(long n)
{
    static green_event_t event = GREEN_EVENT_INIT;
    double before = memory_in_use(), after;
    green_stats_t stats;

    for (long i = 0; i < n; i++)
        need(green_go(wait_for, &event) == 0, "green_go");
    green_yield();
    after = memory_in_use();
    green_stats(&stats);
    fprintf(stderr, "%ld alive, %ld without a guard, %ld mappings\n", n,
            (long)stats.stacks_unguarded, mappings());
    return (after - before) / (double)n;
}

/* The lives of N greenlets that all wait at once. */
static double park(long n)
{
    green_event_t event = GREEN_EVENT_INIT;
    int64_t begin = cpu_now();
    green_t **all = spawn_many(n, wait_for, &event);

    green_yield();
    green_event_set(&event);
    join_many(all, n);
    return per_one(begin, n);
}

static double ask_park_warm(long n)
{
    park(n);
    return park(n);
}

static double ask_touch(long n)
{
    size_t stride = 65536;
    char *pages = mmap(NULL, (size_t)n * stride, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int64_t begin;

    need(pages != MAP_FAILED, "mmap");
    madvise(pages, (size_t)n * stride, MADV_NOHUGEPAGE);
    begin = cpu_now();
    for (long i = 0; i < n; i++)
        pages[(size_t)i * stride] = 1;
    return per_one(begin, n);
}

static const struct question {
    const char *name;
    double (*ask)(long n);
} questions[] = {
    {"timer.start", ask_start},
    {"timer.again", ask_again},
    {"timer.cancel", ask_cancel},
    {"sleeps", ask_sleeps},
    {"skynet", skynet},
    {"skynet.warm", ask_skynet_warm},
    {"memory", ask_memory},
    {"touch", ask_touch},
    {"park", park},
    {"park.warm", ask_park_warm},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof questions / sizeof *questions;
         i++)
        if (strcmp(questions[i].name, argv[1]) == 0) {
            printf("%s %.1f\n", argv[1], questions[i].ask(atol(argv[2])));
            fflush(stdout);
            _exit(0);
        }
    fprintf(stderr, "usage: many QUESTION N\n");
    return 2;
}
