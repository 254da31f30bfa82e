/* SPDX-License-Identifier: MIT */
/* queue.h - layer 6: the halves of a queue's calls that never wait, for select. */
#ifndef GREEN_QUEUE_IMPL_H
#define GREEN_QUEUE_IMPL_H

#include "green.h"

/* What a waiter among the getters is for (its `detail`). */
enum { QUEUE_GET, QUEUE_PEEK };

/* Hand an item to a getter, or store it: 0, or -1 with EAGAIN (no room), EPIPE
 * (closed), ENOMEM. */
int green__queue_offer(green_queue_t *q, const void *item);

/* An item that will wait with its putter: show it to those who only peek. */
void green__queue_show(green_queue_t *q, const void *item);

/* Take an item: 0, or -1 with EAGAIN (none), EPIPE (none, and closed). */
int green__queue_take(green_queue_t *q, void *item);

#endif
