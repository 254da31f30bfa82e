/* SPDX-License-Identifier: MIT */
/* stack.c - layer 1: stacks with guards, reserved early, attached late, cached.
 *
 * Address space comes in chunks, and a chunk of a class is cut into slots:
 *
 *     low addresses                                            high addresses
 *     | guard | stack ................ top | guard | stack ....... top | ...
 *
 * A guard is larger than a page, so that a frame has to be larger than that to
 * step over it.  Where the kernel can mark pages as guards, a million of them
 * are still one mapping; where it cannot, each costs two, and a process may
 * have some 65,000.  A stack for which no guard is left has a canary instead,
 * the word at its low end, which is looked at when the stack is given back.
 *
 * Tops are staggered by cache lines.  If all were page-aligned, the hot ends of
 * all stacks would compete for the same few sets of the caches.  A stack may so
 * be shorter than its class by just under 2 KiB.
 *
 * Invariants: in use <= promised <= slots, so an attach finds a stack.
 *             Bit 5 of a top is set in the stacks that have no guard.
 *             cache[0 .. clean) have no memory; cache[n - 1] is the hottest. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "misuse.h"
#include "stack.h"
#include "switch.h"
#include "sys.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif
#ifndef MAP_STACK
#define MAP_STACK 0
#endif

enum {
    ADVICE_NO_HUGE_PAGE = 15,  /* Linux's MADV_NOHUGEPAGE */
    ADVICE_GUARD = 102,        /* Linux's MADV_GUARD_INSTALL, since 6.13 */
    GUARD_PAGES = 16,
    SMALLEST_CLASS = 14,       /* 16 KiB: what an expert gets along with */
    COLOURS = 32,
    COLOUR_STEP = 64,
    UNGUARDED_MARK = 32,       /* see the invariants; keeps a top aligned */
    BATCH = 64,                /* slots per system call; bits in a uint64_t */
    KEPT_WARM = 64,            /* cached stacks that trim leaves alone */
    TRIM_BATCHES = 4,          /* per trim */
    MPROTECT_GUARDS = 16384    /* half of the mappings a process may have */
};

static const size_t chunk_size = (size_t)64 << 20;
static const uintptr_t canary = (uintptr_t)0x6772656e7374616bU;

/* A range of slots.  Never freed but used again, because a signal handler of
 * another thread may be looking at it. */
struct chunk {
    _Atomic(char *) start;     /* NULL: free, or not yet to be looked at */
    atomic_size_t size;
    atomic_size_t stride;
    atomic_bool taken;
    unsigned slots;
    struct chunk *next;        /* of the pool, in the order they were made */
    uintptr_t *valgrind_ids;   /* of each slot; NULL outside Valgrind */
};

struct chunk_block {
    _Atomic(struct chunk_block *) next;
    size_t n;
    struct chunk *chunks;
};

struct stack_pool {
    size_t size;               /* usable, of each stack */
    size_t stride;             /* from slot to slot: guard and stack */
    unsigned slots, promised, used;
    unsigned need;             /* decaying peak of `used`, see trim */
    struct chunk *first, *last;

    void **cache;              /* tops; room for all slots */
    unsigned cached, clean;

    struct chunk *carved;      /* where the next fresh stack comes from */
    unsigned next_slot;        /* and which */
    unsigned guarded;          /* slots of `carved` before this were tried */
    uint64_t unguarded;        /* of the BATCH before `guarded`, first one in
                                  bit 0: those where it did not work */
    unsigned batch_start;
    unsigned mprotected;       /* guards made by mprotect */
};

/* ---- sizes ---- */

static atomic_size_t page_size;

static size_t page(void)
{
    size_t n = atomic_load_explicit(&page_size, memory_order_relaxed);

    if (n == 0) {
        n = (size_t)green__sys.sysconf(_SC_PAGESIZE);
        atomic_store_explicit(&page_size, n, memory_order_relaxed);
    }
    return n;
}

