/* SPDX-License-Identifier: MIT */
/* memory.c - the engine's memory, which is not the program's malloc.
 *
 * Sizes are powers of two, from chunks of the kernel's; what is given back is
 * kept for the next of that size.  Each piece begins with its size.  heap.c of
 * libgreen is compiled into the engine, and finds its seam and its errno here. */
#include "memory.h"
#include <stdint.h>
#include <sys/mman.h>
#include "kernel.h"
#include "sys.h"

enum { SMALLEST = 64, CLASSES = 26, CHUNK = 1 << 20, HEADER = 16 };

struct piece {
    size_t class;
    struct piece *next; /* while it is free */
};

static struct piece *unused[CLASSES];
static char *fresh, *fresh_end;

/* The compiler makes calls to these of its own. */
void *memset(void *to, int byte, size_t n)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
    return to;
}

size_t strlen(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

static void *map(size_t size)
{
    long r = kernel_call(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return r < 0 && r > -4096 ? NULL : (void *)r;
}

static struct piece *cut(size_t size)
{
    void *piece;

    if (size >= CHUNK)
        return map(size);
    if ((size_t)(fresh_end - fresh) < size) {
        fresh = map(CHUNK);
        fresh_end = fresh ? fresh + CHUNK : NULL;
    }
    if (!fresh)
        return NULL;
    piece = fresh;
    fresh += size;
    return piece;
}

void *memory_take(size_t size)
{
    size_t class = 0;
    struct piece *p;

    while (((size_t)SMALLEST << class) < size + HEADER)
        if (++class == CLASSES)
            return NULL;
    p = unused[class];
    if (p) {
        unused[class] = p->next;
        memset((char *)p + HEADER, 0, size);
    } else {
        p = cut((size_t)SMALLEST << class);
    }
    if (!p)
        return NULL;
    p->class = class;
    return (char *)p + HEADER;
}

static struct piece *piece_of(void *memory)
{
    return (void *)((char *)memory - HEADER);
}

void memory_give(void *memory)
{
    struct piece *p;

    if (!memory)
        return;
    p = piece_of(memory);
    p->next = unused[p->class];
    unused[p->class] = p;
}

static void *take_anew(void *old, size_t size)
{
    void *memory = memory_take(size);
    size_t n;

    if (!memory || !old)
        return memory;
    n = ((size_t)SMALLEST << piece_of(old)->class) - HEADER;
    memcpy(memory, old, n < size ? n : size);
    memory_give(old);
    return memory;
}

static ssize_t write_plainly(int fd, const void *bytes, size_t n)
{
    return kernel(SYS_write, fd, (long)bytes, (long)n, 0);
}

struct sys green__sys = {.realloc = take_anew, .write = write_plainly};

int *__errno_location(void)
{
    static int number;

    return &number;
}
