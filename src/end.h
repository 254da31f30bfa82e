/* SPDX-License-Identifier: MIT */
/* end.h - layer 5: how a greenlet runs, ends, and whom that concerns. */
#ifndef GREEN_END_H
#define GREEN_END_H

#include "green_impl.h"

/* What a waiter in a greenlet's `joiners` is: a greenlet in join, or one that
 * starts when this one has ended: in any case, with a value, with an error; or
 * a call, for an object that keeps count of greenlets. */
enum link_condition {
    LINK_JOIN,
    LINK_ALWAYS,
    LINK_VALUE,
    LINK_ERROR,
    LINK_CALL
};

/* fn is called when the greenlet has ended, in its turn among the joiners.  It
 * must not switch; it may free the struct, which is out of the queue by then. */
struct end_call {
    struct green_waiter waiter;
    void (*fn)(struct end_call *call, green_t *ended);
};

/* What each greenlet begins with, on a stack of its own. */
void *green__run(void);

/* Have call->fn called when g, which has not, has ended. */
void green__call_at_end(green_t *g, struct end_call *call);

/* The thread of g, which ran, has been ended, and its frames are no more. */
void green__cut_off(green_t *g);

/* g has ended: serve its joiners, start the greenlets linked to it and make the
 * calls, in the order in which they came. */
void green__tell_end(green_t *g);

/* g is linked to another and has not begun: it will not do what it was to. */
void green__drop_linked(green_t *g);

/* What a greenlet in green_join_any waits for: the item of its waiter. */
struct pick {
    green_t *const *greenlets;
    size_t n;
};

/* One fewer is there: is main, which waits for that in green_run, alone now? */
void green__tell_runners(struct green_hub *h);

/* In the child of a fork, when no other greenlet waits any more: all but the
 * running one have ended, without having run on. */
void green__vanish_others(struct green_hub *h);

#endif