static size_t guard_size(void)
{
    return GUARD_PAGES * page();
}

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) & ~(unit - 1);
}

size_t green__stack_size(int class)
{
    return round_up((size_t)1 << class, page());
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
    if (shift)
        end++;
    if (end == text || *end || *text == '-' || n > (SIZE_MAX >> 1 >> shift))
        return 0;
    return (size_t)n << shift;
}

static size_t default_size(void)
{
    static atomic_size_t known;
    size_t size = atomic_load_explicit(&known, memory_order_relaxed);

    if (size == 0) {
        const char *text = green__sys.getenv("GREEN_STACK_SIZE");

        size = text ? parse_size(text) : 0;
        if (size == 0)
            size = sizeof(void *) * (sizeof(void *) == 8 ? 32768 : 16384);
        atomic_store_explicit(&known, size, memory_order_relaxed);
    }
    return size;
}

int green__stack_class(size_t size)
{
    const int limit = (int)sizeof(size_t) * 8 - 2;
    int class = SMALLEST_CLASS;

    if (size == 0)
        size = default_size();
    while (class < limit && class < STACK_CLASSES && (size_t)1 << class < size)
        class++;
    if (class < limit && class < STACK_CLASSES)
        return class;
    errno = ENOMEM;
    return -1;
}

static char *stack_end(void *top)
{
    return (char *)round_up((uintptr_t)top, page());
}

void *green__stack_low(int class, void *top)
{
    return stack_end(top) - green__stack_size(class);
}

/* ---- the tools that want to know of stacks ---- */

void __lsan_register_root_region(const void *at, size_t size)
    __attribute__((weak));
void __lsan_unregister_root_region(const void *at, size_t size)
    __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *at, size_t size)
    __attribute__((weak));

static bool on_valgrind(void)
{
    static atomic_int known; /* 0: not asked, 1: no, 2: yes */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);

    if (answer == 0) {
        answer = green__valgrind((uintptr_t[6]){0x1001}) ? 2 : 1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 2;
}

/* Valgrind takes a switch between stacks that it does not know for a stack
 * pointer that moved far, and the frames in between for dead. */
static void tell_valgrind(struct chunk *c, unsigned slot, char *low, char *end)
{
    uintptr_t request[6] = {0x1501, (uintptr_t)low, (uintptr_t)end};

    if (UNLIKELY(c->valgrind_ids != NULL))
        c->valgrind_ids[slot] = green__valgrind(request) + 1;
}

static void untell_valgrind(struct chunk *c)
{
    unsigned i;

    for (i = 0; c->valgrind_ids && i < c->slots; i++)
        if (c->valgrind_ids[i])
            green__valgrind((uintptr_t[6]){0x1502, c->valgrind_ids[i] - 1});
    green__sys.free(c->valgrind_ids);
    c->valgrind_ids = NULL;
}

/* A stack is a place where pointers to memory are found only while it is in
 * use: what lies in a cached one is dead.  The frames that an ended greenlet
 * left by a switch are still poisoned. */
static void tell_sanitizers(char *low, char *end)
{
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(low, (size_t)(end - low));
    if (__lsan_register_root_region)
        __lsan_register_root_region(low, (size_t)(end - low));
}

static void untell_sanitizers(char *low, char *end)
{
    if (__lsan_unregister_root_region)
        __lsan_unregister_root_region(low, (size_t)(end - low));
}

/* ---- all chunks of the process ---- */

enum { FIRST_CHUNKS = 16 };

static struct chunk first_chunks[FIRST_CHUNKS];
static struct chunk_block chunk_blocks = {NULL, FIRST_CHUNKS, first_chunks};

static struct chunk *take_chunk_of(struct chunk_block *b)
{
    size_t i;

    for (i = 0; i < b->n; i++)
        if (!atomic_load_explicit(&b->chunks[i].taken, memory_order_relaxed)
            && !atomic_exchange(&b->chunks[i].taken, true))
            return &b->chunks[i];
    return NULL;
}

