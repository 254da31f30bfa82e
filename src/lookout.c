/* SPDX-License-Identifier: MIT */
/* lookout.c - layer 4: threads that look at hubs from outside.
 *
 * A lookout has one duty, and runs only while that is wanted.  Its thread waits
 * on a pipe, for the next period or for being rung.
 *
 * While one of them looks it has `looking`, so that a fork, which takes it too,
 * never leaves the child with a lock that a lookout had.  Who forks may hold
 * other locks already, so a lookout that looks must not wait for one.  The child
 * has no lookouts. */
#include "lookout.h"
#include <errno.h>
#include <signal.h>
#include "fiber.h"
#include "sys.h"

#include "green.h"

static pthread_mutex_t lookouts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct lookout *lookouts; /* that run; under lookouts_lock */
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

/* ---- in the thread ---- */

static void hear_signal(int signo)
{
    sigset_t set;

    if (signo == 0)
        return;
    green__fiber_open();
    sigemptyset(&set);
    sigaddset(&set, signo);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* Was it rung? */
static bool empty_ear(const struct lookout *l)
{
    char bytes[64];
    bool rung = false;

    while (green__sys.read(l->ear, bytes, sizeof bytes) > 0)
        rung = true;
    return rung;
}

static void *lookout_main(void *arg)
{
    struct lookout *l = arg;
    struct pollfd ear = {.fd = l->ear, .events = POLLIN};
    int period, n;

    hear_signal(l->signo);
    while (!atomic_load(&l->dismissed)) {
        period = atomic_load(&l->period);
        n = green__sys.poll(&ear, 1, period < 0 ? -1 : period * GREEN_MS);
        if (n < 0 || atomic_load(&l->dismissed))
            continue;
        pthread_mutex_lock(&looking);
        l->look(empty_ear(l));
        pthread_mutex_unlock(&looking);
    }
    return NULL;
}

/* ---- start and stop; under the lock ---- */

static void close_pipe(struct lookout *l)
{
    green__sys.close(l->ear);
    green__sys.close(atomic_exchange(&l->bell, -1));
    l->ear = -1;
}

/* With every signal blocked: the program's handlers run in threads that it
 * knows of. */
static int start_thread(struct lookout *l)
{
    sigset_t all, old;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = green__sys.thread_start(&l->thread, lookout_main, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

static void stop_thread(struct lookout *l)
{
    struct lookout **at = &lookouts;

    if (!l->runs)
        return;
    atomic_store(&l->dismissed, true);
    green__lookout_ring(l);
    green__sys.thread_join(l->thread);
    close_pipe(l);
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    l->runs = false;
}

/* ---- the ends of a process ---- */

static void stop_at_exit(void)
{
    pthread_mutex_lock(&lookouts_lock);
    while (lookouts)
        stop_thread(lookouts);
    pthread_mutex_unlock(&lookouts_lock);
}

static void hold_lookouts(void)
{
    pthread_mutex_lock(&lookouts_lock);
    pthread_mutex_lock(&looking);
}

static void go_on_looking(void)
{
    pthread_mutex_unlock(&looking);
    pthread_mutex_unlock(&lookouts_lock);
}

static void forget_lookouts(void)
{
    for (; lookouts; lookouts = lookouts->next) {
        close_pipe(lookouts);
        lookouts->runs = false;
    }
    go_on_looking();
}

/* 0 or an error number. */
static int prepare_ends(void)
{
    static bool prepared;
    int error = 0;

    if (prepared)
        return 0;
    error = pthread_atfork(hold_lookouts, go_on_looking, forget_lookouts);
    if (error == 0 && green__sys.at_exit(stop_at_exit) != 0)
        error = ENOMEM;
    prepared = error == 0;
    return error;
}

/* ---- for those who have a duty for it ---- */

/* 0 or an error number. */
static int start_lookout(struct lookout *l)
{
    int error = prepare_ends(), ends[2];

    if (error)
        return error;
    if (green__sys.pipe(ends) != 0)
        return errno;
    l->ear = ends[0];
    atomic_store(&l->bell, ends[1]);
    atomic_store(&l->dismissed, false);
    error = start_thread(l);
    if (error) {
        close_pipe(l);
        return error;
    }
    l->next = lookouts;
    lookouts = l;
    l->runs = true;
    return 0;
}

int green__lookout_start(struct lookout *l)
{
    int error = 0;

    pthread_mutex_lock(&lookouts_lock);
    if (!l->runs)
        error = start_lookout(l);
    pthread_mutex_unlock(&lookouts_lock);
    errno = error;
    return error ? -1 : 0;
}

void green__lookout_stop(struct lookout *l)
{
    pthread_mutex_lock(&lookouts_lock);
    stop_thread(l);
    pthread_mutex_unlock(&lookouts_lock);
}

void green__lookout_ring(struct lookout *l)
{
    int bell = atomic_load(&l->bell);

    if (bell >= 0)
        green__ring(bell);
}
