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
    _Atomic(char *) start;       /* NULL: not to be looked at */
    atomic_size_t stride;        /* of a slot: its guard and its stack */
    atomic_size_t slots;
    atomic_bool taken;
    size_t size;                 /* of the mapping, with what is left over */
    uintptr_t *valgrind_ids;     /* of the slots; NULL outside Valgrind */
    struct chunk *next;          /* for its owner */
};

/* A new chunk of one slot at least, or NULL with ENOMEM. */
struct chunk *green__chunk_open(size_t stride);
void green__chunk_close(struct chunk *c);

/* Where a slot begins, with its guard. */
static inline char *green__chunk_slot(struct chunk *c, size_t slot)
{
    return atomic_load_explicit(&c->start, memory_order_relaxed)
        + slot * atomic_load_explicit(&c->stride, memory_order_relaxed);
}

static inline size_t green__chunk_slots(struct chunk *c)
{
    return atomic_load_explicit(&c->slots, memory_order_relaxed);
}

/* A slot is going to be used for the first time: Valgrind has to know. */
void green__chunk_use(struct chunk *c, size_t slot);

#endif
