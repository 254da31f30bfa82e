/* SPDX-License-Identifier: MIT */
/* task.h - layer 6: the tasks of a pool, one by one or from an array. */
#ifndef GREEN_TASK_H
#define GREEN_TASK_H

#include "greenlet.h"

/* Take a place in a pool, waiting for one: 0, or -1 with errno. */
int green__place_take(green_pool_t *p, int64_t timeout);

/* Wait, in line, until there is one, and do not take it. */
int green__place_see(green_pool_t *p, int64_t timeout);

/* Begin a task in a place that was taken: 0, or -1 with ENOMEM, and the place
 * is given back. */
int green__task_begin(green_pool_t *p, void *(*fn)(void *arg), void *arg,
                      void *site);

/* Give the places that are free to those who wait for one, unless a kill of the
 * pool waits. */
void green__places_hand_out(green_pool_t *p);

/* The pool was closed: turn away all who wait for a place. */
void green__places_close(green_pool_t *p);

/* A feed begins one task for each item, in their order, as the pool has room and
 * as long as `begun` is below `window`.  While it waits for room it stands among
 * the spawners, in line with them, but is served by a call and not by a switch. */
struct feed {
    /* set by its owner */
    green_pool_t *pool;
    void *(*fn)(void *arg);
    void *const *in;
    size_t n;      /* items */
    size_t window; /* may grow */
    /* The task of item i has ended, or, with ENOMEM or EPIPE, could not begin.
     * Must not switch; may widen the window. */
    void (*ended)(struct feed *f, size_t i, void *value, int error);

    /* task.c; 0 to begin with */
    struct origin origin;       /* who called us, and where, with */
    struct local_value *locals; /* copies of what tasks inherit */
    size_t begun;               /* items whose tasks have begun, or could not */
    size_t running;
    struct green_waiter waiter;
};

/* On behalf of the running greenlet, by the call that returns to `site`: 0, or
 * -1 with ENOMEM.  To be called first. */
int green__feed_open(struct feed *f, void *site);

/* Begin what can begin; to be called then, and when the window was widened,
 * except in `ended`. */
void green__feed(struct feed *f);

/* Begin no more, kill what runs, and have nothing to do with it any longer:
 * neither f nor its items are touched from now on. */
void green__feed_end(struct feed *f);

#endif
