/* SPDX-License-Identifier: MIT */
/* offload.c - layer 7: run a blocking function in a thread.
 *
 * A job has two users, the greenlet that asked for it and the thread that runs
 * it, and the greenlet may leave first.  So a job lives on the heap:
 *
 *     queued ---> running ---> answered ---> taken by its greenlet, freed
 *        |           |            |
 *        |           |            `- its greenlet has left: dropped
 *        |           `- its greenlet leaves: `left`, dropped by the answer
 *        `- its greenlet leaves: withdrawn, never run, dropped
 *
 * The answer is a message to the greenlet's hub.  `left` and `answered` are
 * touched in the hub's thread only, so they need no lock.
 *
 * Invariants:
 * 1. The hub's `outside` counts its jobs that are queued, running, or answered
 *    but not delivered.
 * 2. Of each job, either the result is taken or drop(arg) is called. */
#include "offload.h"

#include <errno.h>
#include <stdatomic.h>

#include "hub.h"
#include "mail.h"
#include "sys.h"
#include "wait.h"

struct job {
    struct message answer; /* first: the hub knows a job by it */
    struct task task;
    struct green_hub *hub;
    unsigned long asker; /* the hub's thread */
    void *(*fn)(void *arg);
    void *arg, *result;
    void (*drop)(void *arg);
    green_waiters_t waiters; /* the greenlet, as long as it waits */
    bool left;               /* the greenlet gave up */
    bool answered;           /* the answer came after the wait had failed,
                                    but before the greenlet knew */
};

/* A number for each thread that asks, never used twice.  When a thread ends its
 * hub is freed, and the next thread's may be made in the same place: an answer
 * must not be taken for one of that. */
static atomic_ulong askers;
static _Thread_local unsigned long this_asker;

static unsigned long asker_number(void)
{
    if (this_asker == 0)
        this_asker = atomic_fetch_add(&askers, 1) + 1;
    return this_asker;
}

static void drop_job(struct job *job)
{
    if (job->drop)
        job->drop(job->arg);
    green__sys.free(job);
}

/* In a thread, as the next. */
static void run_job(void *arg)
{
    struct job *job = arg;

    job->result = job->fn(job->arg);
}

static void answer_job(void *arg)
{
    struct job *job = arg;

    if (green__post(job->hub, &job->answer) != 0)
        drop_job(job); /* its hub is gone, and the greenlet with it */
}

/* Without a hub: the one that this was sent to is being closed. */
static void deliver_answer(struct green_hub *h, struct message *m)
{
    struct job *job = (struct job *)m;

    if (!h || job->asker != this_asker) {
        drop_job(job);
        return;
    }
    h->outside--;
    if (job->waiters.first)
        green__wake(job->waiters.first);
    else if (job->left)
        drop_job(job);
    else
        job->answered = true;
}

/* The wait has failed: see to what is still under way. */
static void leave_job(struct lane *lane, struct job *job)
{
    if (green__lane_withdraw(lane, &job->task)) {
        job->hub->outside--;
        drop_job(job);
    } else if (job->answered) {
        drop_job(job);
    } else {
        job->left = true;
    }
}

static int wait_for_job(struct lane *lane, struct job *job, void **result,
                        int64_t timeout)
{
    int error;

    job->hub->outside++;
    if (green__wait_in(&job->waiters, NULL, 0, timeout, WAIT_OFFLOAD,
                       (uintptr_t)job->fn) != 0) {
        error = errno;
        leave_job(lane, job);
        errno = error;
        return -1;
    }
    *result = job->result;
    green__sys.free(job);
    return 0;
}

/* NULL with errno. */
static struct job *make_job(struct green_hub *h)
{
    struct job *job;

    if (green__hub_share(h) != 0)
        return NULL;
    job = green__zalloc(sizeof *job);
    if (!job)
        return NULL;
    job->answer.deliver = deliver_answer;
    job->task.run = run_job;
    job->task.done = answer_job;
    job->task.arg = job;
    job->hub = h;
    job->asker = asker_number();
    return job;
}

static int give_up(void (*drop)(void *arg), void *arg, int error)
{
    if (drop)
        drop(arg);
    errno = error;
    return -1;
}

int green__offload(struct lane *lane, void *(*fn)(void *arg), void *arg,
                   void (*drop)(void *arg), void **result, int64_t timeout)
{
    struct green_hub *h = green__hub();
    struct job *job;
    int error;

    if (green__refused(h, timeout))
        return give_up(drop, arg, errno);
    if (timeout <= 0)
        return give_up(drop, arg, ETIMEDOUT);
    job = make_job(h);
    if (!job)
        return give_up(drop, arg, errno);
    job->fn = fn;
    job->arg = arg;
    job->drop = drop;
    error = green__lane_submit(lane, &job->task);
    if (error != 0) {
        green__sys.free(job);
        return give_up(drop, arg, error);
    }
    return wait_for_job(lane, job, result, timeout);
}

int green_offload(void *(*fn)(void *arg), void *arg, void **result,
                  int64_t timeout)
{
    void *value;

    if (!fn) {
        errno = EINVAL;
        return -1;
    }
    if (green__offload(&green__user_lane, fn, arg, NULL, &value, timeout) != 0)
        return -1;
    if (result)
        *result = value;
    return 0;
}
