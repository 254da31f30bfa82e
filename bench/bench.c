/* SPDX-License-Identifier: MIT */
/* bench [QUESTION [N]] - what the operations of libgreen cost.
 *
 * Nanoseconds of CPU time per operation, the median of several rounds.  In each
 * round every question is asked once, so that a noisy moment hits all of them
 * alike: ratios say more than times.  README.md tells how to read the lines.  With
 * N, that many operations and one line, as the programs in peers/ print it. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <green.h>
#include "../src/switch.h"
#include "measure.h"

#define ROUND_NS 10000000 /* a round of one question lasts about this long */

/* ---- switches ---- */

static void *here, *there;
static _Alignas(16) char stack[65536];

/* Both sides run this one loop, as both greenlets do in ask_yield: what is
 * compared is what the scheduler adds, not how well returns are predicted.
 * It is called through a pointer, lest the compiler make a copy for each. */
static void bounce_loop(void **mine, void **theirs, long n)
{
    while (n-- > 0)
        green__switch(mine, *theirs);
}

static void (*volatile bounce)(void **, void **, long) = bounce_loop;

static void *bounce_back(void)
{
    for (;;)
        bounce(&there, &here, LONG_MAX);
    return NULL;
}

static int64_t ask_switch(long n)
{
    int64_t begin;

    green__start(&here, stack + sizeof stack, bounce_back, green__control());
    begin = cpu_now();
    bounce(&here, &there, n / 2);
    return cpu_now() - begin;
}

static bool over;

static void spin_loop(long n)
{
    while (n-- > 0 && !over)
        green_yield();
}

static void (*volatile spin)(long n) = spin_loop;

static void *spinner(void *arg)
{
    spin(LONG_MAX);
    return arg;
}

static void *other_spinner(void *arg)
{
    while (!over)
        green_yield();
    return arg;
}

static int64_t yield_among(long n, long others, void *(*fn)(void *arg))
{
    green_t **all = spawn_many(others, fn, NULL);
    int64_t begin, time;

    spin(10);
    begin = cpu_now();
    spin(n / (others + 1));
    time = cpu_now() - begin;
    over = true;
    join_many(all, others);
    over = false;
    return time;
}

static int64_t ask_yield(long n)
{
    return yield_among(n, 1, spinner);
}

static int64_t ask_yield_apart(long n)
{
    return yield_among(n, 1, other_spinner);
}

static int64_t ask_yield_1000(long n)
{
    return yield_among(n, 999, spinner);
}

static int64_t ask_yield_100k(long n)
{
    return yield_among(n, 99999, spinner);
}

/* ---- lives ---- */

static void *nothing(void *arg)
{
    return arg;
}

static int64_t ask_spawn(long n)
{
    int64_t begin = cpu_now();

    while (n-- > 0) {
        green_t *g = green_spawn(nothing, NULL);

        need(g && green_join(g, NULL, GREEN_FOREVER) == 0, "spawn, join");
        green_release(g);
    }
    return cpu_now() - begin;
}

static int64_t spawn_in_batches(long n, long batch)
{
    int64_t begin = cpu_now();

    for (; n > 0; n -= batch)
        join_many(spawn_many(batch, nothing, NULL), batch);
    return cpu_now() - begin;
}

static int64_t ask_spawn_100(long n)
{
    return spawn_in_batches(n, 100);
}

static int64_t ask_spawn_100k(long n)
{
    return spawn_in_batches(n, 100000);
}

static void *wait_for(void *event)
{
    need(green_event_wait(event, GREEN_FOREVER) == 0, "green_event_wait");
    return NULL;
}

/* Unlike above, 10,000 live and have a stack at the same time. */
static int64_t ask_park_10k(long n)
{
    int64_t begin = cpu_now();

    for (; n > 0; n -= 10000) {
        green_event_t event = GREEN_EVENT_INIT;
        green_t **all = spawn_many(10000, wait_for, &event);

        green_yield();
        green_event_set(&event);
        join_many(all, 10000);
    }
    return cpu_now() - begin;
}

/* ---- hand-overs: main gives, another greenlet takes ---- */

static green_queue_t queue;
static green_sem_t to, fro;
static int64_t patience;

static void *take_all(void *arg)
{
    long item;

    while (green_queue_get(&queue, &item, GREEN_FOREVER) == 0)
        continue;
    return arg;
}

