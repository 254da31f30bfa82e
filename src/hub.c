/* SPDX-License-Identifier: MIT */
/* hub.c - layer 4: a thread's meeting with the world, one turn after another.
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
#include "hub.h"
#include <errno.h>
#include <string.h>
#include "dump.h"
#include "fds.h"
#include "mail.h"
#include "overflow.h"
#include "wait.h"

#define LONGEST_TURN 64
#define CREDIT 64                   /* calls that did not wait, per turn */
#define SLOW_TURN GREEN_MS          /* make turns shorter above this, */
#define FAST_TURN (GREEN_MS / 4)    /* longer below this */
#define CHECK_EVERY (10 * GREEN_MS) /* foreign parked descriptors, while busy */
#define CHECK_OURS GREEN_SEC        /* those that the library made */
#define ARM_EVERY (100 * GREEN_MS)  /* the SIGSEGV handler, while idle */

static bool reached(const struct green_hub *h, uint32_t mark)
{
    return (int32_t)(h->head - mark) >= 0;
}

/* ---- the ways to wait for the world ---- */

static void poll_for(struct green_hub *h, int64_t timeout)
{
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
    if (h->parked &&
        h->now - h->checked > (h->parked_foreign ? CHECK_EVERY : CHECK_OURS))
        green__fds_check(h);
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
    return h->fd_waits == 0 && h->outside == 0 && !h->shown &&
           green__mail_is_alone(h);
}

static void tell_deadlock(struct green_hub *h)
{
    static const char line[] =
        "libgreen: deadlock: every greenlet waits for another; "
        "the main greenlet's wait fails with EDEADLK\n";

    if (h->deadlock_fn) {
        h->deadlock_fn(h->deadlock_arg);
    } else {
        (void)!green__sys.write(2, line, sizeof line - 1);
        green__dump(h, 2);
    }
    if (h->main.state == GREEN_STATE_WAITING)
        green__end_wait(&h->main, -1, EDEADLK);
}

/* What can be put off until nothing else is to be done. */
static void tidy(struct green_hub *h)
{
    green__stacks_trim(&h->stacks);
    if (h->attaches > 0 && h->now - h->armed > ARM_EVERY) {
        h->armed = h->now;
        green__overflow_arm(h);
    }
}

/* Is it time to make sure of the descriptors that greenlets wait for?  At once
 * if one is not ours, else every now and then; *timeout ends when it is. */
static bool must_check(struct green_hub *h, int64_t *timeout)
{
    int64_t left = h->checked + CHECK_OURS - h->now;

    if (!h->parked)
        return false;
    if (h->parked_foreign || left <= 0)
        return true;
    if (*timeout < 0 || *timeout > left)
        *timeout = left;
    return false;
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

static void block(struct green_hub *h, int64_t timeout)
{
    if (green__mail_before_rest(h))
        timeout = 0;
    poll_for(h, timeout);
    green__mail_after_rest(h);
}

/* Nobody is ready: wait for the world. */
static void rest(struct green_hub *h)
{
    int64_t timeout = time_left(h);

    if (must_check(h, &timeout) && check_parked(h))
        return;
    if (timeout < 0 && is_hopeless(h)) {
        tell_deadlock(h);
        return;
    }
    if (timeout != 0)
        tidy(h);
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
    h->credit = CREDIT;
    h->look_mark = h->head + (uint32_t)h->turn_length;
}

static void hub_turn(struct green_hub *h)
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

/* ---- its life ---- */

static const struct poller_ops *const pollers[] = {
    &green__epoll, &green__kqueue, &green__poll_poller};

/* The first that works here, or the one asked for. */
static int open_poller(struct green_hub *h)
{
    const char *wish = green__sys.getenv("GREEN_BACKEND");
    size_t i;

    errno = ENOSYS;
    for (i = 0; i < sizeof pollers / sizeof *pollers; i++) {
        if (wish && *wish && strcmp(wish, pollers[i]->name) != 0)
            continue;
        h->poller = pollers[i]->open();
        if (h->poller || errno != ENOSYS)
            break;
    }
    return h->poller ? 0 : -1;
}

int green__hub_share(struct green_hub *h)
{
    struct fd_state *s;

    if (green__mail_pipe(h) < 0 || !(s = green__fd(h, h->wake_fds[0])))
        return -1;
    return green__fd_watch(h, s);
}

green_hub_t *green_hub(void)
{
    struct green_hub *h = green__hub();

    if (!h || green__hub_share(h) < 0)
        return NULL;
    h->shown = true;
    return h;
}

/* The thread ends: its main greenlet takes leave, then all memory goes.  What
 * other greenlets hold is lost, as it is at the end of a process. */
static void hub_close(struct green_hub *h)
{
    green__current_hub = h;
    if (h->farewell)
        h->farewell(h);
    green__mail_close(h);
    if (h->free_greenlets)
        h->free_greenlets(h);
    green__sys.free(h->main.name);
    green__fds_close(h);
    green__wait_close(h);
    green__sched_close(h);
    green__stacks_close(&h->stacks);
    green__overflow_close(h);
    green__sys.free(h);
    green__current_hub = NULL;
}

static void hub_init(struct green_hub *h)
{
    memset(h, 0, sizeof *h);
    h->turn = hub_turn;
    h->open_poller = open_poller;
    h->close = hub_close;
    h->turn_length = LONGEST_TURN;
    h->credit = CREDIT;
    h->expiring = INT64_MIN;
    h->main.hub = h;
    h->main.id = h->last_id = 1;
    h->main.limit = GREEN_FOREVER;
    h->main.started = true;
    h->main.references = 1;
    h->first = h->last = &h->main;
    h->live = 1;
    green__look(h);
}

struct green_hub *green__hub_open(void)
{
    struct green_hub *h = green__sys.aligned_alloc(64, sizeof *h);

    if (!h)
        return NULL;
    hub_init(h);
    if (green__mail_open(h) < 0) {
        green__sys.free(h);
        return NULL;
    }
    if (green__sched_reserve(h, 1) < 0 || green__wait_reserve(h, 1) < 0) {
        hub_close(h);
        errno = ENOMEM;
        return NULL;
    }
    green__sched_open(h);
    green__current_hub = h;
    return h;
}

void green_set_deadlock_fn(void (*fn)(void *arg), void *arg)
{
    struct green_hub *h = green__hub();

    if (h) {
        h->deadlock_fn = fn;
        h->deadlock_arg = arg;
    }
}

int green_stats(green_stats_t *stats)
{
    struct green_hub *h = green__hub();

    if (!stats || !h) {
        errno = stats ? ENOMEM : EINVAL;
        return -1;
    }
    memset(stats, 0, sizeof *stats);
    stats->greenlets = h->live;
    stats->ready = h->tail - h->head;
    stats->spawned = h->spawned;
    stats->switches = h->switches;
    stats->polls = h->polls;
    stats->timers = h->sleepers.n + h->timeouts.n;
    stats->stacks_cached = h->stacks.cached;
    stats->stacks_unguarded = h->stacks.unguarded;
    return 0;
}
