/* SPDX-License-Identifier: MIT */
/* offload.c - layer 7: run a blocking function in a thread.
 *
 * A job is what the greenlet that asked for it and the thread that runs it have
 * in common; what becomes of it when the greenlet leaves first is in answer.c,
 * but for this:
 *
 *     queued ---> running ---> answered
 *        `- its greenlet leaves: withdrawn, never run, dropped
 *
 * Invariant: of each job, either the result is taken or drop(arg) is called. */
#include "offload.h"

#include <errno.h>

#include "answer.h"
#include "sys.h"
#include "wait.h"

struct job {
    struct answer answer; /* the first field: found from it */
    struct task task;
    void *(*fn)(void *arg);
    void *arg, *result;
    void (*drop)(void *arg);
};

static void drop_job(struct answer *a)
{
    struct job *job = (struct job *)a;

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
    green__answer_send(&((struct job *)arg)->answer);
}

/* The wait has failed: see to what is still under way. */
static void leave_job(struct lane *lane, struct job *job)
{
    if (green__lane_withdraw(lane, &job->task))
        green__answer_withdraw(&job->answer);
    else
        green__answer_leave(&job->answer);
}

static int wait_for_job(struct lane *lane, struct job *job, void **result,
                        int64_t timeout)
{
    int error;

    if (green__answer_await(&job->answer, timeout, WAIT_OFFLOAD,
                            (uintptr_t)job->fn) < 0) {
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
    struct job *job = green__zalloc(sizeof *job);

    if (!job)
        return NULL;
    if (green__answer_expect(&job->answer, h, drop_job) < 0) {
        green__sys.free(job);
        return NULL;
    }
    job->task.run = run_job;
    job->task.done = answer_job;
    job->task.arg = job;
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
        green__answer_withdraw(&job->answer);
        errno = error;
        return -1;
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
