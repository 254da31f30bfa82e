/* SPDX-License-Identifier: MIT */
/* chunk.c - layer 1: the address space that stacks are cut from.
 *
 * Chunks are large, so that they are few, but not so large that a system which
 * counts what is mapped would refuse them.  A list of all chunks of the process
 * tells a handler of SIGSEGV whether an address is in a guard.  It may run at
 * any time, in any thread, so the list is read without a lock and its entries
 * are never freed but used again: blocks of them, each twice as large as the
 * one before.  A block that is full is passed over, and in one that is not the
 * search begins where it ended: a million stacks have thousands of chunks.
 *
 * Invariants: an entry with a start has the stride and slots that go with it;
 *             cut <= guarded <= slots. */
#include "chunk.h"
#include <errno.h>
#include "guard.h"
#include "stack.h"
#include "switch.h"
#include "sys.h"

enum {
    ADVICE_NO_HUGE_PAGE = 15, /* MADV_NOHUGEPAGE, which only Linux has */
    FIRST_CHUNKS = 16,
    FEW_GUARDS = 4
};

static const size_t chunk_size = (size_t)64 << 20;

struct chunk_block {
    _Atomic(struct chunk_block *) next;
    size_t n;
    atomic_size_t free; /* not taken; inexact only while a thread is at it */
    atomic_size_t hint; /* where to begin to look for one of them */
    struct chunk *chunks;
};

static struct chunk first_chunks[FIRST_CHUNKS];
static struct chunk_block first_block = {NULL, FIRST_CHUNKS, FIRST_CHUNKS, 0,
                                         first_chunks};

/* ---- the list of all ---- */

static bool take_entry(struct chunk *c, struct chunk_block *b)
{
    if (atomic_load(&c->taken) || atomic_exchange(&c->taken, true))
        return false;
    c->block = b;
    atomic_fetch_sub(&b->free, 1);
    return true;
}

static struct chunk *take_chunk_of(struct chunk_block *b)
{
    size_t hint = atomic_load(&b->hint), i;

    for (i = 0; i < b->n && atomic_load(&b->free) > 0; i++) {
        size_t at = (hint + i) % b->n;

        if (take_entry(&b->chunks[at], b)) {
            atomic_store(&b->hint, at + 1);
            return &b->chunks[at];
        }
    }
    return NULL;
}

/* The next block, made here unless another thread is faster; NULL with ENOMEM. */
static struct chunk_block *next_block(struct chunk_block *b)
{
    struct chunk_block *next = atomic_load(&b->next), *none = NULL;

    if (next)
        return next;
    next = green__zalloc(sizeof *next + 2 * b->n * sizeof *next->chunks);
    if (!next)
        return NULL;
    next->n = 2 * b->n;
    atomic_init(&next->free, next->n);
    next->chunks = (struct chunk *)(next + 1);
    if (atomic_compare_exchange_strong(&b->next, &none, next))
        return next;
    green__sys.free(next);
    return none;
}

static struct chunk *take_chunk(void)
{
    struct chunk_block *b;
    struct chunk *c = NULL;

    for (b = &first_block; b && !c; b = c ? b : next_block(b))
        c = take_chunk_of(b);
    return c;
}

static void give_chunk_back(struct chunk *c)
{
    struct chunk_block *b = c->block;

    atomic_store_explicit(&c->start, NULL, memory_order_release);
    atomic_store(&b->hint, (size_t)(c - b->chunks));
    atomic_store(&c->taken, false);
    atomic_fetch_add(&b->free, 1);
}

static bool has_guard_at(struct chunk *c, uintptr_t address)
{
    char *start = atomic_load_explicit(&c->start, memory_order_acquire);
    size_t stride = atomic_load_explicit(&c->stride, memory_order_relaxed);
    uintptr_t offset = address - (uintptr_t)start;

    return start && offset < green__chunk_slots(c) * stride &&
           offset % stride < green__guard_size();
}

bool green__stack_is_guard(const void *address)
{
    struct chunk_block *b;
    size_t i;

    for (b = &first_block; b; b = atomic_load(&b->next))
        for (i = 0; i < b->n; i++)
            if (has_guard_at(&b->chunks[i], (uintptr_t)address))
                return true;
    return false;
}

/* ---- one chunk ---- */

