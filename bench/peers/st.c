/* SPDX-License-Identifier: MIT */
/* st QUESTION N - what the questions of bench.c cost with State Threads, whose
 * semaphore is a condition and a count, a channel a slot and two of them.  Its yield
 * is a sleep of no time. */
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
    question_end = cpu_now();
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

static void ask_yield_100k(long n)
{
    yield_among(n, 99999);
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

/* The same with a timeout, which is not over. */
static void sem_wait_timed(struct sem *s)
{
    while (s->value == 0)
        st_cond_timedwait(s->cond, 10000000);
    s->value--;
}

static void *reply_timed(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        sem_wait_timed(&to);
        sem_post(&fro);
    }
    return NULL;
}

static void ask_sem_timed(long n)
{
    st_thread_t other;

    n /= 2;
    other = st_thread_create(reply_timed, &n, 1, 65536);
    for (long i = 0; i < n; i++) {
        sem_post(&to);
        sem_wait_timed(&fro);
    }
    st_thread_join(other, NULL);
}

/* ---- an item: a ring buffer, in which a channel has room for one ---- */

static long items[128], sum, taking;

static void *take_all(void *arg)
{
    const long *n = arg;

    for (long i = 0; i < *n; i++) {
        sem_wait(&to);
        sum += items[taking++ & 127];
        sem_post(&fro);
    }
    return NULL;
}

static void put_through(long n, long room)
{
    st_thread_t other = st_thread_create(take_all, &n, 1, 65536);
    long at = 0;

    fro.value = room;
    for (long i = 0; i < n; i++) {
        sem_wait(&fro);
        items[at++ & 127] = i;
        sem_post(&to);
    }
    st_thread_join(other, NULL);
}

static void ask_channel(long n)
{
    put_through(n, 1);
}

static void ask_queue(long n)
{
    put_through(n, 128);
}

/* ---- many ---- */

static st_cond_t all_wait;

static void *wait_for_it(void *arg)
{
    st_cond_wait(all_wait);
    return arg;
}

/* The lives of n that wait at once. */
static void ask_park(long n)
{
    st_thread_t *all = calloc((size_t)n, sizeof *all);

    all_wait = st_cond_new();
    for (long i = 0; i < n; i++)
        all[i] = st_thread_create(wait_for_it, NULL, 1, 65536);
    st_sleep(0);
    st_cond_broadcast(all_wait);
    for (long i = 0; i < n; i++)
        st_thread_join(all[i], NULL);
    free(all);
}

static void ask_event(long n)
{
    double sum = 0, begin;

    all_wait = st_cond_new();
    for (long left = n + 10000; left > 0; left -= 10000) {
        st_thread_t *all = calloc(10000, sizeof *all);

        for (long i = 0; i < 10000; i++)
            all[i] = st_thread_create(wait_for_it, NULL, 1, 65536);
        st_sleep(0);
        begin = cpu_now();
        st_cond_broadcast(all_wait);
        st_sleep(0);
        sum += left > n ? 0 : cpu_now() - begin;
        for (long i = 0; i < 10000; i++)
            st_thread_join(all[i], NULL);
        free(all);
    }
    question_begin = 0;
    question_end = sum;
}

static void *sleep_somewhat(void *arg)
{
    st_usleep((1 + next_random() % 50) * 1000);
    return arg;
}

static void ask_sleeps(long n)
{
    st_thread_t *all = calloc((size_t)n, sizeof *all);

    for (long i = 0; i < n; i++)
        all[i] = st_thread_create(sleep_somewhat, NULL, 1, 65536);
    for (long i = 0; i < n; i++)
        st_thread_join(all[i], NULL);
}

static void ask_cancel(long n)
{
    all_wait = st_cond_new();
    while (n-- > 0) {
        st_thread_t other = st_thread_create(wait_for_it, NULL, 1, 65536);

        st_sleep(0);
        st_thread_interrupt(other);
        st_thread_join(other, NULL);
    }
}

static void ask_local(long n)
{
    int key;

    st_key_create(&key, NULL);
    st_thread_setspecific(key, &key);
    while (n-- > 0)
        if (st_thread_getspecific(key) != &key)
            abort();
}

/* ---- locks ---- */

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
    {"yield", NULL, ask_yield},
    {"yield.1000", NULL, ask_yield_1000},
    {"yield.100k", NULL, ask_yield_100k},
    {"spawn", NULL, ask_spawn},
    {"park", NULL, ask_park},
    {"park.warm", ask_park, ask_park},
    {"queue", prepare_sem, ask_queue},
    {"channel", prepare_sem, ask_channel},
    {"sem", prepare_sem, ask_sem},
    {"sem.timed", prepare_sem, ask_sem_timed},
    {"event.10k", NULL, ask_event},
    {"cancel", NULL, ask_cancel},
    {"local", NULL, ask_local},
    {"mutex", NULL, ask_mutex},
    {"mutex.wait", NULL, ask_mutex_wait},
    {"sleeps", NULL, ask_sleeps},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    st_init();
    return answer_question(argc, argv, questions);
}
