/* SPDX-License-Identifier: MIT */
/* greenlet.h - layer 5: how a greenlet comes to be. */
#ifndef GREEN_GREENLET_H
#define GREEN_GREENLET_H

#include "end.h"

/* On whose behalf a greenlet is made, and by which call. */
struct origin {
    uint64_t parent_id;                /* 0: unknown, of another thread maybe */
    struct local_value *const *locals; /* whose are inherited; NULL: nobody's */
    void *site;                        /* where the call returns to */
};

static inline struct origin green__origin(const struct green_hub *h, void *site)
{
    return (struct origin){h->current->id, &h->current->locals, site};
}

/* A new greenlet with two references, the caller's and its own, that is in no
 * queue yet.  NULL with errno. */
green_t *green__make(struct green_hub *h, const green_options_t *options,
                     void *(*fn)(void *arg), void *arg,
                     const struct origin *origin);

/* Make one on behalf of the running greenlet, and make it ready, or let it wait
 * for its delay.  h may be NULL. */
green_t *green__spawn(struct green_hub *h, const green_options_t *options,
                      void *(*fn)(void *arg), void *arg, void *site);

/* The same without options, on behalf of whomever. */
green_t *green__spawn_for(const struct origin *origin, struct green_hub *h,
                          void *(*fn)(void *arg), void *arg);

/* By what it is known that a greenlet is, or was, linked to g. */
static inline void *green__link_mark(const green_t *g)
{
    return (void *)(uintptr_t)g->id;
}

/* Let a made one start when another has ended, if the condition holds then. */
void green__start_after(green_t *g, green_t *other,
                        enum link_condition condition);

#endif
