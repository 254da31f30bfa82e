/* SPDX-License-Identifier: MIT */
/* turn.c - layer 4: a hub's meeting with the world, one turn after another.
 *
 * A greenlet that finds nobody ready, or that is the last of a turn, runs turn()
 * on its own stack.  A turn looks at descriptors first, then at what other
 * threads sent, then at sleepers; all whom that wakes join the ready queue.
 * Timeouts that are due by then are decided only when those greenlets have run
 * (expire_mark), so that a success in the same turn wins over them.
 *
 * A turn lasts up to 64 switches, fewer when they turn out to be slow, so
 * descriptors and timers are served while greenlets only yield.
 *
 * Invariant: when turn() returns, somebody is ready. */
#include <errno.h>
#include <stdlib.h>
#include "dump.h"
#include "fds.h"
#include "hubs.h"
#include "mail.h"
#include "misuse.h"
#include "overflow.h"
#include "turn.h"
#include "unwound.h"
#include "wait.h"

#define SLOW_TURN GREEN_MS          /* make turns shorter above this, */
#define FAST_TURN (GREEN_MS / 4)    /* longer below this */
#define CHECK_EVERY (10 * GREEN_MS) /* foreign parked descriptors, while busy */
#define LONGEST_SPIN 1000000        /* microseconds */
#define ARM_EVERY (100 * GREEN_MS)  /* the SIGSEGV handler, while idle */

static bool reached(const struct green_hub *h, uint32_t mark)
{
    return (int32_t)(h->head - mark) >= 0;
}

/* ---- the ways to wait for the world ---- */

static void poll_for(struct green_hub *h, int64_t timeout)
{
    SEES_UNWINDING; /* a wait here can be cancelled */
    h->polls++;
    if (h->poller)
        h->poller->ops->wait(h->poller, h, timeout);
    else
        green__sys.poll(NULL, 0, timeout);
}

static void glance(struct green_hub *h)
{
    if (h->fd_waits > 0)
        poll_for(h, 0);
    if (h->parked && (h->now >= green__fds_check_due(h) ||
                      (h->parked_foreign && h->now - h->glanced > CHECK_EVERY)))
        green__fds_glance(h);
}

/* Time until a timer is due: 0 if one is, -1 if there is none. */
static int64_t time_left(struct green_hub *h)
{
    int64_t next = green__next_deadline(h);

    green__look(h);
    if (next == GREEN_FOREVER)
        return -1;
    return next <= h->now ? 0 : next - h->now;
}

/* Can nothing ever make anybody ready? */
static bool is_hopeless(struct green_hub *h)
{
    return h->fd_waits == h->service_waits && h->outside == 0 && !h->shown &&
           green__hubs_are_one(h);
}

static void tell_deadlock(struct green_hub *h)
{
    static const char line[] =
        "libgreen: deadlock: nothing can end the wait of any greenlet; "
        "the main greenlet's wait fails with EDEADLK\n";

    if (!h->leader)
        green__misuse("green_fork", "nobody is left in the child: one of its "
                                    "greenlets must end it, by exit or _exit");
    if (h->deadlock_fn) {
        h->deadlock_fn(h->deadlock_arg);
    } else {
        (void)!green__sys.write(2, line, sizeof line - 1);
        green__dump(h, 2);
    }
    if (h->leader->state == GREEN_STATE_WAITING)
        green__end_wait(h->leader, -1, EDEADLK);
}

/* What can be put off until nothing else is to be done.  How long to rest at
 * most: after a burst its memory is given back bit by bit, and a hub that rests
 * for ever would keep it. */
static int64_t tidy(struct green_hub *h, int64_t timeout)
{
    int64_t again = green__stacks_trim(&h->stacks);

    if (h->attaches > 0 && h->now - h->armed > ARM_EVERY) {
        h->armed = h->now;
        green__overflow_arm(h);
    }
    return again != INT64_MAX && (timeout < 0 || timeout > again) ? again
                                                                  : timeout;
}

/* Is it time to make sure of the descriptors that greenlets wait for?  At once
 * if one is not ours or a busy hub looked at it, else every now and then. */
static bool must_check(const struct green_hub *h)
{
    return h->seen || h->parked_foreign ||
           (h->parked && h->now >= green__fds_check_due(h));
}

/* How long to rest at most: until it is. */
static int64_t until_check(const struct green_hub *h, int64_t timeout)
{
    int64_t left = green__fds_check_due(h) - h->now;

    if (!h->parked || (timeout >= 0 && timeout < left))
        return timeout;
    return left > 0 ? left : 0;
}

