/* SPDX-License-Identifier: MIT */
/* instructions - one operation per function, for instructions.py to count.
 *
 * Each operation is done n times and then 2n times; Callgrind is asked to write
 * down what either took.  The difference, divided by n, is one operation, to the
 * instruction: the clock is one of ours, which goes on by a fixed step with each
 * look, so nothing here depends on the speed of the machine. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <green.h>
#include "../src/switch.h"
#include "../src/sys.h"
#include "measure.h"

#define N 3200L /* whole turns of the hub, whole batches, whole buffers */
#define TIMERS 1000
#define CLOCK_STEP 200 /* nanoseconds from one look at the clock to the next */

static int64_t steady_clock(void)
{
    static int64_t now = GREEN_SEC;

    return now += CLOCK_STEP;
}

/* ---- switches ---- */

static void *here, *there;
static _Alignas(16) char stack[65536];

static void *bounce_back(void)
{
    for (;;)
        green__switch(&there, here);
    return NULL;
}

static void do_switch(long n)
{
    green__start(&here, stack + sizeof stack, bounce_back, green__control());
    for (long i = 0; i < n / 2; i++)
        green__switch(&here, there);
}

static bool over;

static void *yielder(void *arg)
{
    while (!over)
        green_yield();
    return arg;
}

static void yield_among(long n, long others)
{
    green_t **all = spawn_many(others, yielder, NULL);

    over = false;
    for (long i = 0; i < n / (others + 1); i++)
        green_yield();
    over = true;
    join_many(all, others);
}

static void do_yield(long n)
{
    yield_among(n, 1);
}

static void do_yield_64(long n)
{
    yield_among(n, 63);
}

static void do_checkpoint(long n)
{
    while (n-- > 0)
        green_checkpoint();
}

/* ---- lives ---- */

static void *nothing(void *arg)
{
    return arg;
}

static void do_spawn(long n)
{
    while (n-- > 0) {
        green_t *g = green_spawn(nothing, NULL);

        green_join(g, NULL, GREEN_FOREVER);
        green_release(g);
    }
}

static void do_spawn_64(long n)
{
    for (; n > 0; n -= 64)
        join_many(spawn_many(64, nothing, NULL), 64);
}

static void do_go(long n)
{
    while (n-- > 0) {
        green_go(nothing, NULL);
        green_yield();
    }
}

/* ---- hand-overs ---- */

static green_queue_t queue;

static void *take_all(void *arg)
{
    long item;

    while (green_queue_get(&queue, &item, GREEN_FOREVER) == 0)
        continue;
    return arg;
}

static void put_through(long n, size_t max)
{
    green_t **taker;

    green_queue_init(&queue, sizeof n, max);
    taker = spawn_many(1, take_all, NULL);
    for (long i = 0; i < n; i++)
        green_queue_put(&queue, &i, GREEN_FOREVER);
    green_queue_close(&queue);
    join_many(taker, 1);
    green_queue_destroy(&queue);
}

static void do_queue(long n)
{
    put_through(n, 128);
}

static void do_channel(long n)
{
    put_through(n, 0);
}

static green_sem_t to, fro;
static int64_t patience;

static void *answer(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        green_sem_wait(&to, patience);
        green_sem_post(&fro);
    }
    return NULL;
}

static void post_to_and_fro(long n, int64_t timeout)
{
    green_t **other = spawn_many(1, answer, &n);

    n /= 2;
    patience = timeout;
    for (long i = 0; i < n; i++) {
        green_sem_post(&to);
        green_sem_wait(&fro, patience);
    }
    join_many(other, 1);
}

static void do_sem(long n)
{
    post_to_and_fro(n, GREEN_FOREVER);
}

static void do_sem_timed(long n)
{
    post_to_and_fro(n, 3600 * GREEN_SEC);
}

static void do_sem_free(long n)
{
    green_sem_t s = GREEN_SEM_INIT(1);

    while (n-- > 0) {
        green_sem_wait(&s, GREEN_FOREVER);
        green_sem_post(&s);
    }
}

static green_mutex_t mutex;

static void do_mutex_free(long n)
{
    while (n-- > 0) {
        green_mutex_lock(&mutex, GREEN_FOREVER);
        green_mutex_unlock(&mutex);
    }
}

static void *lock_often(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        green_mutex_lock(&mutex, GREEN_FOREVER);
        green_yield();
        green_mutex_unlock(&mutex);
    }
    return NULL;
}

/* Four want it, and whoever has it lets the others run once. */
static void do_mutex(long n)
{
    n /= 4;
    join_many(spawn_many(4, lock_often, &n), 4);
}

static green_event_t event;

static void *await_event(void *arg)
{
    green_event_wait(&event, GREEN_FOREVER);
    return arg;
}

/* The life of one that waits for an event, among 64. */
static void do_event(long n)
{
    for (; n > 0; n -= 64) {
        green_t **all = spawn_many(64, await_event, NULL);

        green_yield();
        green_event_set(&event);
        green_event_clear(&event);
        join_many(all, 64);
    }
}

static void *select_all(void *arg)
{
    green_queue_t *all = arg;
    long item;
    green_case_t cases[8];

    for (int i = 0; i < 8; i++)
        cases[i] = GREEN_ON_GET(&all[i], &item);
    do
        green_select(cases, 8, GREEN_FOREVER);
    while (item >= 0);
    return NULL;
}