static int64_t put_through(long n, size_t max)
{
    green_t **taker;
    int64_t begin, time;

    green_queue_init(&queue, sizeof n, max);
    taker = spawn_many(1, take_all, NULL);
    begin = cpu_now();
    for (long i = 0; i < n; i++)
        need(green_queue_put(&queue, &i, GREEN_FOREVER) == 0, "put");
    time = cpu_now() - begin;
    green_queue_close(&queue);
    join_many(taker, 1);
    green_queue_destroy(&queue);
    return time;
}

static int64_t ask_queue(long n)
{
    return put_through(n, 128);
}

static int64_t ask_channel(long n)
{
    return put_through(n, 0);
}

static void *answer(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        need(green_sem_wait(&to, patience) == 0, "green_sem_wait");
        green_sem_post(&fro);
    }
    return NULL;
}

static int64_t post_to_and_fro(long n, int64_t timeout)
{
    green_t **other = spawn_many(1, answer, &n);
    int64_t begin, time;

    n /= 2;
    patience = timeout;
    begin = cpu_now();
    for (long i = 0; i < n; i++) {
        green_sem_post(&to);
        need(green_sem_wait(&fro, patience) == 0, "green_sem_wait");
    }
    time = cpu_now() - begin;
    join_many(other, 1);
    return time;
}

static int64_t ask_sem(long n)
{
    return post_to_and_fro(n, GREEN_FOREVER);
}

static int64_t ask_sem_timed(long n)
{
    return post_to_and_fro(n, 10 * GREEN_SEC);
}

static green_mutex_t contended;

static void *lock_often(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        need(green_mutex_lock(&contended, GREEN_FOREVER) == 0, "lock");
        green_yield();
        green_mutex_unlock(&contended);
    }
    return NULL;
}

/* Four want it; the owner lets the others run once, who then wait for it. */
static int64_t ask_mutex_wait(long n)
{
    int64_t begin = cpu_now();

    n /= 4;
    join_many(spawn_many(4, lock_often, &n), 4);
    return cpu_now() - begin;
}

/* ---- without a wait ---- */

static int64_t ask_mutex(long n)
{
    green_mutex_t mutex = GREEN_MUTEX_INIT;
    int64_t begin = cpu_now();

    while (n-- > 0) {
        need(green_mutex_lock(&mutex, GREEN_FOREVER) == 0, "lock");
        green_mutex_unlock(&mutex);
    }
    return cpu_now() - begin;
}

static int64_t ask_clock(long n)
{
    int64_t begin = cpu_now(), latest = 0;

    while (n-- > 0)
        latest |= green_now();
    need(latest != 0, "green_now");
    return cpu_now() - begin;
}

static int64_t ask_timeout(long n)
{
    int64_t begin = cpu_now();

    while (n-- > 0) {
        green_scope_t t;

        green_timeout_begin(&t, GREEN_SEC);
        green_scope_end(&t);
    }
    return cpu_now() - begin;
}

/* ---- the hub ---- */

static int64_t ask_sleep(long n)
{
    int64_t begin = cpu_now();

    while (n-- > 0)
        green_sleep(1);
    return cpu_now() - begin;
}

static int ends[2];

static int64_t ask_syscalls(long n)
{
    char byte = 0;
    int64_t begin = cpu_now();

    while (n-- > 0)
        need(write(ends[0], &byte, 1) == 1 && read(ends[1], &byte, 1) == 1,
             "write, read");
    return cpu_now() - begin;
}

static void *echo(void *arg)
{
    const long *n = arg;
    char byte;

    for (long i = 0; i < *n; i++)
        need(green_read(ends[1], &byte, 1) == 1 &&
                 green_write(ends[1], &byte, 1) == 1,
             "green_read, green_write");
    return NULL;
}

static int64_t ask_socket(long n)
{
    green_t **other = spawn_many(1, echo, &n);
    char byte = 0;
    int64_t begin, time;

    n /= 2;
    begin = cpu_now();
    for (long i = 0; i < n; i++)
        need(green_write(ends[0], &byte, 1) == 1 &&
                 green_read(ends[0], &byte, 1) == 1,
             "green_write, green_read");
    time = cpu_now() - begin;
    join_many(other, 1);
    return time;
}