/* True if that, or a look at them, made somebody ready. */
static bool check_parked(struct green_hub *h)
{
    if (h->parked_foreign)
        poll_for(h, 0);
    if (green__ring_empty(h))
        green__fds_check(h);
    return !green__ring_empty(h);
}

/* For a little while keep asking: falling asleep and being woken takes longer than
 * most answers do.  Did somebody become ready, or is the time up?  A poll takes 100 ns
 * at least, so this ends by a clock that stands still, too. */
static bool spin(struct green_hub *h, int64_t timeout)
{
    int64_t begun = h->now;
    int64_t spin = timeout < 0 || timeout > h->spin ? h->spin : timeout;
    int64_t polls = h->spin / 100;

    while (polls-- > 0 && h->now - begun < spin) {
        poll_for(h, 0);
        if (!green__ring_empty(h) || atomic_load(&h->mail))
            return true;
        green__look(h);
    }
    return timeout >= 0 && h->now - begun >= timeout;
}

static void sleep_until_told(struct green_hub *h, int64_t timeout)
{
    int64_t begun = h->now;

    if (h->spin > 0 && timeout != 0) {
        if (spin(h, timeout))
            return;
        if (timeout >= 0)
            timeout -= h->now - begun;
    }
    poll_for(h, timeout);
}

static void block(struct green_hub *h, int64_t timeout)
{
    if (green__mail_before_rest(h))
        timeout = 0;
    green__happens(h, HAPPENS_REST, h->current, NULL);
    atomic_store_explicit(&h->resting, true, memory_order_relaxed);
    sleep_until_told(h, timeout);
    atomic_store_explicit(&h->resting, false, memory_order_relaxed);
    green__happens(h, HAPPENS_RESTED, h->current, NULL);
    green__mail_after_rest(h);
}

/* Nobody is ready: wait for the world. */
static void rest(struct green_hub *h)
{
    int64_t timeout = time_left(h);
    bool no_timer = timeout < 0;

    if (must_check(h) && check_parked(h))
        return;
    if (no_timer && is_hopeless(h)) {
        tell_deadlock(h);
        return;
    }
    timeout = until_check(h, timeout);
    if (timeout != 0)
        timeout = tidy(h, timeout);
    block(h, timeout);
}

/* Turns of about a quarter to one millisecond, of 1 to 64 switches. */
static void pace(struct green_hub *h, int64_t last_look)
{
    int64_t took = h->now - last_look;

    if (took > SLOW_TURN && h->turn_length > 1)
        h->turn_length /= 2;
    else if (took < FAST_TURN && h->turn_length < LONGEST_TURN)
        h->turn_length *= 2;
}

static void look_around(struct green_hub *h)
{
    int64_t last_look = h->now;
    bool resting = green__ring_empty(h);

    if (resting)
        rest(h);
    else
        glance(h);
    green__mail_deliver(h);
    green__look(h);
    green__wake_sleepers(h);
    if (h->expiring == INT64_MIN && h->timeouts.n &&
        h->timeouts.entries[0].deadline <= h->now) {
        h->expiring = h->now;
        h->expire_mark = h->tail;
    }
    if (!resting)
        pace(h, last_look);
    h->look_mark = h->head + (uint32_t)h->turn_length;
}

void green__turn_early(struct green_hub *h)
{
    h->credit = CREDIT;
    h->look_mark = h->head;
    h->budget = 0;
    green__give_way(h);
}

void green__turn_open(struct green_hub *h)
{
    const char *wish = green__sys.getenv("GREEN_SPIN_US");
    long us = wish ? strtol(wish, NULL, 10) : 0;

    h->turn = green__turn;
    h->turn_length = LONGEST_TURN;
    h->credit = CREDIT;
    if (us > 0)
        h->spin = us < LONGEST_SPIN ? us * GREEN_US : LONGEST_SPIN * GREEN_US;
}

void green__turn_forget(struct green_hub *h)
{
    h->look_mark = h->expire_mark = h->head;
}

void green__turn(struct green_hub *h)
{
    uint32_t mark;

    do {
        if (h->expiring != INT64_MIN &&
            (green__ring_empty(h) || reached(h, h->expire_mark)))
            green__expire(h);
        if (green__ring_empty(h) || reached(h, h->look_mark))
            look_around(h);
    } while (green__ring_empty(h));
    mark = h->look_mark;
    if (h->expiring != INT64_MIN && (int32_t)(h->expire_mark - mark) < 0)
        mark = h->expire_mark;
    h->budget = (int)(mark - h->head) - 1;
}
