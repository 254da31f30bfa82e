/* SPDX-License-Identifier: MIT */
/* watchdog.c - layer 4: tells of greenlets that do not give way.
 *
 * A thread looks at all hubs, several times per limit.  Whoever gives way, be
 * it to himself, takes one from the ready queue, so the hub's head moves; and
 * while nobody is ready the hub says that it rests.  So a head that stands
 * still in a hub that does not rest is one greenlet that runs.  It is counted
 * in looks, not by the clock: when the whole process stood still, in a debugger
 * or because the machine was busy, the greenlet is not to blame.
 *
 * The hot path knows nothing of this: head moves anyway. */
#include "watchdog.h"
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include "line.h"
#include "hubs.h"
#include "lookout.h"
#include "poke.h"
#include "sys.h"

enum { LOOKS = 4 }; /* per limit, if it is not too short for that */

static atomic_int limit_ms;

/* ThreadSanitizer would have us count with atomic operations on the other side,
 * where it would cost something.  A value that is a little old does no harm. */
#define UNSYNCHRONISED __attribute__((no_sanitize("thread")))

UNSYNCHRONISED static uint32_t head_of(const struct green_hub *h)
{
    return *(const volatile uint32_t *)&h->head;
}

UNSYNCHRONISED static uint64_t current_id(const struct green_hub *h)
{
    return (*(green_t *const volatile *)&h->current)->id;
}

/* ---- reports ---- */

static void add_offence(struct line *l, const struct green_hub *h)
{
    green__line_add(l, " has run for %u ms without giving way",
                    atomic_load(&h->stuck_ms));
}

/* In a signal handler of the hub's thread. */
static void tell_stuck(struct green_hub *h)
{
    const green_t *g = h->current;
    struct line l = {.n = 0};

    if (h->head != atomic_load(&h->seen_head) || atomic_load(&h->resting))
        return;
    green__line_add(&l, "libgreen: greenlet %" PRIu64, g->id);
    if (g->name)
        green__line_add(&l, " (%.64s)", g->name);
    add_offence(&l, h);
    green__line_text(&l, ":\n");
    green__line_write(&l, 2);
    green__sys.backtrace(2);
}

/* Its thread takes no signals, so this is all that can be known from here. */
static void tell_deaf(struct green_hub *h)
{
    struct line l = {.n = 0};

    green__line_add(&l, "libgreen: greenlet %" PRIu64, current_id(h));
    add_offence(&l, h);
    green__line_text(&l, "; its thread does not let SIGURG in to tell more\n");
    green__line_write(&l, 2);
}

/* ---- the looks ---- */

static unsigned period_of(unsigned limit)
{
    return limit < LOOKS ? 1 : limit / LOOKS;
}

static void look_at_hub(struct green_hub *h, void *arg)
{
    unsigned limit = *(const unsigned *)arg, period = period_of(limit);
    uint32_t head = head_of(h);

    if (head != atomic_load(&h->seen_head) || atomic_load(&h->resting)) {
        atomic_store(&h->seen_head, head);
        atomic_store(&h->stuck_ms, 0);
        h->is_reported = false;
        return;
    }
    if (atomic_fetch_add(&h->stuck_ms, period) + period < limit)
        return;
    if (!h->is_reported)
        h->is_reported = green__poke(h, tell_stuck);
    else if (atomic_load(&h->stuck_ms) / 2 >= limit && green__poke_withdraw(h))
        tell_deaf(h);
}

static void look_at_hubs(bool rung)
{
    unsigned limit = (unsigned)atomic_load(&limit_ms);

    if (!rung && limit > 0)
        green__hubs_try_each(look_at_hub, &limit); /* else at the next look */
}

/* ---- on and off ---- */

static struct lookout watchdog = LOOKOUT_INIT(look_at_hubs, -1);

/* The first backtrace allocates, so it must not come in a handler. */
static void switch_on(unsigned limit)
{
    green__sys.backtrace(-1);
    atomic_store(&limit_ms, (int)limit);
    atomic_store(&watchdog.period, (int)period_of(limit));
    if (green__poke_prepare() == 0 && green__lookout_start(&watchdog) == 0)
        green__lookout_ring(&watchdog);
}

void green_watchdog(int64_t limit)
{
    int64_t ms = limit / GREEN_MS + (limit % GREEN_MS != 0);

    if (limit <= 0)
        green__lookout_stop(&watchdog);
    else
        switch_on(ms < INT_MAX ? (unsigned)ms : INT_MAX);
}

static void watch_as_wished(void)
{
    const char *wish = green__sys.getenv("GREEN_WATCHDOG_MS");
    long ms = wish ? strtol(wish, NULL, 10) : 0;

    if (ms > 0)
        green_watchdog(ms < INT_MAX ? ms * GREEN_MS : GREEN_FOREVER);
}

void green__watchdog_open(struct green_hub *h)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    atomic_store(&h->seen_head, h->head - 1);
    pthread_once(&once, watch_as_wished);
}