/* ---- the questions ---- */

static const struct question {
    const char *name;
    int64_t (*ask)(long n); /* do n operations: how long did that take? */
    long unit;              /* n is a multiple of this */
    const char *base;       /* the question to compare with, or NULL */
    const char *what;
} questions[] = {
    {"switch", ask_switch, 2, NULL, "bare switch"},
    {"yield", ask_yield, 2, "switch", "between 2, in one loop"},
    {"yield.apart", ask_yield_apart, 2, "switch", "between 2, in two loops"},
    {"yield.1000", ask_yield_1000, 1000, "yield", "among 1000"},
    {"yield.100k", ask_yield_100k, 100000, "yield", "among 100,000"},
    {"spawn", ask_spawn, 1, "switch", "and join, one by one"},
    {"spawn.100", ask_spawn_100, 100, "spawn", "100 at a time"},
    {"spawn.100k", ask_spawn_100k, 100000, "spawn.100", "100,000 at a time"},
    {"park.10k", ask_park_10k, 10000, "spawn.100", "10,000 wait at a time"},
    {"queue", ask_queue, 1, "switch", "an item, room for 128"},
    {"channel", ask_channel, 1, "switch", "an item, no room"},
    {"sem", ask_sem, 2, "switch", "post to a waiter"},
    {"sem.timed", ask_sem_timed, 2, "sem", "the same with a timeout"},
    {"mutex.wait", ask_mutex_wait, 4, "sem", "lock and unlock, 4 want it"},
    {"mutex", ask_mutex, 1, "switch", "lock and unlock, free"},
    {"clock", ask_clock, 1, NULL, "green_now"},
    {"timeout", ask_timeout, 1, "clock", "scope, begin and end"},
    {"sleep", ask_sleep, 1, NULL, "for 1 ns, alone"},
    {"syscalls", ask_syscalls, 1, NULL, "write and read a byte"},
    {"socket", ask_socket, 2, "syscalls", "a byte to a waiting reader"},
};

#define COUNT ((int)(sizeof questions / sizeof *questions))

static long counts[COUNT];          /* operations in a round; 0: not asked */
static double costs[COUNT][ROUNDS]; /* of one operation, in nanoseconds */

static int find(const char *name)
{
    for (int i = 0; i < COUNT; i++)
        if (name && strcmp(questions[i].name, name) == 0)
            return i;
    return -1;
}

/* How many operations fill a round. */
static void calibrate(int i)
{
    counts[i] = questions[i].unit;
    while (questions[i].ask(counts[i]) < ROUND_NS / 2)
        counts[i] *= 2;
}

static void report(int i)
{
    int base = find(questions[i].base);
    double sorted[ROUNDS];

    memcpy(sorted, costs[i], sizeof sorted);
    printf("%-12s %9.1f ns", questions[i].name, median(sorted));
    if (base >= 0)
        printf("  %7.2f x %-9s", median_ratio(costs[i], costs[base]),
               questions[base].name);
    else
        printf("%21s", "");
    printf("  %s\n", questions[i].what);
}

static void ask_all(void)
{
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < COUNT; i++)
            if (counts[i] > 0)
                costs[i][round] =
                    (double)questions[i].ask(counts[i]) / (double)counts[i];
}

/* A little first, so that stacks and memory are there. */
static int ask_once(const struct question *q, long n)
{
    n = (n + q->unit - 1) / q->unit * q->unit;
    q->ask(q->unit);
    printf("%s %.2f\n", q->name, (double)q->ask(n) / (double)n);
    return 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: bench [QUESTION [N]]\nquestions:");
    for (int i = 0; i < COUNT; i++)
        fprintf(stderr, " %s", questions[i].name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    int only = argc > 1 ? find(argv[1]) : -1;

    if (argc > 3 || (argc > 1 && only < 0) || (argc > 2 && atol(argv[2]) < 1))
        return usage();
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    if (argc == 3)
        return ask_once(&questions[only], atol(argv[2]));
    for (int i = 0; i < COUNT; i++)
        if (argc == 1 || i == only || i == find(questions[only].base))
            calibrate(i);
    ask_all();
    for (int i = 0; i < COUNT; i++)
        if (counts[i] > 0)
            report(i);
    return 0;
}
