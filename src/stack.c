/* SPDX-License-Identifier: MIT */
/* stack.c - layer 1: stacks with guards, reserved early, attached late, cached.
 *
 * A greenlet that ends leaves its stack warm, in the caches and in memory, and
 * the next that begins takes it: last in, first out, without a system call.
 * What was long unused is given back when there is nothing else to do.
 *
 * Tops are staggered by cache lines.  If all were page-aligned, the hot ends of
 * all stacks would compete for the same few sets of the caches.  A stack may so
 * be shorter than its class by just under 2 KiB.
 *
 * A stack for which no guard is left has a canary instead, the word at its low
 * end, which is looked at when the stack is given back.
 *
 * Invariants: in use <= promised <= slots, so an attach finds a stack.
 *             Bit 5 of a top is set in the stacks that have no guard.
 *             cache[0 .. clean) have no memory; cache[cached - 1] is hottest. */
#include "stack.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "chunk.h"
#include "guard.h"
#include "misuse.h"
#include "sys.h"

enum {
    SMALLEST_CLASS = 14, /* 16 KiB: what an expert gets along with */
    COLOURS = 32,
    COLOUR_STEP = 64,
    UNGUARDED_MARK = 32,   /* see the invariants; keeps a top aligned */
    KEPT_WARM = 64,        /* cached stacks that trim leaves alone */
    TRIM_BATCHES = 4,      /* per trim */
    TRIM_DECAY = 100000000 /* nanoseconds in which an eighth is forgotten */
};

static const uintptr_t canary = (uintptr_t)UINT64_C(0x5afe0b00de57ac6e);

struct stack_pool {
    size_t size; /* of each stack */
    size_t slots, promised, used;
    size_t peak;     /* of `used`, since `decayed` */
    size_t need;     /* of earlier peaks, see decay_need */
    int64_t decayed; /* when it last did */
    struct chunk *first, *last;

    void **cache; /* tops; room for all slots */
    size_t room, cached, clean;

    struct chunk *cut; /* where the next fresh stack comes from */
};

/* ---- sizes ---- */

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) & ~(unit - 1);
}

size_t green__stack_size(int class)
{
    return round_up((size_t)1 << class, green__page());
}

/* "65536", "64K", "1m"; 0 if it is nothing of the kind. */
static size_t parse_size(const char *text)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    unsigned shift = 0;

    if (*end == 'k' || *end == 'K')
        shift = 10;
    else if (*end == 'm' || *end == 'M')
        shift = 20;
    if (end == text || end[shift != 0] || *text == '-')
        return 0;
    return n > SIZE_MAX >> 1 >> shift ? 0 : (size_t)n << shift;
}

static size_t default_size(void)
{
    const char *text = green__sys.getenv("GREEN_STACK_SIZE");
    size_t size = text ? parse_size(text) : 0;

    return size > 0 ? size : (size_t)(sizeof(void *) == 8 ? 256 : 64) << 10;
}

static int class_of(size_t size)
{
    const int end = (int)sizeof(size_t) * 8 - 2;
    int class = SMALLEST_CLASS;

    while (class < end && class < STACK_CLASSES && (size_t)1 << class < size)
        class += 1;
    if (class < end && class < STACK_CLASSES)
        return class;
    errno = ENOMEM;
    return -1;
}

/* The default is looked up once in a process. */
int green__stack_class(size_t size)
{
    static atomic_int known;
    int class;

    if (size > 0)
        return class_of(size);
    class = atomic_load_explicit(&known, memory_order_relaxed);
    if (class == 0) {
        class = class_of(default_size());
        atomic_store_explicit(&known, class, memory_order_relaxed);
    }
    if (class < 0)
        errno = ENOMEM;
    return class;
}

static char *end_of(void *top)
{
    char *t = top;

    return t + (-(uintptr_t)t & (green__page() - 1));
}

void *green__stack_low(int class, void *top)
{
    return end_of(top) - green__stack_size(class);
}

/* ---- sanitizers ----
 *
 * The frames that an ended greenlet left by a switch are still poisoned.  What
 * a stack holds keeps memory from being called a leak only while it is in use. */

void __asan_unpoison_memory_region(const volatile void *at, size_t size)
    __attribute__((weak));
void __lsan_register_root_region(const void *at, size_t size)
    __attribute__((weak));
void __lsan_unregister_root_region(const void *at, size_t size)
    __attribute__((weak));

static void tell_attached(struct stack_pool *p, void *top)
{
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(end_of(top) - p->size, p->size);
    if (__lsan_register_root_region)
        __lsan_register_root_region(end_of(top) - p->size, p->size);
}

static void tell_detached(struct stack_pool *p, void *top)
{
    if (__lsan_unregister_root_region)
        __lsan_unregister_root_region(end_of(top) - p->size, p->size);
}

/* ---- attach and detach ---- */

static void *fresh_stack(struct stacks *s, struct stack_pool *p)
{
    size_t colour;
    bool guarded;
    char *top;

    if (p->cut->cut == green__chunk_slots(p->cut))
        p->cut = p->cut->next;
    colour = p->cut->cut % COLOURS;
    top = green__chunk_cut(p->cut, &guarded) - colour * COLOUR_STEP;
    if (guarded)
        return top;
    s->unguarded++;
    return top - UNGUARDED_MARK;
}

static bool is_unguarded(const void *top)
{
    return ((uintptr_t)top & UNGUARDED_MARK) != 0;
}

