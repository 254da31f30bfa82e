/* SPDX-License-Identifier: MIT */
/* list.h - layer 1: the queue of waiters, a doubly linked list whose nodes
 * belong to their users.
 *
 * An all-zero head is an empty list, so objects that contain one need no
 * initialisation.  The types are in green.h, since public objects contain them.
 *
 * Invariant: w->queue == q exactly while w is linked into q. */
#ifndef GREEN_LIST_H
#define GREEN_LIST_H

#include "green.h"

static inline void list_append(green_waiters_t *q, struct green_waiter *w)
{
    w->queue = q;
    w->next = NULL;
    w->prev = q->last;
    if (q->last)
        q->last->next = w;
    else
        q->first = w;
    q->last = w;
}

static inline void list_remove(struct green_waiter *w)
{
    green_waiters_t *q = w->queue;

    if (!q)
        return;
    if (w->prev)
        w->prev->next = w->next;
    else
        q->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        q->last = w->prev;
    w->queue = NULL;
}

#endif
