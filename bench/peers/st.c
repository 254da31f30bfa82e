/* SPDX-License-Identifier: MIT */
/* st QUESTION N - what the questions of bench.c cost with State Threads, whose
 * semaphore is a condition and a count.  Its yield is a sleep of no time. */
#define _POSIX_C_SOURCE 200809L
#include <st.h>
#include "peer.h"

static int over;

static void *spin(void *arg)
{
    while (!over)
        st_sleep(0);
    return arg;
}

static void yield_among(long n, long others)
{
    st_thread_t *all = calloc((size_t)others, sizeof *all);

    for (long i = 0; i < others; i++)
        all[i] = st_thread_create(spin, NULL, 1, 65536);
    st_sleep(0);
    question_begin = cpu_now(); /* all have begun */
    for (long i = 0; i < n / (others + 1); i++)
        st_sleep(0);
    over = 1;
    for (long i = 0; i < others; i++)
        st_thread_join(all[i], NULL);
}

static void ask_yield(long n)
{
    yield_among(n, 1);
}

static void ask_yield_1000(long n)
{
    yield_among(n, 999);
}

static void *nothing(void *arg)
{
    return arg;
}

static void ask_spawn(long n)
{
    while (n-- > 0)
        st_thread_join(st_thread_create(nothing, NULL, 1, 65536), NULL);
}

struct sem {
    st_cond_t cond;
    long value;
};

static struct sem to, fro;

static void prepare_sem(long n)
{
    (void)n;
    to.cond = st_cond_new();
    fro.cond = st_cond_new();
}

static void sem_wait(struct sem *s)
{
    while (s->value == 0)
        st_cond_wait(s->cond);
    s->value--;
}

static void sem_post(struct sem *s)
{
    s->value++;
    st_cond_signal(s->cond);
}

static void *reply(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        sem_wait(&to);
        sem_post(&fro);
    }
    return NULL;
}

static void ask_sem(long n)
{
    st_thread_t other;

    n /= 2;
    other = st_thread_create(reply, &n, 1, 65536);
    for (long i = 0; i < n; i++) {
        sem_post(&to);
        sem_wait(&fro);
    }
    st_thread_join(other, NULL);
}

static void ask_mutex(long n)
{
    st_mutex_t m = st_mutex_new();

    while (n-- > 0) {
        st_mutex_lock(m);
        st_mutex_unlock(m);
    }
}

static st_mutex_t contended;

static void *lock_often(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        st_mutex_lock(contended);
        st_sleep(0);
        st_mutex_unlock(contended);
    }
    return NULL;
}

static void ask_mutex_wait(long n)
{
    st_thread_t all[4];

    contended = st_mutex_new();
    n /= 4;
    for (int i = 0; i < 4; i++)
        all[i] = st_thread_create(lock_often, &n, 1, 65536);
    for (int i = 0; i < 4; i++)
        st_thread_join(all[i], NULL);
}

static const struct question questions[] = {
    {"yield", NULL, ask_yield}, {"yield.1000", NULL, ask_yield_1000},
    {"spawn", NULL, ask_spawn}, {"sem", prepare_sem, ask_sem},
    {"mutex", NULL, ask_mutex}, {"mutex.wait", NULL, ask_mutex_wait},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    st_init();
    return answer_question(argc, argv, questions);
}
