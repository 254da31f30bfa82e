/* SPDX-License-Identifier: MIT */
/* chunk.h - layer 1: the address space that stacks are cut from.
 *
 *     low addresses                                            high addresses
 *     | guard | stack ................ top | guard | stack ....... top | ...
 *       slot 0                               slot 1
 */
#ifndef GREEN_CHUNK_H
#define GREEN_CHUNK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/* Nothing on Linux; must be there on OpenBSD, and not on FreeBSD. */
#if defined(__linux__) || defined(__OpenBSD__)
#define CHUNK_STACK MAP_STACK
#else
#define CHUNK_STACK 0
#endif

/* Do not count address space that is not used yet. */
#if defined(MAP_NORESERVE)
#define CHUNK_NORESERVE MAP_NORESERVE
#else
#define CHUNK_NORESERVE 0
#endif

struct chunk {
    _Atomic(char *) start; /* NULL: not to be looked at */
    atomic_size_t stride;  /* of a slot: its guard and its stack */
    atomic_size_t slots;
    atomic_bool taken;
    struct chunk_block *block; /* that it is listed in */
    size_t size;               /* of the mapping, with what is left over */
    size_t cut;                /* slots cut off, from the lowest on */
    size_t guarded;            /* slots that a guard was tried for */
    size_t batch;              /* the first of those it was tried for last */
    uint64_t unguarded;        /* bits of those from `batch` on: it failed */
    unsigned mappings;         /* guards that are mappings of their own */
    uintptr_t *valgrind_ids;   /* of the slots; NULL outside Valgrind */
    struct chunk *next;        /* for its owner */
};

/* A new chunk of at least one slot, or NULL with ENOMEM. */
struct chunk *green__chunk_open(size_t stride);
void green__chunk_close(struct chunk *c);

static inline size_t green__chunk_slots(struct chunk *c)
{
    return atomic_load_explicit(&c->slots, memory_order_relaxed);
}

/* Cut the next slot off, of which there must be one: where its stack ends, and
 * whether there is a guard below it. */
char *green__chunk_cut(struct chunk *c, bool *guarded);

#endif
