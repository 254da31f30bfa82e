/* SPDX-License-Identifier: MIT */
/* heap.c - layer 1: deadlines, the earliest at the top.
 *
 * Entry i has the children 4i + 1 to 4i + 4: half as deep as with two, and the
 * four stand side by side.  `order` makes all keys different, so that equal
 * deadlines leave in the order they came, whatever happens in between.
 *
 * Entries are moved into a hole rather than swapped: each step writes one
 * entry and tells one owner. */
#include <errno.h>
#include <stdbool.h>
#include "heap.h"
#include "sys.h"

enum { CHILDREN = 4, FIRST_ROOM = 16 };

int green__heap_reserve(struct heap *h, uint32_t n)
{
    uint64_t room = h->room ? h->room : FIRST_ROOM;
    struct heap_entry *entries;

    if (n <= h->room)
        return 0;
    while (room < n)
        room *= 2;
    if (room > SIZE_MAX / sizeof *entries || room > UINT32_MAX) {
        errno = ENOMEM;
        return -1;
    }
    entries = green__sys.realloc(h->entries, (size_t)room * sizeof *entries);
    if (!entries)
        return -1;
    h->entries = entries;
    h->room = (uint32_t)room;
    return 0;
}

static bool is_before(const struct heap_entry *a, const struct heap_entry *b)
{
    if (a->deadline != b->deadline)
        return a->deadline < b->deadline;
    return a->order < b->order;
}

static void put_entry(struct heap *h, uint32_t i, struct heap_entry entry)
{
    h->entries[i] = entry;
    *entry.place = i + 1;
}

/* Find the place of `entry`, at the hole i or nearer to the top. */
static void sift_up(struct heap *h, uint32_t i, struct heap_entry entry)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / CHILDREN;

        if (!is_before(&entry, &h->entries[parent]))
            break;
        put_entry(h, i, h->entries[parent]);
        i = parent;
    }
    put_entry(h, i, entry);
}

/* The earliest of the children from `first` on; there is at least one. */
static uint32_t earliest_child(const struct heap *h, uint32_t first)
{
    uint32_t left = h->n - first;
    uint32_t end = first + (left < CHILDREN ? left : CHILDREN);
    uint32_t best = first;

    for (uint32_t i = first + 1; i < end; i++)
        if (is_before(&h->entries[i], &h->entries[best]))
            best = i;
    return best;
}

/* Find the place of `entry`, at the hole i or further from the top. */
static void sift_down(struct heap *h, uint32_t i, struct heap_entry entry)
{
    for (;;) {
        uint64_t first = (uint64_t)i * CHILDREN + 1;
        uint32_t child;

        if (first >= h->n)
            break;
        child = earliest_child(h, (uint32_t)first);
        if (!is_before(&h->entries[child], &entry))
            break;
        put_entry(h, i, h->entries[child]);
        i = child;
    }
    put_entry(h, i, entry);
}

void green__heap_insert(struct heap *h, int64_t deadline, uint32_t *place,
                        void *owner)
{
    struct heap_entry entry = {deadline, h->inserted++, place, owner};

    sift_up(h, h->n++, entry);
}

/* The last entry fills the hole.  It comes from another branch, so it may
 * belong above the hole as well as below it. */
void green__heap_remove(struct heap *h, uint32_t *place)
{
    uint32_t hole = *place - 1;
    struct heap_entry last = h->entries[--h->n];

    *place = 0;
    if (hole == h->n)
        return;
    if (hole > 0 && is_before(&last, &h->entries[(hole - 1) / CHILDREN]))
        sift_up(h, hole, last);
    else
        sift_down(h, hole, last);
}
