/* SPDX-License-Identifier: MIT */
/* threads.c - what pthreads cost: run it plainly, and by green-run; see docs/green-run.md.
 *
 * Of several measurements the best counts. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    TIMES = 7,
    CALLS = 20000,
    TURNS = 4000,
    THREADS = 500,
    LOCKS = 50000,
    LOCKERS = 8
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long turn, counter;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start(pthread_t *t, void *(*fn)(void *), void *argument)
{
    if (pthread_create(t, NULL, fn, argument) != 0)
        abort();
}

static void calls(void)
{
    for (int i = 0; i < CALLS; i++)
        syscall(SYS_getppid);
}

static void *take_turns(void *id)
{
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != (long)id)
            pthread_cond_wait(&changed, &mutex);
        turn = !turn;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void ping_pong(void)
{
    pthread_t t[2];

    for (long i = 0; i < 2; i++)
        start(&t[i], take_turns, (void *)i);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
}

static void *nothing(void *argument)
{
    return argument;
}

static void create(void)
{
    pthread_t t;

    for (int i = 0; i < THREADS; i++) {
        start(&t, nothing, NULL);
        pthread_join(t, NULL);
    }
}

static void *lock(void *unused)
{
    for (int i = 0; i < LOCKS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static void contend(void)
{
    pthread_t t[LOCKERS];

    for (int i = 0; i < LOCKERS; i++)
        start(&t[i], lock, NULL);
    for (int i = 0; i < LOCKERS; i++)
        pthread_join(t[i], NULL);
}

static void measure(const char *what, void (*fn)(void), double operations)
{
    double best = 1e9;

    for (int i = 0; i < TIMES; i++) {
        double begun = now(), took;

        fn();
        took = now() - begun;
        if (took < best)
            best = took;
    }
    printf("%-28s %10.3f us\n", what, best / operations * 1e6);
}

int main(void)
{
    measure("a system call", calls, CALLS);
    measure("condition variable, a turn", ping_pong, TURNS * 2);
    measure("create and join", create, THREADS);
    measure("mutex, 8 threads", contend, (double)LOCKS * LOCKERS);
    return 0;
}