static uintptr_t *canary_of(struct stack_pool *p, void *top)
{
    return (uintptr_t *)(void *)(end_of(top) - p->size);
}

static void *cached_stack(struct stacks *s, struct stack_pool *p)
{
    void *top = p->cache[--p->cached];

    s->cached--;
    if (p->clean > p->cached)
        p->clean = p->cached;
    return top;
}

void *green__stack_attach(struct stacks *s, int class)
{
    struct stack_pool *p = s->pools[class];
    void *top = p->cached ? cached_stack(s, p) : fresh_stack(s, p);

    if (++p->used > p->peak)
        p->peak = p->used;
    if (is_unguarded(top))
        *canary_of(p, top) = canary;
    tell_attached(p, top);
    return top;
}

void green__stack_detach(struct stacks *s, int class, void *top)
{
    struct stack_pool *p = s->pools[class];

    if (is_unguarded(top) && *canary_of(p, top) != canary)
        green__misuse("stack",
                      "a greenlet overflowed its stack, which has no "
                      "guard because the process has too many mappings");
    tell_detached(p, top);
    p->used--;
    p->cache[p->cached++] = top;
    s->cached++;
}

/* ---- promises ---- */

static struct stack_pool *open_pool(int class)
{
    struct stack_pool *p = green__zalloc(sizeof *p);

    if (p) {
        p->size = green__stack_size(class);
        p->decayed = green__sys.now();
    }
    return p;
}

static void append_chunk(struct stack_pool *p, struct chunk *c)
{
    if (p->last)
        p->last->next = c;
    else
        p->first = p->cut = c;
    p->last = c;
    p->slots += green__chunk_slots(c);
}

/* Room in the cache for n tops, so that detach need not allocate. */
static int reserve_cache(struct stack_pool *p, size_t n)
{
    size_t room = n > 2 * p->room ? n : 2 * p->room;
    void **cache;

    if (n <= p->room)
        return 0;
    cache = green__sys.realloc(p->cache, room * sizeof *cache);
    if (!cache)
        return -1;
    p->cache = cache;
    p->room = room;
    return 0;
}

static int add_chunk(struct stack_pool *p)
{
    struct chunk *c = green__chunk_open(green__guard_size() + p->size);

    if (c && reserve_cache(p, p->slots + green__chunk_slots(c)) == 0) {
        append_chunk(p, c);
        return 0;
    }
    if (c)
        green__chunk_close(c);
    errno = ENOMEM;
    return -1;
}

int green__stack_reserve(struct stacks *s, int class)
{
    struct stack_pool *p = s->pools[class];

    if (!p)
        p = s->pools[class] = open_pool(class);
    if (!p || (p->promised == p->slots && add_chunk(p) != 0))
        return -1;
    p->promised++;
    return 0;
}

void green__stack_unreserve(struct stacks *s, int class)
{
    s->pools[class]->promised--;
}

/* ---- giving back ---- */

/* Stacks are kept warm for as many greenlets as lately lived at once.  More
 * than those of the last moment are forgotten an eighth at a time. */
static void decay_need(struct stack_pool *p, int64_t now)
{
    if (p->need < p->peak)
        p->need = p->peak;
    if (now - p->decayed < TRIM_DECAY)
        return;
    if (p->need > p->peak)
        p->need -= (p->need - p->peak + 7) / 8;
    p->decayed = now;
    p->peak = p->used;
}

/* The coldest of those before cache[end] that have memory: how many. */
static unsigned take_cold(struct stack_pool *p, size_t end,
                          struct iovec ranges[GUARD_BATCH])
{
    unsigned n;

    for (n = 0; n < GUARD_BATCH && p->clean < end; n++) {
        ranges[n].iov_base = end_of(p->cache[p->clean++]) - p->size;
        ranges[n].iov_len = p->size;
    }
    return n;
}

static bool has_too_much(const struct stack_pool *p)
{
    return p->cached - p->clean > KEPT_WARM;
}

static void trim_pool(struct stack_pool *p)
{
    struct iovec ranges[GUARD_BATCH];
    size_t warm;
    unsigned i, n = GUARD_BATCH;

    decay_need(p, green__sys.now());
    warm = p->need - p->used > KEPT_WARM ? p->need - p->used : KEPT_WARM;
    for (i = 0; i < TRIM_BATCHES && n == GUARD_BATCH && p->cached > warm; i++) {
        n = take_cold(p, p->cached - warm, ranges);
        if (n > 0)
            green__advise(ranges, n, MADV_DONTNEED);
    }
}

int64_t green__stacks_trim(struct stacks *s)
{
    int64_t again = INT64_MAX;
    int i;

    for (i = 0; i < STACK_CLASSES; i++) {
        if (!s->pools[i] || !has_too_much(s->pools[i]))
            continue;
        trim_pool(s->pools[i]);
        if (has_too_much(s->pools[i]))
            again = TRIM_DECAY;
    }
    return again;
}

static void close_pool(struct stack_pool *p)
{
    struct chunk *c = p->first, *next;

    for (; c; c = next) {
        next = c->next;
        green__chunk_close(c);
    }
    green__sys.free(p->cache);
    green__sys.free(p);
}

void green__stacks_close(struct stacks *s)
{
    int i;

    for (i = 0; i < STACK_CLASSES; i++)
        if (s->pools[i])
            close_pool(s->pools[i]);
    memset(s, 0, sizeof *s);
}
