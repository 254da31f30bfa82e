/* SPDX-License-Identifier: MIT */
/* heap.h - layer 1: a heap of deadlines, earliest first, equal ones in the order
 * they were set.
 *
 * An array with four children a node.  Each entry carries its key, so that
 * sifting touches no greenlet but to tell it its new place.
 *
 * Invariant: *entry.place is the entry's index + 1; 0 when it is in no heap. */
#ifndef GREEN_HEAP_H
#define GREEN_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_entry {
    int64_t deadline;
    uint64_t order;                   /* tie-break: a count of insertions */
    uint32_t *place;                  /* owned by who is in the heap */
    void *owner;
};

struct heap {
    struct heap_entry *entries;
    uint32_t n, room;
    uint64_t inserted;
};

/* Make room for n entries in all: 0, or -1 with ENOMEM. */
int green__heap_reserve(struct heap *h, uint32_t n);

/* Room must have been reserved. */
void green__heap_insert(struct heap *h, int64_t deadline, uint32_t *place,
                        void *owner);
void green__heap_remove(struct heap *h, uint32_t *place);

#endif
