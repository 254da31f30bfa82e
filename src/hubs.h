/* SPDX-License-Identifier: MIT */
/* hubs.h - layer 4: the hubs of all threads. */
#ifndef GREEN_HUBS_H
#define GREEN_HUBS_H

#include "green_impl.h"

/* A new hub joins the list; h->close(h) is called when its thread ends.
 * 0, or -1 with errno. */
int green__hubs_join(struct green_hub *h);

/* It leaves the list: from now on posts to it fail. */
void green__hubs_leave(struct green_hub *h);

/* Send a message from any thread: 0, or -1 with ESRCH if there is no such hub
 * (any more). */
int green__hubs_post(struct green_hub *h, struct message *m);

/* The same for work that a hub about to stop takes no more. */
int green__hubs_post_work(struct green_hub *h, struct message *m);

/* Call fn(h, arg) for each hub there is; none of them ends meanwhile. */
void green__hubs_each(void (*fn)(struct green_hub *h, void *arg), void *arg);

/* The same, but false at once if somebody is at the list of hubs just now. */
bool green__hubs_try_each(void (*fn)(struct green_hub *h, void *arg),
                          void *arg);

/* Let a hub that green_hub_start made take no more work, and send it a message:
 * its `thread`, or NULL with ESRCH (there is none, or it was shut before). */
struct hub_thread *green__hubs_shut(struct green_hub *h, struct message *m);

/* Is h the only hub of the process, without mail? */
bool green__hubs_are_one(struct green_hub *h);

/* Around a fork.  In the child, while they are held, h becomes the only one. */
void green__hubs_hold(void);
void green__hubs_go_on(void);
void green__hubs_forked(struct green_hub *h);

#endif