static char *slot_of(struct chunk *c, size_t slot)
{
    return atomic_load_explicit(&c->start, memory_order_relaxed) +
           slot * atomic_load_explicit(&c->stride, memory_order_relaxed);
}

static char *map_chunk(size_t size)
{
    char *start = green__sys.mmap(
        NULL, size, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | CHUNK_NORESERVE | CHUNK_STACK, -1, 0);

    return start == MAP_FAILED ? NULL : start;
}

/* As large as a chunk should be or, where address space is short, smaller.  A
 * huge page would make the first touch of one stack cost the memory of many. */
static char *map_slots(size_t stride, size_t *size)
{
    char *start = NULL;

    for (*size = chunk_size; !start && *size > stride; *size /= 2)
        if ((start = map_chunk(*size)))
            break;
    if (!start)
        start = map_chunk(*size = stride);
    if (start)
        green__sys.madvise(start, *size, ADVICE_NO_HUGE_PAGE);
    return start;
}

static void publish(struct chunk *c, char *start, size_t stride)
{
    atomic_store_explicit(&c->stride, stride, memory_order_relaxed);
    atomic_store_explicit(&c->slots, c->size / stride, memory_order_relaxed);
    atomic_store_explicit(&c->start, start, memory_order_release);
}

/* Room for what Valgrind calls each of the stacks. */
static bool tell_valgrind_room(struct chunk *c, size_t stride)
{
    c->valgrind_ids = green__zalloc(c->size / stride * sizeof(uintptr_t));
    return c->valgrind_ids != NULL;
}

struct chunk *green__chunk_open(size_t stride)
{
    struct chunk *c = take_chunk();
    char *start = c ? map_slots(stride, &c->size) : NULL;

    if (!start) {
        if (c)
            give_chunk_back(c);
        errno = ENOMEM;
        return NULL;
    }
    c->cut = c->guarded = 0;
    c->mappings = 0;
    c->next = NULL;
    c->valgrind_ids = NULL;
    if (green__on_valgrind() && !tell_valgrind_room(c, stride)) {
        green__sys.munmap(start, c->size);
        give_chunk_back(c);
        errno = ENOMEM;
        return NULL;
    }
    publish(c, start, stride);
    return c;
}

static void forget_slots(struct chunk *c)
{
    size_t i;

    for (i = 0; c->valgrind_ids && i < c->cut; i++) {
        const uintptr_t request[6] = {0x1502, c->valgrind_ids[i]};

        green__valgrind(request);
    }
    green__sys.free(c->valgrind_ids);
}

void green__chunk_close(struct chunk *c)
{
    forget_slots(c);
    green__sys.munmap(slot_of(c, 0), c->size);
    green__guards_gone(c->mappings);
    give_chunk_back(c);
}

/* ---- cutting ---- */

/* Guard the next slots.  Few at first, for each guard needs page tables, and
 * most programs are small. */
static void guard_batch(struct chunk *c)
{
    struct iovec guards[GUARD_BATCH];
    size_t left = green__chunk_slots(c) - c->guarded;
    size_t n = c->guarded < FEW_GUARDS ? FEW_GUARDS : c->guarded;
    size_t i;

    if (n > GUARD_BATCH)
        n = GUARD_BATCH;
    if (n > left)
        n = left;
    for (i = 0; i < n; i++) {
        guards[i].iov_base = slot_of(c, c->guarded + i);
        guards[i].iov_len = green__guard_size();
    }
    c->unguarded = green__guard(guards, (unsigned)n, &c->mappings);
    c->batch = c->guarded;
    c->guarded += n;
}

/* Valgrind takes a switch to a stack that it does not know for a stack pointer
 * that moved far, and the frames in between for dead. */
static void introduce_slot(struct chunk *c, size_t slot)
{
    const uintptr_t request[6] = {
        0x1501, (uintptr_t)slot_of(c, slot) + green__guard_size(),
        (uintptr_t)slot_of(c, slot + 1)};

    if (c->valgrind_ids)
        c->valgrind_ids[slot] = green__valgrind(request);
}

char *green__chunk_cut(struct chunk *c, bool *guarded)
{
    size_t slot = c->cut;

    if (slot == c->guarded)
        guard_batch(c);
    *guarded = !(c->unguarded >> (slot - c->batch) & 1);
    introduce_slot(c, slot);
    c->cut++;
    return slot_of(c, slot + 1);
}
