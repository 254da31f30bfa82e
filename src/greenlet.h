/* SPDX-License-Identifier: MIT */
/* greenlet.h - layer 5: a greenlet's life, for the files above. */
#ifndef GREEN_GREENLET_H
#define GREEN_GREENLET_H

#include "green_impl.h"

/* What a waiter in a greenlet's `joiners` is: a greenlet in join, or one that
 * starts when this one has ended: in any case, with a value, with an error. */
enum link_condition { LINK_JOIN, LINK_ALWAYS, LINK_VALUE, LINK_ERROR };

/* A new greenlet with two references, the caller's and its own, that is in no
 * queue yet; `site` is where the spawning call returns to.  NULL with errno. */
green_t *green__make(struct green_hub *h, const green_options_t *options,
                     void *(*fn)(void *arg), void *arg, void *site);

/* Make one and make it ready, or let it wait for its delay.  h may be NULL. */
green_t *green__spawn(struct green_hub *h, const green_options_t *options,
                      void *(*fn)(void *arg), void *arg, void *site);

/* Let a made one start when another has ended, if the condition holds then. */
void green__start_after(green_t *g, green_t *other,
                        enum link_condition condition);

/* g has ended: serve its joiners and start the greenlets linked to it, in the
 * order in which they came. */
void green__tell_end(green_t *g);

#endif
