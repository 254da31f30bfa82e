/* SPDX-License-Identifier: MIT */
/* greenlet.h - layer 5: how a greenlet comes to be. */
#ifndef GREEN_GREENLET_H
#define GREEN_GREENLET_H

#include "end.h"

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

#endif