/* Append a block, twice as large as the last, unless another thread does. */
static struct chunk_block *next_chunk_block(struct chunk_block *b)
{
    struct chunk_block *next = atomic_load(&b->next), *none = NULL;

    if (next)
        return next;
    next = green__zalloc(sizeof *next + 2 * b->n * sizeof *next->chunks);
    if (!next)
        return NULL;
    next->n = 2 * b->n;
    next->chunks = (struct chunk *)(next + 1);
    if (atomic_compare_exchange_strong(&b->next, &none, next))
        return next;
    green__sys.free(next);
    return none;
}

static struct chunk *take_chunk(void)
{
    struct chunk_block *b = &chunk_blocks;
    struct chunk *c = NULL;

    while (b && !(c = take_chunk_of(b)))
        b = next_chunk_block(b);
    return c;
}

static void publish_chunk(struct chunk *c, char *start, size_t size,
                          size_t stride)
{
    c->slots = (unsigned)(size / stride);
    c->next = NULL;
    atomic_store_explicit(&c->size, size, memory_order_relaxed);
    atomic_store_explicit(&c->stride, stride, memory_order_relaxed);
    atomic_store_explicit(&c->start, start, memory_order_release);
}

static void drop_chunk(struct chunk *c)
{
    atomic_store_explicit(&c->start, NULL, memory_order_release);
    atomic_store_explicit(&c->taken, false, memory_order_release);
}

static bool guard_of_chunk(struct chunk *c, uintptr_t address)
{
    char *start = atomic_load_explicit(&c->start, memory_order_acquire);
    size_t size = atomic_load_explicit(&c->size, memory_order_relaxed);
    size_t stride = atomic_load_explicit(&c->stride, memory_order_relaxed);
    uintptr_t offset = address - (uintptr_t)start;

    return start && offset < size - size % stride
        && offset % stride < guard_size();
}

bool green__stack_is_guard(const void *address)
{
    struct chunk_block *b;
    size_t i;

    for (b = &chunk_blocks; b; b = atomic_load(&b->next))
        for (i = 0; i < b->n; i++)
            if (guard_of_chunk(&b->chunks[i], (uintptr_t)address))
                return true;
    return false;
}

/* ---- chunks ---- */

