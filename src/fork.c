/* SPDX-License-Identifier: MIT */
/* fork.c - layer 7: two processes, and only the caller in the new one.
 *
 * The child has copies of all greenlets, but what they were doing is the
 * parent's to do.  So there they are taken out of all that they waited in, and
 * have ended without having run on.  What concerns others is made anew: the
 * poller and the pipe that wakes us, which are shared with the parent by the
 * kernel; messages; signals that came; the threads, which are not there.
 *
 * While it forks the thread holds what threads share, so that the copy of that
 * is whole, and has all signals blocked, so that none comes to the child before
 * its pipe is its own. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include "child.h"
#include "debug.h"
#include "defer.h"
#include "end.h"
#include "handler.h"
#include "hub.h"
#include "hubs.h"
#include "parked.h"
#include "signal.h"
#include "sys.h"
#include "uring.h"
#include "wait.h"

static void hold_all(void)
{
    green__children_hold();
    green__listeners_hold();
    green__hubs_hold();
}

static void go_on_with_all(void)
{
    green__hubs_go_on();
    green__listeners_go_on();
    green__children_go_on();
}

/* While all is held. */
static void become_only_hub(struct green_hub *h)
{
    h->outside = 0;
    green__hubs_forked(h);
    green__signals_forked(h);
}

static void become_only_greenlet(struct green_hub *h)
{
    green__wait_forget(h);
    green__vanish_others(h);
    green__hub_forked(h);
    green__children_forked(h);
    green__parked_forked(h);
    green__defer_forked(h);
    green__debug_forked(h);
    green__uring_forked(h);
}

static pid_t fork_held(struct green_hub *h)
{
    int saved_errno;
    pid_t pid;

    hold_all();
    pid = green__sys.fork();
    saved_errno = errno;
    if (pid == 0)
        become_only_hub(h);
    go_on_with_all();
    if (pid == 0)
        become_only_greenlet(h);
    errno = saved_errno;
    return pid;
}

pid_t green_fork(void)
{
    struct green_hub *h = green__hub();
    sigset_t all, old;
    pid_t pid;

    if (!h)
        return -1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid = fork_held(h);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid;
}
