/* SPDX-License-Identifier: MIT */
/* mail.h - layer 4: the hubs of all threads, and what they send each other. */
#ifndef GREEN_MAIL_H
#define GREEN_MAIL_H

#include "green_impl.h"

/* A new hub joins the list; h->close(h) is called when its thread ends.
 * 0, or -1 with errno. */
int green__mail_open(struct green_hub *h);

/* It leaves the list: from now on posts to it fail, what it has not read is
 * delivered with h == NULL. */
void green__mail_close(struct green_hub *h);

/* Send a message from any thread: 0, or -1 with ESRCH if there is no such hub
 * (any more). */
int green__post(struct green_hub *h, struct message *m);

/* The same for work that a hub about to stop takes no more. */
int green__post_work(struct green_hub *h, struct message *m);

/* Send a message to a hub that is known to exist and has its pipe; from a
 * signal handler, too. */
void green__mail_push(struct green_hub *h, struct message *m);

/* Call fn(h, arg) for each hub there is; none of them ends meanwhile. */
void green__mail_each(void (*fn)(struct green_hub *h, void *arg), void *arg);

/* The same, but false at once if somebody is at the list of hubs just now. */
bool green__mail_try_each(void (*fn)(struct green_hub *h, void *arg),
                          void *arg);

/* Let a hub that green_hub_start made take no more work, and send it a message:
 * its `thread`, or NULL with ESRCH (there is none, or it was shut before). */
struct hub_thread *green__mail_shut(struct green_hub *h, struct message *m);

/* Deliver what has come, oldest first. */
void green__mail_deliver(struct green_hub *h);

/* Called by a message that cannot be delivered for want of memory: keep it and
 * what came after it for the next turn. */
void green__mail_hold(struct green_hub *h, struct message *m);

/* Around waiting for the world.  Before: true if there is mail already.
 * In between a post writes to the wake-up pipe. */
bool green__mail_before_rest(struct green_hub *h);
void green__mail_after_rest(struct green_hub *h);

/* The only hub of the process, without mail? */
bool green__mail_is_alone(struct green_hub *h);

/* Make the wake-up pipe, so that posts can wake h: 0, or -1 with errno. */
int green__mail_pipe(struct green_hub *h);

/* Around a fork.  In the child, while it is held, h becomes the only hub; later
 * its messages, which were for the parent, are dropped, and its pipe, if it has
 * one, is made anew. */
void green__hubs_hold(void);
void green__hubs_go_on(void);
void green__hubs_forked(struct green_hub *h);
void green__mail_forked(struct green_hub *h);

/* The pipe's end is readable: empty it. */
void green__mail_woken(struct green_hub *h);

#endif
