/* SPDX-License-Identifier: MIT */
/* report.c - layer 4: what a hub has to tell, as a text in memory.
 *
 * A dump (dump.c) needs no memory, but stops the thread while it is written.
 * These are made without a switch, so they tell of one moment, and can be sent by
 * a greenlet that waits. */
#include "report.h"
#include <inttypes.h>
#include <string.h>
#include "dump.h"
#include "sys.h"

enum { DEEPEST = 32 }; /* the tree is indented no more */

/* ---- text ---- */

static bool make_room_for(struct report *r, size_t n)
{
    size_t room = r->room ? r->room : 4096;
    char *text;

    while (room - r->n < n)
        room *= 2;
    if (room == r->room)
        return true;
    text = green__sys.realloc(r->text, room);
    if (!text) {
        r->lacks_memory = true;
        return false;
    }
    r->text = text;
    r->room = room;
    return true;
}

static void add_line(struct report *r, const char *text, size_t n)
{
    if (!make_room_for(r, n + 1))
        return;
    memcpy(r->text + r->n, text, n);
    r->text[r->n + n] = '\n';
    r->n += n + 1;
}

void green__report_add(struct report *r, const struct line *l)
{
    add_line(r, l->text, l->n);
}

void green__report_text(struct report *r, const char *text)
{
    add_line(r, text, strlen(text));
}

/* ---- lists ---- */

void green__report_list(struct report *r, struct green_hub *h)
{
    int64_t now = green__sys.now();
    const green_t *g;

    for (g = h->first; g; g = g->next) {
        struct line l = {.n = 0};

        green__dump_line(&l, g, now);
        green__report_add(r, &l);
    }
}

void green__report_dump(struct report *r, struct green_hub *h)
{
    int64_t now = green__sys.now();
    const green_t *g;

    for (g = h->first; g; g = g->next) {
        struct line l = {.n = 0};

        green__dump_line(&l, g, now);
        green__dump_origin(&l, g);
        green__report_add(r, &l);
    }
}

/* ---- the tree ---- */

/* Indices into an array of all, in the order of their numbers; a parent has a
 * lower one than its children.  0 is main, whom nobody spawned, and so none. */
struct node {
    const green_t *g;
    size_t parent, first, last, next;
    bool is_root; /* who spawned it has ended, or is not known */
};

/* Of the first n nodes that with this number, or n. */
static size_t find_node(const struct node *nodes, size_t n, uint64_t id)
{
    size_t low = 0, high = n, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (nodes[middle].g->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && nodes[low].g->id == id ? low : n;
}

static void hang_node(struct node *nodes, size_t i)
{
    size_t parent = find_node(nodes, i, nodes[i].g->parent_id);

    nodes[i].is_root = parent == i;
    if (nodes[i].is_root)
        return;
    nodes[i].parent = parent;
    if (nodes[parent].last)
        nodes[nodes[parent].last].next = i;
    else
        nodes[parent].first = i;
    nodes[parent].last = i;
}

static void add_node(struct report *r, const struct node *node, int depth,
                     int64_t now)
{
    struct line l = {.n = 0};

    green__line_add(&l, "%*s", 2 * (depth < DEEPEST ? depth : DEEPEST), "");
    green__dump_line(&l, node->g, now);
    if (node->is_root)
        green__dump_origin(&l, node->g);
    green__report_add(r, &l);
}

/* One with all below it: down to the first child, else to the next of the same
 * parent, else up. */
static void add_branch(struct report *r, const struct node *nodes, size_t root,
                       int64_t now)
{
    size_t at = root;
    int depth = 0;

    for (;;) {
        add_node(r, &nodes[at], depth, now);
        if (nodes[at].first) {
            at = nodes[at].first;
            depth++;
            continue;
        }
        for (; at != root && !nodes[at].next; depth--)
            at = nodes[at].parent;
        if (at == root)
            return;
        at = nodes[at].next;
    }
}

void green__report_tree(struct report *r, struct green_hub *h)
{
    struct node *nodes = green__zalloc(h->live * sizeof *nodes);
    int64_t now = green__sys.now();
    const green_t *g;
    size_t n = 0, i;

    if (!nodes) {
        r->lacks_memory = true;
        return;
    }
    for (g = h->first; g; g = g->next) {
        nodes[n].g = g;
        hang_node(nodes, n++);
    }
    for (i = 0; i < n; i++)
        if (nodes[i].is_root)
            add_branch(r, nodes, i, now);
    green__sys.free(nodes);
}

/* ---- figures ---- */

void green__report_stats(struct report *r, struct green_hub *h)
{
    green_stats_t s = {0};
    size_t i;

    (void)h;
    green_stats(&s); /* the running one's, which h is */
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {{"greenlets", s.greenlets},
                   {"ready", s.ready},
                   {"spawned", s.spawned},
                   {"switches", s.switches},
                   {"polls", s.polls},
                   {"timers", s.timers},
                   {"stacks cached", s.stacks_cached},
                   {"stacks unguarded", s.stacks_unguarded}};

    for (i = 0; i < sizeof figures / sizeof *figures; i++) {
        struct line l = {.n = 0};

        green__line_add(&l, "%s %" PRIu64, figures[i].name, figures[i].value);
        green__report_add(r, &l);
    }
}
