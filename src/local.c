/* SPDX-License-Identifier: MIT */
/* local.c - layer 5: values that each greenlet has for itself.
 *
 * A list per greenlet, keyed by the address of the local: greenlets have few, a
 * local costs nothing where it is not set, and any number may exist.  What was
 * looked up moves to the front.
 *
 * Invariant: a local is in a greenlet's list at most once, never with NULL. */
#include "local.h"
#include <errno.h>
#include "defer.h"
#include "sys.h"

struct local_value {
    struct local_value *next;
    const green_local_t *local;
    void (*destructor)(void *value);
    void *value;
};

/* The entry for l, now in front, or NULL. */
static struct local_value *find_local(green_t *g, const green_local_t *l)
{
    struct local_value **at, *v;

    for (at = &g->locals; (v = *at); at = &v->next) {
        if (v->local != l)
            continue;
        *at = v->next;
        v->next = g->locals;
        g->locals = v;
        return v;
    }
    return NULL;
}

static void drop_first(green_t *g)
{
    struct local_value *v = g->locals;

    g->locals = v->next;
    green__sys.free(v);
}

void green_local_init(green_local_t *l, void (*destructor)(void *value))
{
    l->destructor = destructor;
}

void *green_local_get(green_local_t *l)
{
    struct green_hub *h = green__hub();
    struct local_value *v = h && l ? find_local(h->current, l) : NULL;

    return v ? v->value : NULL;
}

static int add_local(struct green_hub *h, green_local_t *l, void *value)
{
    struct local_value *v = green__zalloc(sizeof *v);

    if (!v)
        return -1;
    v->local = l;
    v->destructor = l->destructor;
    v->value = value;
    v->next = h->current->locals;
    h->current->locals = v;
    h->end_locals = green__locals_end;
    if (h->current == h->leader)
        green__expect_farewell(h);
    return 0;
}

int green_local_set(green_local_t *l, void *value)
{
    struct green_hub *h = green__hub();
    struct local_value *v;

    if (!l)
        errno = EINVAL;
    if (!l || !h)
        return -1;
    v = find_local(h->current, l);
    if (!v)
        return value ? add_local(h, l, value) : 0;
    v->value = value;
    if (!value)
        drop_first(h->current);
    return 0;
}

/* A destructor may set locals again: those are destroyed too. */
void green__locals_end(green_t *g)
{
    struct local_value v;

    while (g->locals) {
        v = *g->locals;
        drop_first(g);
        if (v.destructor)
            v.destructor(v.value);
    }
}
