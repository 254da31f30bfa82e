/* SPDX-License-Identifier: MIT */
/* lane.c - layer 7: threads that work off a queue of tasks.
 *
 * A thread is started when there are more tasks than idle threads, up to a limit,
 * and never before the first task.  It stays, since the next task will come.
 *
 *     starts ---> idle <---> busy        at exit, unless busy: dismissed
 *
 * Between the two, and at its start, a worker is neither.  Busy is one that runs
 * what the user gave it, and may do so for ever.
 *
 * Invariants, under lanes_lock:
 * 1. A task is in its lane's queue exactly while place.queue is not NULL;
 *    lane->queued counts them.
 * 2. lane->idle counts the workers of the lane whose `idle` is true.
 * 3. A worker is in its lane's list, and counted in lane->threads, until it is
 *    dismissed. */
#include "lane.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "sys.h"

#define LANE_THREADS 16

struct worker {
    struct worker *next;
    struct lane *lane;
    pthread_t thread;
    bool idle;      /* waits for a task */
    bool busy;      /* runs one */
    bool dismissed; /* ends, and is joined by who dismissed it */
};

struct lane {
    pthread_cond_t more;   /* tasks, or a dismissal */
    green_waiters_t tasks; /* not yet begun, oldest first */
    struct worker *workers;
    unsigned queued, idle, threads;
};

struct lane green__user_lane = {.more = PTHREAD_COND_INITIALIZER};
struct lane green__lookup_lane = {.more = PTHREAD_COND_INITIALIZER};
struct lane green__file_lane = {.more = PTHREAD_COND_INITIALIZER};

static struct lane *const lanes[] = {&green__user_lane, &green__lookup_lane,
                                     &green__file_lane};
enum { LANES = sizeof lanes / sizeof *lanes };

/* Guards the lanes and their workers.  Held briefly. */
static pthread_mutex_t lanes_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- in the threads ---- */

static void worker_wait(struct worker *w)
{
    w->idle = true;
    w->lane->idle++;
    pthread_cond_wait(&w->lane->more, &lanes_lock);
    if (w->idle) {
        w->idle = false;
        w->lane->idle--;
    }
}

static void unqueue_task(struct lane *lane, struct task *task)
{
    list_remove(&task->place);
    lane->queued--;
}

/* The next task, or NULL at the end. */
static struct task *worker_next(struct worker *w)
{
    struct task *task;

    while (!w->dismissed && !w->lane->tasks.first)
        worker_wait(w);
    if (w->dismissed)
        return NULL;
    task = w->lane->tasks.first->item;
    unqueue_task(w->lane, task);
    return task;
}

/* Called and left with the lock. */
static void worker_run(struct worker *w, struct task *task)
{
    w->busy = true;
    pthread_mutex_unlock(&lanes_lock);
    task->run(task->arg);
    pthread_mutex_lock(&lanes_lock);
    w->busy = false;
    pthread_mutex_unlock(&lanes_lock);
    task->done(task->arg);
    pthread_mutex_lock(&lanes_lock);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct task *task;

    pthread_mutex_lock(&lanes_lock);
    while ((task = worker_next(w)) != NULL)
        worker_run(w, task);
    pthread_mutex_unlock(&lanes_lock);
    return NULL;
}

/* ---- the ends of a process: exit and fork ---- */

static void dismiss(struct worker *w)
{
    if (w->idle)
        w->lane->idle--;
    w->idle = false;
    w->dismissed = true;
    w->lane->threads--;
}

/* Take the workers that will not be long out of a lane. */
static struct worker *dismiss_free(struct lane *lane)
{
    struct worker **at = &lane->workers, *dismissed = NULL, *w;

    while ((w = *at) != NULL) {
        if (w->busy) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = dismissed;
        dismissed = w;
        dismiss(w);
    }
    pthread_cond_broadcast(&lane->more);
    return dismissed;
}

static void join_workers(struct worker *w)
{
    struct worker *next;

    for (; w; w = next) {
        next = w->next;
        green__sys.thread_join(w->thread);
        green__sys.free(w);
    }
}

/* At exit.  Threads end here, so that tools which look for leaks find none; but
 * not the busy ones, that exit cannot wait for. */
static void end_lanes(void)
{
    struct worker *dismissed[LANES];
    int i;

    pthread_mutex_lock(&lanes_lock);
    for (i = 0; i < LANES; i++)
        dismissed[i] = dismiss_free(lanes[i]);
    pthread_mutex_unlock(&lanes_lock);
    for (i = 0; i < LANES; i++)
        join_workers(dismissed[i]);
}

static void hold_lanes(void)
{
    pthread_mutex_lock(&lanes_lock);
}

static void go_on_with_lanes(void)
{
    pthread_mutex_unlock(&lanes_lock);
}

/* In the child of a fork: none of the threads exists, and what they did, or were
 * to do, is the parent's. */
static void forget_lane(struct lane *lane)
{
    static const pthread_cond_t fresh = PTHREAD_COND_INITIALIZER;
    struct worker *next;

    while (lane->tasks.first)
        list_remove(lane->tasks.first);
    for (; lane->workers; lane->workers = next) {
        next = lane->workers->next;
        green__sys.free(lane->workers);
    }
    *lane = (struct lane){.more = fresh};
}

static void forget_lanes(void)
{
    static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    int i;

    lanes_lock = fresh;
    for (i = 0; i < LANES; i++)
        forget_lane(lanes[i]);
}

/* Before the first thread.  0 or an error number. */
static int watch_exit_and_fork(void)
{
    static bool watched;
    int error;

    if (watched)
        return 0;
    error = pthread_atfork(hold_lanes, go_on_with_lanes, forget_lanes);
    if (error == 0 && green__sys.at_exit(end_lanes) != 0)
        error = ENOMEM;
    watched = error == 0;
    return error;
}

/* ---- what users of a lane do ---- */

/* With every signal blocked: the program's handlers run in threads that it
 * knows of. */
static int start_worker(struct worker *w)
{
    sigset_t all, old;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = green__sys.thread_start(&w->thread, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

/* 0 or an error number. */
static int add_worker(struct lane *lane)
{
    struct worker *w;
    int error = watch_exit_and_fork();

    if (error != 0)
        return error;
    w = green__zalloc(sizeof *w);
    if (!w)
        return ENOMEM;
    w->lane = lane;
    error = start_worker(w);
    if (error != 0) {
        green__sys.free(w);
        return error;
    }
    w->next = lane->workers;
    lane->workers = w;
    lane->threads++;
    return 0;
}

/* See that somebody will run the tasks.  One thread is enough for that, so a
 * further one that cannot be had is no error. */
static int staff_lane(struct lane *lane)
{
    int error = 0;

    if (lane->queued > lane->idle && lane->threads < LANE_THREADS)
        error = add_worker(lane);
    pthread_cond_signal(&lane->more);
    return lane->threads > 0 ? 0 : error;
}

int green__lane_submit(struct lane *lane, struct task *task)
{
    int error;

    task->place.item = task;
    pthread_mutex_lock(&lanes_lock);
    list_append(&lane->tasks, &task->place);
    lane->queued++;
    error = staff_lane(lane);
    if (error != 0)
        unqueue_task(lane, task);
    pthread_mutex_unlock(&lanes_lock);
    return error;
}

bool green__lane_withdraw(struct lane *lane, struct task *task)
{
    bool queued;

    pthread_mutex_lock(&lanes_lock);
    queued = task->place.queue != NULL;
    if (queued)
        unqueue_task(lane, task);
    pthread_mutex_unlock(&lanes_lock);
    return queued;
}
