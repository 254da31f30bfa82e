/* SPDX-License-Identifier: MIT */
/* hub.c - layer 4: what a thread has for its greenlets, from first use to end.
 *
 * The first call that needs it makes the thread's hub, with the main greenlet
 * that is running already.  The poller comes with the first descriptor waited
 * for, the means to be woken by other threads with the first that may. */
#include "hub.h"
#include <errno.h>
#include <string.h>
#include "dump_signal.h"
#include "fds.h"
#include "hubs.h"
#include "mail.h"
#include "overflow.h"
#include "poke.h"
#include "timeline.h"
#include "turn.h"
#include "unwound.h"
#include "watchdog.h"
#include "wait.h"

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

bool green_has_hub(void)
{
    return green__current_hub != NULL;
}

/* Did the thread end by pthread_exit or cancellation while another greenlet ran,
 * or amid a wait?  Then their frames are no more. */
static void end_unwound(struct green_hub *h)
{
    green_t *left = h->current;

    if (!left || (left == &h->main && left->state == GREEN_STATE_RUNNING))
        return;
    green__unwound_waits(h);
    if (green__sched_unwound(h) != &h->main)
        h->cut_off(left);
}

/* The thread ends: its main greenlet takes leave, then all memory goes.  What
 * other greenlets hold is lost, as it is at the end of a process. */
static void hub_close(struct green_hub *h)
{
    green__current_hub = h;
    end_unwound(h);
    if (h->farewell)
        h->farewell(h);
    if (h->end_watches)
        h->end_watches(h);
    if (h->end_debug)
        h->end_debug(h);
    if (h->end_parked)
        h->end_parked(h);
    if (h->end_calls)
        h->end_calls(h);
    if (h->end_answers)
        h->end_answers(h);
    if (h->end_uring)
        h->end_uring(h);
    green__timeline_close(h);
    green__hubs_leave(h);
    green__mail_close(h);
    green__poke_close(h);
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
    green__turn_open(h);
    h->open_poller = open_poller;
    h->close = hub_close;
    h->expiring = INT64_MIN;
    h->main.hub = h;
    h->main.id = h->last_id = 1;
    h->main.limit = GREEN_FOREVER;
    h->main.started = true;
    h->main.references = 1;
    h->first = h->last = h->leader = &h->main;
    h->live = 1;
    green__look(h);
    green__poke_open(h);
}

struct green_hub *green__hub_open(void)
{
    struct green_hub *h = green__sys.aligned_alloc(64, sizeof *h);

    if (!h)
        return NULL;
    hub_init(h);
    green__mail_open(h);
    if (green__hubs_join(h) < 0) {
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
    green__timeline_open(h);
    green__watchdog_open(h);
    green__dump_signal_open();
    green__debug_open();
    return h;
}

void green__hub_forked(struct green_hub *h)
{
    bool had_pipe = h->wake_fds[0] >= 0;

    h->leader = h->current;
    h->thread = NULL;
    green__sched_forget(h);
    green__turn_forget(h);
    green__fds_forked(h);
    green__mail_forked(h);
    if (had_pipe)
        (void)green__hub_share(h);
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
