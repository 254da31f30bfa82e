/* SPDX-License-Identifier: MIT */
/* greenlet.h - layer 5: a greenlet's life, for the files above. */
#ifndef GREEN_GREENLET_H
#define GREEN_GREENLET_H

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

/* A new greenlet with two references, the caller's and its own, that is in no
 * queue yet; `site` is where the spawning call returns to.  NULL with errno. */
green_t *green__make(struct green_hub *h, const green_options_t *options,
                     void *(*fn)(void *arg), void *arg, void *site);

/* Make one and make it ready, or let it wait for its delay.  h may be NULL. */
green_t *green__spawn(struct green_hub *h, const green_options_t *options,
                      void *(*fn)(void *arg), void *arg, void *site);

/* g was spawned on behalf of another greenlet than the running one. */
void green__set_parent(green_t *g, uint64_t parent_id);

/* Let a made one start when another has ended, if the condition holds then. */
void green__start_after(green_t *g, green_t *other,
                        enum link_condition condition);

/* Have call->fn called when g, which has not, has ended. */
void green__call_at_end(green_t *g, struct end_call *call);

/* g has ended: serve its joiners, start the greenlets linked to it and make the
 * calls, in the order in which they came. */
void green__tell_end(green_t *g);

#endif
