/* SPDX-License-Identifier: MIT */
/* handler.h - layer 7: the one signal handler, and who listens to it. */
#ifndef GREEN_HANDLER_H
#define GREEN_HANDLER_H

#include "green_impl.h"

#define SIGNALS 129 /* signal numbers are below this */

/* For each signal that comes, `count` grows, and the message is on its way to
 * the hub.  Its deliver is its owner's. */
struct listener {
    struct message message; /* the first field: found from it */
    _Atomic(struct listener *) next;
    struct green_hub *hub; /* can be woken */
    int signo;             /* below SIGNALS */
    bool replaces;         /* the program's handler is not to be called */
    atomic_uint count;     /* came, and not passed on */
    atomic_bool posted;    /* the message is on its way, and l must stay */
};

/* Begin to listen: 0, or -1 with errno. */
int green__listener_begin(struct listener *l);

/* No longer: count and posted stay as they are from now on. */
void green__listener_end(struct listener *l);

/* The message has been dealt with.  Is it on its way again, because a signal
 * came meanwhile? */
bool green__listener_again(struct listener *l);

/* One that wakes h, or NULL. */
struct listener *green__listener_of(const struct green_hub *h);

/* Around a fork.  In the child all that do not wake h are removed, and returned
 * as a list; the others, which are named to `kept`, have heard nothing yet. */
void green__listeners_hold(void);
void green__listeners_go_on(void);
struct listener *green__listeners_forked(const struct green_hub *h,
                                         void (*kept)(struct listener *l));

#endif
