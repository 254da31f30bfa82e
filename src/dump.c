/* SPDX-License-Identifier: MIT */
/* dump.c - layer 3: all greenlets and what each waits for, as text.
 *
 * It reads what the other files keep anyway, allocates nothing, and so can also
 * tell of a deadlock.  One line a greenlet, oldest first:
 *
 *   #7 worker  waiting to get from queue 0x55d0c0 for 1.204 s  by #1 at 0x401a32
 *
 * The last address is where it was spawned: `addr2line -e PROGRAM` names the line. */
#include "dump.h"
#include <inttypes.h>
#include "line.h"
#include "sched.h"
#include "sys.h"

static const char *const reason_words[] = {
    [WAIT_NONE] = "",
    [WAIT_START] = "not started",
    [WAIT_YIELD] = "yielded",
    [WAIT_SLEEP] = "sleeping",
    [WAIT_JOIN] = "waiting to join greenlet",
    [WAIT_FIRST] = "waiting for the first of several greenlets",
    [WAIT_OTHERS] = "waiting for all other greenlets",
    [WAIT_EVENT] = "waiting for event",
    [WAIT_FUTURE] = "waiting for future",
    [WAIT_SEM] = "waiting for sem",
    [WAIT_MUTEX] = "waiting for mutex",
    [WAIT_COND] = "waiting for cond",
    [WAIT_RWLOCK] = "waiting for rwlock",
    [WAIT_BARRIER] = "waiting at barrier",
    [WAIT_WAITGROUP] = "waiting for waitgroup",
    [WAIT_ONCE] = "waiting for once",
    [WAIT_GET] = "waiting to get from queue",
    [WAIT_PUT] = "waiting to put into queue",
    [WAIT_QUEUE] = "waiting to join queue",
    [WAIT_SELECT] = "waiting in select",
    [WAIT_READ] = "waiting to read from descriptor",
    [WAIT_WRITE] = "waiting to write to descriptor",
    [WAIT_FD] = "waiting for descriptor",
    [WAIT_POLL] = "waiting in poll",
    [WAIT_OFFLOAD] = "waiting for a thread",
    [WAIT_CALL] = "waiting for a call on hub",
    [WAIT_GROUP] = "waiting for group",
    [WAIT_ROOM] = "waiting for room in pool",
    [WAIT_TASKS] = "waiting for tasks of pool",
    [WAIT_MAP] = "waiting for tasks of pool",
    [WAIT_IMAP] = "waiting for imap",
    [WAIT_CHILD] = "waiting for child process",
};

static void add_object(struct line *l, const green_t *g)
{
    switch ((enum green_reason)g->reason) {
    case WAIT_YIELD: /* it is that of the wait before */
        break;
    case WAIT_JOIN:
        green__line_add(l, " #%" PRIuPTR, g->object);
        break;
    case WAIT_READ:
    case WAIT_WRITE:
    case WAIT_FD:
    case WAIT_CHILD:
        green__line_add(l, " %" PRIdPTR, (intptr_t)g->object);
        break;
    default:
        if (g->object)
            green__line_add(l, " %#" PRIxPTR, g->object);
    }
}

void green__dump_reason(struct line *l, const green_t *g)
{
    green__line_text(l, reason_words[g->reason]);
    add_object(l, g);
}

static void add_state(struct line *l, const green_t *g, int64_t now)
{
    int64_t since_ms = (now - g->since) / GREEN_MS;

    switch ((enum green_state)g->state) {
    case GREEN_STATE_RUNNING:
        green__line_add(l, "running");
        return;
    case GREEN_STATE_READY:
        green__line_add(l, g->started ? "ready" : "ready, not started");
        return;
    case GREEN_STATE_ENDED:
        green__line_add(l, "ending");
        return;
    case GREEN_STATE_WAITING:
        break;
    }
    green__dump_reason(l, g);
    if (g->blocker && *g->blocker)
        green__line_add(l, " of #%" PRIu64, (*g->blocker)->id);
    green__line_add(l, " for %" PRId64 ".%03d s", since_ms / 1000,
                    (int)(since_ms % 1000));
}

void green__dump_line(struct line *l, const green_t *g, int64_t now)
{
    green__line_add(l, "#%" PRIu64 " %.64s  ", g->id, green_name(g));
    add_state(l, g, now);
    if (g->killed)
        green__line_add(l, ", killed");
}

void green__dump_origin(struct line *l, const green_t *g)
{
    if (g->parent_id)
        green__line_add(l, "  by #%" PRIu64, g->parent_id);
    else if (g->spawn_site)
        green__line_add(l, "  posted");
    if (g->spawn_site)
        green__line_add(l, " at %p", g->spawn_site);
}

static void dump_one(const green_t *g, int64_t now, int fd)
{
    struct line l = {.n = 0};

    green__line_text(&l, "  ");
    green__dump_line(&l, g, now);
    green__dump_origin(&l, g);
    green__line_text(&l, "\n");
    green__line_write(&l, fd);
}

void green__dump(struct green_hub *h, int fd)
{
    struct line l = {.n = 0};
    int64_t now = green__sys.now();
    const green_t *g;

    green__line_add(&l, "libgreen: %" PRIu32 " greenlet%s\n", h->live,
                    h->live == 1 ? "" : "s");
    green__line_write(&l, fd);
    for (g = h->first; g; g = g->next)
        dump_one(g, now, fd);
}

const char *green_name(const green_t *g)
{
    if (!g)
        return "";
    if (g->name)
        return g->name;
    return g == &g->hub->main ? "main" : "";
}

void green_dump(int fd)
{
    struct green_hub *h = green__hub();

    if (h)
        green__dump(h, fd);
}
