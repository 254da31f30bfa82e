/* SPDX-License-Identifier: MIT */
/* child.h - layer 7: child processes, and the one way to wait for them. */
#ifndef GREEN_CHILD_H
#define GREEN_CHILD_H

#include "green_impl.h"
#include "sys.h"

/* A child that we started ourselves: whoever reaps it, its end is noted here. */
struct child {
    struct child *next;
    pid_t pid;
    int status; /* when it is over: as waitpid tells it, */
    int error;  /* or ECHILD, if somebody else was told */
    bool over;
    bool left; /* nobody asks any more */
};

/* NULL with errno, also that of exec. */
struct child *green__child_start(const struct spawn_plan *plan);

/* Is it over, by now? */
bool green__child_is_over(struct child *c);

/* 0, or -1 with ESRCH if it is over, or other errno. */
int green__child_signal(struct child *c, int signo);

/* Nobody will ask for c any more: free it; if it is not over, when it is. */
void green__child_leave(struct green_hub *h, struct child *c);

/* waitpid, in a greenlet: 0 if the timeout is 0 or less and there is no news;
 * -1 with errno, also that of a timeout or a kill.  Of options, WNOHANG does not
 * matter. */
pid_t green__child_wait(struct green_hub *h, pid_t pid, int *status,
                        int options, int64_t timeout);

/* Around a fork.  In the child no child is ours; h->reaper may be ended. */
void green__children_hold(void);
void green__children_go_on(void);
void green__children_forked(struct green_hub *h);

#endif
