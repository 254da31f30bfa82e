/* SPDX-License-Identifier: MIT */
/* lane.h - layer 7: threads that work off a queue of tasks.
 *
 * Kinds of work that must not hold each other up have lanes of their own: a
 * hundred look-ups that hang do not delay a single job of the user. */
#ifndef GREEN_LANE_H
#define GREEN_LANE_H

#include <stdbool.h>
#include "list.h"

struct task {
    struct green_waiter place;   /* in the queue of its lane; lane.c's */
    void (*run)(void *arg);      /* called in a thread; takes as long as it does */
    void (*done)(void *arg);     /* called after it; must not block; the task may
                                    be gone when it returns */
    void *arg;
};

struct lane;
extern struct lane green__user_lane, green__lookup_lane, green__file_lane;

/* Have a task run; in order, as far as there are threads: 0, or an error number. */
int green__lane_submit(struct lane *lane, struct task *task);

/* Take a task back: true if it had not begun, and then it never will. */
bool green__lane_withdraw(struct lane *lane, struct task *task);

#endif
