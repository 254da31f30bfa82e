/* SPDX-License-Identifier: MIT */
/* local.c - layer 5: values that each greenlet has for itself.
 *
 * A list per greenlet, keyed by the address of the local: greenlets have few, a
 * local costs nothing where it is not set, and any number may exist.  What was
 * looked up moves to the front.
 *
 * The list of who inherits is made before the first value is copied, so that
 * copying cannot fail halfway, and may look up locals of the spawner.
 *
 * Invariant: a local is in a greenlet's list at most once, never with NULL. */
#include "local.h"
#include <errno.h>
#include "defer.h"
#include "misuse.h"
#include "scope.h"
#include "sys.h"

struct local_value {
    struct local_value *next;
    const green_local_t *local;
    void (*destructor)(void *value);
    void *(*copy)(void *value);
    bool inherited;
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

static void drop_first(struct local_value **locals)
{
    struct local_value *v = *locals;

    *locals = v->next;
    green__sys.free(v);
}

void green_local_init(green_local_t *l, void (*destructor)(void *value))
{
    *l = (green_local_t)GREEN_LOCAL_INIT(destructor);
}

void green_local_init_inherited(green_local_t *l, void *(*copy)(void *value),
                                void (*destructor)(void *value))
{
    *l = (green_local_t)GREEN_LOCAL_INHERITED_INIT(copy, destructor);
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
    v->copy = l->copy;
    v->inherited = l->inherited;
    v->value = value;
    v->next = h->current->locals;
    h->current->locals = v;
    h->end_locals = green__locals_end;
    h->inherits |= l->inherited;
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
        drop_first(&h->current->locals);
    return 0;
}

/* A destructor may set locals again: those are destroyed too. */
void green__locals_end(struct local_value **locals)
{
    const green_t *self = green__current_hub->current;
    const green_scope_t *scope = self->scope;
    struct local_value v;

    while (*locals) {
        v = **locals;
        drop_first(locals);
        if (v.destructor)
            v.destructor(v.value);
        green__scopes_check(self, scope);
    }
}

/* ---- inheritance ---- */

/* The same values, in the same order: 0, or -1 with ENOMEM and none. */
static int list_inherited(struct local_value **heir,
                          const struct local_value *from)
{
    struct local_value **end = heir, *v;

    for (; from; from = from->next) {
        if (!from->inherited)
            continue;
        if (!(v = green__sys.malloc(sizeof *v))) {
            while (*heir)
                drop_first(heir);
            return -1;
        }
        *v = *from;
        v->next = NULL;
        *end = v;
        end = &v->next;
    }
    return 0;
}

static void copy_inherited(struct local_value **at)
{
    struct local_value *v;

    while ((v = *at)) {
        if (v->copy)
            v->value = v->copy(v->value);
        if (v->value)
            at = &v->next;
        else
            drop_first(at);
    }
}

/* This may be amid the end of another greenlet, so a copy that blocks would
 * leave that halfway: seen afterwards, since the ready queue has moved on. */
int green__locals_inherit(struct local_value **heir,
                          const struct local_value *from)
{
    uint32_t head = green__current_hub->head;

    if (list_inherited(heir, from) < 0)
        return -1;
    copy_inherited(heir);
    if (green__current_hub->head != head)
        green__misuse("the copying of an inherited local",
                      "it blocked, which it must not");
    return 0;
}
