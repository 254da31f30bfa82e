/* SPDX-License-Identifier: MIT */
/* wakes QUESTION N - waits of other kinds than bench.c has, beside peers.
 *
 * One line: the question, and nanoseconds of CPU time per operation; README.md says
 * what one is. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "measure.h"

enum { MANY = 10000, MEMBERS = 1000, CHOICES = 8 };

/* ---- an event for all ---- */

static green_event_t event = GREEN_EVENT_INIT;

static void *wait_for_it(void *arg)
{
    need(green_event_wait(&event, GREEN_FOREVER) == 0, "green_event_wait");
    return arg;
}

/* From the set until the last one has gone on, and ended.  The first ten thousand do
 * not count: their stacks are new. */
static int64_t ask_event(long n)
{
    int64_t begin, time = 0;

    for (long left = n + MANY; left > 0; left -= MANY) {
        green_t **all = spawn_many(MANY, wait_for_it, NULL);

        green_yield();
        begin = cpu_now();
        green_event_set(&event);
        green_yield();
        time += left > n ? 0 : cpu_now() - begin;
        green_event_clear(&event);
        join_many(all, MANY);
    }
    return time;
}

/* ---- a ring ---- */

static green_queue_t links[MEMBERS + 1];

static void *pass_on(void *arg)
{
    green_queue_t *in = arg;
    long item;

    while (green_queue_get(in, &item, GREEN_FOREVER) == 0)
        need(green_queue_put(in + 1, &item, GREEN_FOREVER) == 0, "put");
    return NULL;
}

/* One item, from each to the next, main at both ends. */
static int64_t ask_ring(long n)
{
    green_t *all[MEMBERS];
    int64_t begin, time;
    long item = 0;

    for (int i = 0; i <= MEMBERS; i++)
        green_queue_init(&links[i], sizeof item, 0);
    for (int i = 0; i < MEMBERS; i++)
        need((all[i] = green_spawn(pass_on, &links[i])) != NULL, "spawn");
    green_yield();
    begin = cpu_now();
    for (; n > 0; n -= MEMBERS)
        need(green_queue_put(&links[0], &item, GREEN_FOREVER) == 0 &&
                 green_queue_get(&links[MEMBERS], &item, GREEN_FOREVER) == 0,
             "put, get");
    time = cpu_now() - begin;
    for (int i = 0; i < MEMBERS; i++)
        green_queue_close(&links[i]);
    need(green_joinall(all, MEMBERS, GREEN_FOREVER) == 0, "green_joinall");
    green_releaseall(all, MEMBERS);
    return time;
}

/* ---- one of eight ---- */

static green_queue_t choices[CHOICES];

static void *select_all(void *arg)
{
    green_case_t cases[CHOICES];
    long item;

    for (int i = 0; i < CHOICES; i++)
        cases[i] = GREEN_ON_GET(&choices[i], &item);
    do
        need(green_select(cases, CHOICES, GREEN_FOREVER) >= 0, "select");
    while (item >= 0);
    return arg;
}

static int64_t ask_select(long n)
{
    green_t **other;
    int64_t begin, time;
    long end = -1;

    for (int i = 0; i < CHOICES; i++)
        green_queue_init(&choices[i], sizeof n, 0);
    other = spawn_many(1, select_all, NULL);
    begin = cpu_now();
    for (long i = 0; i < n; i++)
        need(green_queue_put(&choices[i % CHOICES], &i, GREEN_FOREVER) == 0,
             "put");
    time = cpu_now() - begin;
    need(green_queue_put(&choices[0], &end, GREEN_FOREVER) == 0, "put");
    join_many(other, 1);
    return time;
}

/* ---- of one greenlet ---- */

static int64_t ask_local(long n)
{
    static green_local_t local = GREEN_LOCAL_INIT(NULL);
    int64_t begin;

    need(green_local_set(&local, &local) == 0, "green_local_set");
    begin = cpu_now();
    while (n-- > 0)
        need(green_local_get(&local) == &local, "green_local_get");
    return cpu_now() - begin;
}

static void *wait_in_vain(void *arg)
{
    need(green_event_wait(&event, GREEN_FOREVER) < 0, "nobody set it");
    return arg;
}

/* The whole life of a greenlet that is killed in its wait. */
static int64_t ask_cancel(long n)
{
    int64_t begin = cpu_now();

    while (n-- > 0) {
        green_t *g = green_spawn(wait_in_vain, NULL);

        need(g != NULL, "green_spawn");
        green_yield();
        green_kill(g);
        need(green_join(g, NULL, GREEN_FOREVER) == 0, "green_join");
        green_release(g);
    }
    return cpu_now() - begin;
}

/* A byte that is there already: the write is plain. */
static int64_t ask_ready(long n)
{
    char byte = 0;
    int64_t begin;
    int ends[2];

    need(green_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    begin = cpu_now();
    while (n-- > 0)
        need(write(ends[0], &byte, 1) == 1 &&
                 green_read(ends[1], &byte, 1) == 1,
             "write, green_read");
    return cpu_now() - begin;
}

static const struct question {
    const char *name;
    int64_t (*ask)(long n);
    long unit;
} questions[] = {
    {"event.10k", ask_event, MANY}, {"ring.1000", ask_ring, MEMBERS},
    {"select.8", ask_select, 1},    {"local", ask_local, 1},
    {"cancel", ask_cancel, 1},      {"read.ready", ask_ready, 1},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof questions / sizeof *questions;
         i++) {
        const struct question *q = &questions[i];
        long n = (atol(argv[2]) + q->unit - 1) / q->unit * q->unit;

        if (strcmp(q->name, argv[1]) == 0 && n > 0) {
            printf("%s %.2f\n", q->name, (double)q->ask(n) / (double)n);
            return 0;
        }
    }
    fprintf(stderr, "usage: wakes QUESTION N\n");
    return 2;
}
