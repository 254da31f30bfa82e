/* SPDX-License-Identifier: MIT */
/* queue_store.h - layer 6: where a queue keeps its items: fifo, lifo, priority. */
#ifndef GREEN_QUEUE_STORE_H
#define GREEN_QUEUE_STORE_H

#include "green.h"

enum queue_kind { QUEUE_FIFO, QUEUE_LIFO, QUEUE_PRIORITY };

/* Add an item: 0, or -1 with ENOMEM.  q->count < q->max. */
int green__store_push(green_queue_t *q, const void *item);

/* The item that is next to come out, and taking it out.  q->count > 0. */
const void *green__store_front(const green_queue_t *q);
void green__store_pop(green_queue_t *q, void *item);

void green__store_free(green_queue_t *q);

#endif