static void *map_memory(size_t size)
{
    void *at = green__sys.mmap(NULL, size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
                                   | MAP_STACK, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

/* As large as a chunk should be or, where address space is short, smaller. */
static char *map_slots(size_t stride, size_t *size)
{
    char *start;

    for (*size = chunk_size; *size > stride; *size = *size / 2) {
        start = map_memory(*size);
        if (start)
            return start;
    }
    *size = stride;
    return map_memory(stride);
}

/* Room in the cache for every slot, so that detach need not allocate. */
static int grow_cache(struct stack_pool *p, unsigned slots)
{
    void **cache = green__sys.realloc(p->cache, slots * sizeof *cache);

    if (!cache)
        return -1;
    p->cache = cache;
    return 0;
}

static void append_chunk(struct stack_pool *p, struct chunk *c)
{
    if (p->last)
        p->last->next = c;
    else
        p->first = c;
    p->last = c;
    p->slots += c->slots;
    if (!p->carved) {
        p->carved = c;
        p->next_slot = p->guarded = 0;
    }
}

static int add_chunk(struct stack_pool *p)
{
    size_t size;
    char *start = map_slots(p->stride, &size);
    struct chunk *c = start ? take_chunk() : NULL;

    if (c && grow_cache(p, p->slots + (unsigned)(size / p->stride)) == 0) {
        green__sys.madvise(start, size, ADVICE_NO_HUGE_PAGE);
        publish_chunk(c, start, size, p->stride);
        if (on_valgrind())
            c->valgrind_ids = green__zalloc(c->slots * sizeof(uintptr_t));
        append_chunk(p, c);
        return 0;
    }
    if (c)
        drop_chunk(c);
    if (start)
        green__sys.munmap(start, size);
    errno = ENOMEM;
    return -1;
}

/* ---- guards ---- */

/* Some emulators accept MADV_GUARD_INSTALL and do nothing, so look whether the
 * kernel itself stumbles over a guard: EFAULT, while a page of zeroes is the
 * empty path, ENOENT. */
static bool probe_guards(void)
{
    char *scratch = map_memory(page());
    bool works;

    if (!scratch)
        return false;
    works = green__sys.madvise(scratch, page(), ADVICE_GUARD) == 0
        && green__sys.access(scratch, F_OK) != 0 && errno == EFAULT;
    green__sys.munmap(scratch, page());
    return works;
}

static bool can_advise_guards(void)
{
    static atomic_int known; /* 0: not tried, 1: no, 2: yes */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);

    if (answer == 0) {
        answer = probe_guards() ? 2 : 1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 2;
}

static atomic_uint mprotected; /* in the whole process */

/* The program needs mappings too, so some are left to it. */
static bool protect_guard(struct stack_pool *p, void *guard)
{
    if (atomic_fetch_add(&mprotected, 1) < MPROTECT_GUARDS
        && green__sys.mprotect(guard, guard_size(), PROT_NONE) == 0) {
        p->mprotected++;
        return true;
    }
    atomic_fetch_sub(&mprotected, 1);
    return false;
}

/* Advice for all ranges at once or, where that is refused, one by one: a bit
 * for each range that it failed for. */
static uint64_t advise(const struct iovec *ranges, unsigned n, int advice)
{
    uint64_t failed = 0;
    size_t total = 0;
    ssize_t done;
    unsigned i;

    for (i = 0; i < n; i++)
        total += ranges[i].iov_len;
    done = green__sys.madvise_many(ranges, n, advice);
    for (i = 0; (done < 0 || (size_t)done < total) && i < n; i++)
        if (green__sys.madvise(ranges[i].iov_base, ranges[i].iov_len, advice))
            failed |= (uint64_t)1 << i;
    return failed;
}

/* Guard the next slots of the chunk that is being carved.  Few at first, for
 * each guard needs page tables, and most programs are small. */
static void guard_batch(struct stack_pool *p)
{
    char *start = atomic_load_explicit(&p->carved->start, memory_order_relaxed);
    struct iovec guards[BATCH];
    unsigned left = p->carved->slots - p->guarded;
    unsigned n = p->guarded < 4 ? 4 : p->guarded < BATCH ? p->guarded : BATCH;
    unsigned i;

    if (n > left)
        n = left;
    for (i = 0; i < n; i++) {
        guards[i].iov_base = start + (p->guarded + i) * p->stride;
        guards[i].iov_len = guard_size();
    }
    p->unguarded = UINT64_MAX;
    if (can_advise_guards())
        p->unguarded = advise(guards, n, ADVICE_GUARD);
    for (i = 0; i < n; i++)
        if (p->unguarded >> i & 1 && protect_guard(p, guards[i].iov_base))
            p->unguarded &= ~((uint64_t)1 << i);
    p->batch_start = p->guarded;
    p->guarded += n;
}

/* ---- stacks ---- */

static void *carve_stack(struct stacks *s, struct stack_pool *p)
{
    unsigned slot;
    char *low, *end, *top;

    if (p->next_slot == p->carved->slots) {
        p->carved = p->carved->next;
        p->next_slot = p->guarded = 0;
    }
    if (p->next_slot == p->guarded)
        guard_batch(p);
    slot = p->next_slot++;
    end = atomic_load_explicit(&p->carved->start, memory_order_relaxed)
        + (slot + 1) * p->stride;
    low = end - p->size;
    tell_valgrind(p->carved, slot, low, end);
    top = end - slot % COLOURS * COLOUR_STEP;
    if (p->unguarded >> (slot - p->batch_start) & 1) {
        s->unguarded++;
        top -= UNGUARDED_MARK;
    }
    return top;
}

static void *cached_stack(struct stacks *s, struct stack_pool *p)
{
    void *top = p->cache[--p->cached];

    s->cached--;
    if (p->clean > p->cached)
        p->clean = p->cached;
    return top;
}

static bool is_unguarded(const void *top)
{
    return ((uintptr_t)top & UNGUARDED_MARK) != 0;
}

static uintptr_t *canary_of(struct stack_pool *p, void *top)
{
    return (uintptr_t *)(void *)(stack_end(top) - p->size);
}

void *green__stack_attach(struct stacks *s, int class)
{
    struct stack_pool *p = s->pools[class];
    void *top = p->cached ? cached_stack(s, p) : carve_stack(s, p);

    if (++p->used > p->need)
        p->need = p->used;
    if (UNLIKELY(is_unguarded(top)))
        *canary_of(p, top) = canary;
    tell_sanitizers(stack_end(top) - p->size, stack_end(top));
    return top;
}

void green__stack_detach(struct stacks *s, int class, void *top)
{
    struct stack_pool *p = s->pools[class];

    if (UNLIKELY(is_unguarded(top)) && *canary_of(p, top) != canary)
        green__misuse("stack", "a greenlet overflowed its stack, which had no"
                      " guard since the process has too many mappings");
    untell_sanitizers(stack_end(top) - p->size, stack_end(top));
    p->used--;
    p->cache[p->cached++] = top;
    s->cached++;
}

/* ---- pools ---- */

static struct stack_pool *open_pool(int class)
{
    struct stack_pool *p = green__zalloc(sizeof *p);

    if (p) {
        p->size = green__stack_size(class);
        p->stride = p->size + guard_size();
    }
    return p;
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

/* The coldest stacks, as many as may be trimmed at once: how many. */
static unsigned cold_stacks(struct stack_pool *p, unsigned cold,
                            struct iovec ranges[BATCH])
{
    unsigned n;

    for (n = 0; n < BATCH && p->clean < cold; n++) {
        char *end = stack_end(p->cache[p->clean++]);

        ranges[n].iov_base = end - p->size;
        ranges[n].iov_len = p->size;
    }
    return n;
}

/* Cached stacks are kept for as many greenlets as lately lived at once; that
 * number is forgotten by an eighth per trim. */
static void trim_pool(struct stack_pool *p)
{
    unsigned warm = p->need - p->used;
    struct iovec ranges[BATCH];
    unsigned i, n = BATCH;

    p->need -= (p->need - p->used + 7) / 8;
    if (warm < KEPT_WARM)
        warm = KEPT_WARM;
    for (i = 0; i < TRIM_BATCHES && n == BATCH && p->cached > warm; i++) {
        n = cold_stacks(p, p->cached - warm, ranges);
        if (n)
            advise(ranges, n, MADV_DONTNEED);
    }
}

void green__stacks_trim(struct stacks *s)
{
    int class;

    for (class = 0; class < STACK_CLASSES; class++)
        if (s->pools[class])
            trim_pool(s->pools[class]);
}

static void close_pool(struct stack_pool *p)
{
    struct chunk *c = p->first, *next;

    for (; c; c = next) {
        char *start = atomic_load_explicit(&c->start, memory_order_relaxed);

        next = c->next;
        untell_valgrind(c);
        green__sys.munmap(start, atomic_load_explicit(&c->size,
                                                      memory_order_relaxed));
        drop_chunk(c);
    }
    atomic_fetch_sub(&mprotected, p->mprotected);
    green__sys.free(p->cache);
    green__sys.free(p);
}

void green__stacks_close(struct stacks *s)
{
    int class;

    for (class = 0; class < STACK_CLASSES; class++)
        if (s->pools[class])
            close_pool(s->pools[class]);
    memset(s, 0, sizeof *s);
}
