/* SPDX-License-Identifier: MIT */
/* queue_store.h - layer 6: where a queue keeps its items: fifo, lifo, priority. */
#ifndef GREEN_QUEUE_STORE_H
#define GREEN_QUEUE_STORE_H

#include <string.h>
#include "green.h"

enum queue_kind { QUEUE_FIFO, QUEUE_LIFO, QUEUE_PRIORITY };

/* Most items are a pointer or a number, for which a call would cost more. */
static inline void green__copy_item(const green_queue_t *q, void *to,
                                    const void *from)
{
    if (q->item_size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else
        memcpy(to, from, q->item_size);
}

/* Add an item: 0, or -1 with ENOMEM.  q->count < q->max. */
int green__store_push(green_queue_t *q, const void *item);

/* The item that is next to come out, and taking it out.  q->count > 0. */
const void *green__store_front(const green_queue_t *q);
void green__store_pop(green_queue_t *q, void *item);

void green__store_free(green_queue_t *q);

#endif
