/* SPDX-License-Identifier: MIT */
/* holding.c - layer 8: who may use a stream: flockfile, and the calls that wait.
 *
 * libc's lock of a stream is a thread's, so another greenlet of the thread would come
 * in.  A greenlet that waits while it has the stream, or has locked it by flockfile,
 * therefore is written down, for other greenlets to wait; who lets go of it hands it
 * to the first of them.  libc's lock is held as well, which keeps plain threads out. */
#include <stdlib.h>
#include "lot.h"
#include "streams.h"

struct hold {
    struct hold *next; /* of the same place */
    FILE *file;
    const void *thread; /* whose greenlets, */
    uint64_t greenlet;  /* and which of them */
    unsigned depth;
};

/* Who waits for it. */
struct turn {
    struct lot_waiter waiter; /* first */
    const void *thread;
    uint64_t greenlet;
    struct hold *handed;
};

atomic_uint green__holds;
static _Thread_local char thread;

/* ---- under the lock of its place ---- */

static struct hold *find(const struct lot_place *place, FILE *f)
{
    struct hold *h = place->held;

    while (h && h->file != f)
        h = h->next;
    return h;
}

static bool is_mine(const struct hold *h)
{
    return h->thread == &thread && h->greenlet == green__parked_self();
}

static void take_out(struct lot_place *place, struct hold *h)
{
    struct hold **link = &place->held;

    while (*link != h)
        link = &(*link)->next;
    *link = h->next;
    atomic_fetch_sub(&green__holds, 1);
}

/* True: somebody else has it now. */
static bool hand_over(struct lot_place *place, struct hold *h)
{
    struct turn *next = (struct turn *)green__lot_first(place, h->file);

    if (!next)
        return false;
    h->thread = next->thread;
    h->greenlet = next->greenlet;
    h->depth = 1;
    next->handed = h;
    green__lot_wake(&next->waiter);
    return true;
}

/* ---- */

bool green__held_by_other(FILE *f)
{
    struct lot_place *place = green__lot_place(f);
    struct hold *h;
    bool other;

    if (!is_held_by_any())
        return false;
    green__lot_lock(place);
    h = find(place, f);
    other = h && !is_mine(h);
    green__lot_unlock(place);
    return other;
}

/* True: it has entered the place. */
static bool must_wait(struct turn *t, FILE *f)
{
    struct lot_place *place = t->waiter.place;
    struct hold *h;

    green__lot_lock(place);
    h = find(place, f);
    if (h && is_mine(h))
        h = NULL;
    if (h)
        green__lot_enter(&t->waiter);
    green__lot_unlock(place);
    return h;
}

long green__hold_await(FILE *f, struct hold **handed)
{
    struct turn t = {.thread = &thread, .greenlet = green__parked_self()};
    int error = 0;

    *handed = NULL;
    if (!green__held_by_other(f))
        return 0;
    green__lot_begin_as(&t.waiter, green__lot_place(f), f, WAIT_MUTEX, true);
    if (must_wait(&t, f))
        error = green__lot_wait(&t.waiter, NULL, LOT_ALWAYS);
    green__lot_end(&t.waiter);
    *handed = t.handed;
    return -error;
}

/* True: it was this greenlet's already. */
static bool hold_again(struct lot_place *place, FILE *f, struct hold **found)
{
    struct hold *h;

    green__lot_lock(place);
    h = find(place, f);
    if (h && !is_mine(h))
        h = NULL;
    if (h)
        h->depth++;
    green__lot_unlock(place);
    *found = h;
    return h;
}

struct hold *green__hold(FILE *f)
{
    struct lot_place *place = green__lot_place(f);
    struct hold *h;

    if (hold_again(place, f, &h))
        return h;
    h = malloc(sizeof *h);
    if (!h)
        return NULL;
    *h = (struct hold){NULL, f, &thread, green__parked_self(), 1};
    green__lot_lock(place);
    h->next = place->held;
    place->held = h;
    atomic_fetch_add(&green__holds, 1);
    green__lot_unlock(place);
    return h;
}

void green__hold_end(struct hold *h)
{
    struct lot_place *place = green__lot_place(h->file);
    bool over;

    green__lot_lock(place);
    over = --h->depth == 0 && !hand_over(place, h);
    if (over)
        take_out(place, h);
    green__lot_unlock(place);
    if (over)
        free(h);
}

/* ---- hooks ---- */

/* As a mutex: it cannot say that it was not got, so nothing ends the wait. */
HOOK(flockfile, void, hook_flockfile, (FILE * f));
void hook_flockfile(FILE *f)
{
    int saved_errno = errno;
    green_scope_t shield;
    struct use u;

    if (!may_wait_in()) {
        green__streams()->flockfile(f);
        return;
    }
    green_shield_begin(&shield, GREEN_FOREVER);
    (void)green__use_begin(&u, f, true);
    green_scope_end(&shield);
    if (!u.hold)
        (void)green__hold(f); /* without memory, libc's lock must do */
    errno = saved_errno;
}
HOOK_ALIAS(_IO_flockfile, void, hook_flockfile_2, (FILE * f), flockfile);

HOOK(ftrylockfile, int, hook_ftrylockfile, (FILE * f));
int hook_ftrylockfile(FILE *f)
{
    int error = EBUSY;

    if (!green__held_by_other(f))
        error = green__streams()->ftrylockfile(f);
    if (error == 0 && may_wait_in())
        (void)green__hold(f);
    return error;
}
HOOK_ALIAS(_IO_ftrylockfile, int, hook_ftrylockfile_2, (FILE * f),
           ftrylockfile);

/* Also of what was locked before the last green_unpatch. */
HOOK(funlockfile, void, hook_funlockfile, (FILE * f));
void hook_funlockfile(FILE *f)
{
    struct lot_place *place = green__lot_place(f);
    struct hold *h = NULL;

    green__streams()->funlockfile(f);
    if (!is_held_by_any())
        return;
    green__lot_lock(place);
    h = find(place, f);
    if (h && !is_mine(h))
        h = NULL;
    green__lot_unlock(place);
    if (h)
        green__hold_end(h);
}
HOOK_ALIAS(_IO_funlockfile, void, hook_funlockfile_2, (FILE * f), funlockfile);
