/* SPDX-License-Identifier: MIT */
/* block.c - layer 5: the control blocks of greenlets.
 *
 * They come in slabs, apart from the stacks, since a handle outlives its stack
 * and a switch looks at many of them in a row.  A block is free, or has
 * references; slabs stay until their thread ends. */
#include "block.h"
#include <errno.h>
#include <string.h>
#include "fiber.h"
#include "misuse.h"
#include "sys.h"

#define SLAB_BLOCKS 63 /* about 64 blocks with the slab's own head */

struct slab {
    struct slab *next;
    green_t blocks[SLAB_BLOCKS];
};

static int add_slab(struct green_hub *h)
{
    struct slab *slab = green__sys.aligned_alloc(64, sizeof *slab);
    int i;

    if (!slab)
        return -1;
    slab->next = h->slabs;
    h->slabs = slab;
    for (i = SLAB_BLOCKS - 1; i >= 0; i--) {
        slab->blocks[i].next = h->free_blocks;
        h->free_blocks = &slab->blocks[i];
    }
    return 0;
}

/* The thread ends.  Greenlets that have not are forgotten, their stacks with
 * them: what they would do on their way out can no longer be waited for. */
static void free_greenlets(struct green_hub *h)
{
    struct slab *slab;
    green_t *g;

    for (g = h->first; g; g = g->next) {
        if (g == &h->main)
            continue;
        green__fiber_free(g);
        green__sys.free(g->name);
    }
    while ((slab = h->slabs)) {
        h->slabs = slab->next;
        green__sys.free(slab);
    }
}

green_t *green__block_take(struct green_hub *h)
{
    green_t *g;

    if (!h->free_blocks && add_slab(h) < 0)
        return NULL;
    g = h->free_blocks;
    h->free_blocks = g->next;
    memset(g, 0, sizeof *g);
    g->hub = h;
    g->limit = GREEN_FOREVER;
    h->free_greenlets = free_greenlets;
    return g;
}

void green__block_give(green_t *g)
{
    if (UNLIKELY(g->name != NULL))
        green__sys.free(g->name);
    if (UNLIKELY(g->error_text != NULL))
        green__sys.free(g->error_text);
    g->next = g->hub->free_blocks;
    g->hub->free_blocks = g;
}

char *green__copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = green__sys.malloc(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

void green__wrong_thread(const char *call)
{
    green__misuse(call, "the greenlet belongs to another thread");
}

green_t *green_retain(green_t *g)
{
    if (!g)
        return NULL;
    green__check_thread(g, "green_retain");
    g->references++;
    return g;
}

void green_release(green_t *g)
{
    if (!g)
        return;
    green__check_thread(g, "green_release");
    if (g->references == 0 ||
        (g->references == 1 && g->state != GREEN_STATE_ENDED))
        green__misuse("green_release", "the greenlet was released too often");
    green__let_go(g);
}

void green_releaseall(green_t *const *gs, size_t n)
{
    size_t i;

    for (i = 0; gs && i < n; i++)
        green_release(gs[i]);
}
