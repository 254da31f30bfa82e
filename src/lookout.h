/* SPDX-License-Identifier: MIT */
/* lookout.h - layer 4: threads that look at hubs from outside. */
#ifndef GREEN_LOOKOUT_H
#define GREEN_LOOKOUT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct lookout {
    /* What it does, rung or when a period is over.  Must not wait for a lock
     * that somebody holds while he forks. */
    void (*look)(bool rung);
    atomic_int period; /* in milliseconds; -1: only when it is rung */
    int signo;         /* that its thread can take; 0: none */

    /* lookout.c */
    struct lookout *next;
    bool runs;
    atomic_bool dismissed;
    pthread_t thread;
    int ear;         /* the pipe that rings; -1: none */
    atomic_int bell;
};

/* What those begin as that do not run. */
#define LOOKOUT_INIT(fn, ms) {.look = (fn), .period = (ms), .ear = -1, .bell = -1}

/* Start its thread, unless it runs: 0, or -1 with errno. */
int green__lookout_start(struct lookout *l);

/* Stop it and wait until it has stopped. */
void green__lookout_stop(struct lookout *l);

/* Make it look, or see that its period was changed.  Also from a signal handler,
 * and if it does not run. */
void green__lookout_ring(struct lookout *l);

#endif
