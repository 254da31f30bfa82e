/* SPDX-License-Identifier: MIT */
/* imap.c - layer 6: the results of a function over an array, one by one.
 *
 * A feed begins the tasks, a ring of results takes what they return.  No more
 * than `room` items are begun and not yet taken, so the ring always has a place:
 *
 *     ordered:    item i in results[i % room]
 *     unordered:  the i-th to end in results[i % room]
 *
 *        taken        ended here, in any order       begun         n
 *     -----+----------[ready]------[ready]-------------+-----------+
 *          |<------------------ at most room --------->|
 *
 * In both, results[taken % room] is the next to be taken, when it is ready.
 *
 * Invariants:
 *   1. feed.window == taken + room.
 *   2. A reader waits only while the next result is not ready, and taken < n. */
#include <errno.h>
#include "misuse.h"
#include "task.h"
#include "sys.h"
#include "wait.h"

struct result {
    void *value;
    int error;
    bool ready;
};

struct green_imap {
    struct feed feed;        /* the first field: found from it */
    green_waiters_t readers; /* the item of each: where its value goes */
    size_t taken, ended;
    size_t room;
    bool unordered;
    struct result results[];
};

static struct result *next_result(green_imap_t *i)
{
    struct result *r = &i->results[i->taken % i->room];

    return r->ready ? r : NULL;
}

/* Give the next result to a reader: its error. */
static int take_result(green_imap_t *i, struct result *r, void **value)
{
    if (value && !r->error)
        *value = r->value;
    r->ready = false;
    i->taken++;
    i->feed.window++;
    return r->error;
}

static void serve_readers(green_imap_t *i)
{
    struct green_waiter *w;
    struct result *r;

    while ((w = i->readers.first) && (r = next_result(i)))
        green__end_wait(w->greenlet, w->index, take_result(i, r, w->item));
    if (i->taken == i->feed.n)
        green__wake_all(&i->readers, EPIPE);
}

static void item_ended(struct feed *f, size_t index, void *value, int error)
{
    green_imap_t *i = (green_imap_t *)f;
    size_t place = i->unordered ? i->ended : index;

    i->ended++;
    i->results[place % i->room] = (struct result){value, error, true};
    serve_readers(i);
}

/* How many results there must be room for, at least 1. */
static size_t room_for(const green_pool_t *p, size_t n, size_t buffered)
{
    size_t room = buffered > 0 ? buffered : p->max;

    if (room > n)
        room = n;
    return room > 0 ? room : 1;
}

static green_imap_t *make_imap(size_t room)
{
    green_imap_t *i = NULL;

    if (room <= (SIZE_MAX - sizeof *i) / sizeof *i->results)
        i = green__zalloc(sizeof *i + room * sizeof *i->results);
    if (!i)
        errno = ENOMEM;
    return i;
}

green_imap_t *green_imap_start(green_pool_t *p, void *(*fn)(void *arg),
                               void *const *in, size_t n, size_t buffered,
                               int flags)
{
    struct green_hub *h = green__hub();
    green_imap_t *i;
    size_t room;

    if (!p || !fn || (!in && n > 0) || (flags & ~GREEN_IMAP_UNORDERED)) {
        errno = EINVAL;
        return NULL;
    }
    room = room_for(p, n, buffered);
    if (!h || !(i = make_imap(room)))
        return NULL;
    i->feed = (struct feed){.pool = p,
                            .fn = fn,
                            .in = in,
                            .n = n,
                            .window = room,
                            .ended = item_ended};
    if (green__feed_open(&i->feed, __builtin_return_address(0)) < 0) {
        green__sys.free(i);
        return NULL;
    }
    i->room = room;
    i->unordered = flags & GREEN_IMAP_UNORDERED;
    p->imaps++;
    green__feed(&i->feed);
    return i;
}

static int wait_for_result(green_imap_t *i, void **value, int64_t timeout)
{
    if (i->taken == i->feed.n) {
        errno = EPIPE;
        return -1;
    }
    return green__wait_in(&i->readers, value, 0, timeout, WAIT_IMAP,
                          (uintptr_t)i);
}

int green_imap_next(green_imap_t *i, void **value, int64_t timeout)
{
    struct result *r;
    int error;

    if (!i) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(green__hub(), timeout))
        return -1;
    if (!(r = next_result(i)))
        return wait_for_result(i, value, timeout);
    error = take_result(i, r, value);
    green__feed(&i->feed);
    if (!error)
        return 0;
    errno = error;
    return -1;
}

void green_imap_end(green_imap_t *i)
{
    if (!i)
        return;
    if (i->readers.first)
        green__misuse("green_imap_end", "a greenlet waits for a result");
    green__feed_end(&i->feed);
    i->feed.pool->imaps--;
    green__sys.free(i);
}