/* An item to one that waits in eight queues. */
static void do_select(long n)
{
    green_queue_t all[8];
    green_t **other;

    for (int i = 0; i < 8; i++)
        green_queue_init(&all[i], sizeof(long), 0);
    other = spawn_many(1, select_all, all);
    for (long i = n - 1; i >= -1; i--)
        green_queue_put(&all[i & 7], &i, GREEN_FOREVER);
    join_many(other, 1);
    for (int i = 0; i < 8; i++)
        green_queue_destroy(&all[i]);
}

/* ---- time ---- */

static void do_scope(long n)
{
    while (n-- > 0) {
        green_scope_t t;

        green_timeout_begin(&t, GREEN_SEC);
        green_scope_end(&t);
    }
}

static void *sleeper(void *arg)
{
    const long *i = arg;

    green_sleep((3600 + *i * 7919 % TIMERS) * GREEN_SEC);
    return NULL;
}

/* Waits with a timeout, which end before it, while many sleep. */
static void do_sem_timed_among(long n)
{
    static long order[TIMERS];
    green_t *all[TIMERS];

    for (long i = 0; i < TIMERS; i++) {
        order[i] = i;
        need((all[i] = green_spawn(sleeper, &order[i])) != NULL, "spawn");
    }
    green_yield();
    post_to_and_fro(n, 1800 * GREEN_SEC);
    green_killall(all, TIMERS, GREEN_FOREVER);
    green_releaseall(all, TIMERS);
}

static void do_sleep_0(long n)
{
    while (n-- > 0)
        green_sleep(0);
}

/* ---- one's own ---- */

static void do_local(long n)
{
    static green_local_t local = GREEN_LOCAL_INIT(NULL);

    green_local_set(&local, &local);
    while (n-- > 0)
        need(green_local_get(&local) == &local, "green_local_get");
}

static void do_self(long n)
{
    while (n-- > 0)
        need(green_self() != NULL, "green_self");
}

/* A blocking call of one that was killed. */
static void *refused(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++)
        green_sem_wait(&to, GREEN_FOREVER);
    return NULL;
}

static void do_refused(long n)
{
    green_t *g = green_spawn(refused, &n);

    green_kill(g);
    green_join(g, NULL, GREEN_FOREVER);
    green_release(g);
}

/* ---- descriptors; last, since from here on turns look at the poller ---- */

static int ends[2];

/* A byte that is there already. */
static void do_read_ready(long n)
{
    char byte = 0;

    while (n-- > 0) {
        green_write(ends[0], &byte, 1);
        green_read(ends[1], &byte, 1);
    }
}

static void *echo(void *arg)
{
    const long *n = arg;
    char byte;

    for (long i = 0; i < *n; i++) {
        green_read(ends[1], &byte, 1);
        green_write(ends[1], &byte, 1);
    }
    return NULL;
}

/* A byte to one that waits for it: half of there and back. */
static void do_read_wait(long n)
{
    green_t **other;
    char byte = 0;

    n /= 2;
    other = spawn_many(1, echo, &n);
    for (long i = 0; i < n; i++) {
        green_write(ends[0], &byte, 1);
        green_read(ends[0], &byte, 1);
    }
    join_many(other, 1);
}

static const struct operation {
    const char *name;
    void (*run)(long n);
} operations[] = {
    {"switch", do_switch},
    {"yield", do_yield},
    {"yield.64", do_yield_64},
    {"checkpoint", do_checkpoint},
    {"spawn", do_spawn},
    {"spawn.64", do_spawn_64},
    {"go", do_go},
    {"queue", do_queue},
    {"channel", do_channel},
    {"sem", do_sem},
    {"sem.timed", do_sem_timed},
    {"sem.free", do_sem_free},
    {"mutex", do_mutex},
    {"mutex.free", do_mutex_free},
    {"event", do_event},
    {"select", do_select},
    {"scope", do_scope},
    {"sem.timed.among", do_sem_timed_among},
    {"sleep.0", do_sleep_0},
    {"local", do_local},
    {"self", do_self},
    {"refused", do_refused},
    {"read.ready", do_read_ready},
    {"read.wait", do_read_wait},
};

/* Valgrind's requests: Callgrind's have numbers of their own. */
#define CALLGRIND ((uintptr_t)('C' << 24 | 'T' << 16))
#define ZERO_STATS (CALLGRIND + 1)
#define DUMP_STATS_AT (CALLGRIND + 3)

static void count(const struct operation *o, long n)
{
    const uintptr_t zero[6] = {ZERO_STATS};
    char text[64];
    const uintptr_t dump[6] = {DUMP_STATS_AT, (uintptr_t)text};

    snprintf(text, sizeof text, "%s %ld", o->name, n);
    green__valgrind(zero);
    o->run(n);
    green__valgrind(dump);
}

int main(int argc, char **argv)
{
    green__sys.now = steady_clock;
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const struct operation *o = &operations[i];

        if (argc > 1 && strcmp(argv[1], o->name) != 0)
            continue;
        o->run(2 * N); /* memory is there, stacks are warm */
        count(o, N);
        count(o, 2 * N);
    }
    printf("done\n");
    return 0;
}
