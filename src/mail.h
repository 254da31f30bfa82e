/* SPDX-License-Identifier: MIT */
/* mail.h - layer 4: what other threads send a hub. */
#ifndef GREEN_MAIL_H
#define GREEN_MAIL_H

#include "green_impl.h"

/* Before anybody knows the hub. */
void green__mail_open(struct green_hub *h);

/* When nobody does any more: what it has not read is delivered with h == NULL. */
void green__mail_close(struct green_hub *h);

/* Send a message to a hub that is known to exist and has its pipe; from a
 * signal handler, too. */
void green__mail_push(struct green_hub *h, struct message *m);

/* Deliver what has come, oldest first; the rest in the next turns if greenlets
 * are ready in plenty. */
void green__mail_deliver(struct green_hub *h);

/* Called by a message that cannot be delivered for want of memory: keep it and
 * what came after it for the next turn. */
void green__mail_hold(struct green_hub *h, struct message *m);

/* Around waiting for the world.  Before: true if there is mail already.
 * In between a push writes to the wake-up pipe. */
bool green__mail_before_rest(struct green_hub *h);
void green__mail_after_rest(struct green_hub *h);

/* Make the wake-up pipe, so that pushes can wake h: 0, or -1 with errno. */
int green__mail_pipe(struct green_hub *h);

/* The pipe's end is readable: empty it. */
void green__mail_woken(struct green_hub *h);

/* In the child of a fork: messages, which were for the parent, are dropped, and
 * the pipe, if there is one, is made anew. */
void green__mail_forked(struct green_hub *h);

#endif
