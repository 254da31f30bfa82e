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
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "sched.h"
#include "sys.h"

static const char *const reason_words[] = {
    [WAIT_NONE] = "",
    [WAIT_START] = "not started",
    [WAIT_YIELD] = "yielded",
    [WAIT_SLEEP] = "sleeping",
    [WAIT_JOIN] = "waiting to join greenlet",
    [WAIT_EVENT] = "waiting for event",
    [WAIT_FUTURE] = "waiting for future",
    [WAIT_SEM] = "waiting for sem",
    [WAIT_MUTEX] = "waiting for mutex",
    [WAIT_COND] = "waiting for cond",
    [WAIT_RWLOCK] = "waiting for rwlock",
    [WAIT_BARRIER] = "waiting at barrier",
    [WAIT_WAITGROUP] = "waiting for waitgroup",
    [WAIT_GET] = "waiting to get from queue",
    [WAIT_PUT] = "waiting to put into queue",
    [WAIT_QUEUE] = "waiting to join queue",
    [WAIT_SELECT] = "waiting in select",
    [WAIT_READ] = "waiting to read from descriptor",
    [WAIT_WRITE] = "waiting to write to descriptor",
    [WAIT_FD] = "waiting for descriptor",
    [WAIT_POLL] = "waiting in poll",
    [WAIT_OFFLOAD] = "waiting for a thread",
    [WAIT_GROUP] = "waiting for group",
    [WAIT_ROOM] = "waiting for room in pool",
    [WAIT_TASKS] = "waiting for tasks of pool",
    [WAIT_IMAP] = "waiting for imap",
    [WAIT_CHILD] = "waiting for child process",
};

/* A line being written; what does not fit is cut off. */
struct line {
    char text[512];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void
line_add(struct line *l, const char *format, ...)
{
    va_list list;
    size_t room = sizeof l->text - l->n;
    int n;

    va_start(list, format);
    n = vsnprintf(l->text + l->n, room, format, list);
    va_end(list);
    if (n > 0)
        l->n += (size_t)n < room ? (size_t)n : room - 1;
}

static void line_write(struct line *l, int fd)
{
    const char *at = l->text;
    ssize_t n;

    while (l->n > 0 && (n = green__sys.write(fd, at, l->n)) > 0) {
        at += n;
        l->n -= (size_t)n;
    }
    l->n = 0;
}

static void add_object(struct line *l, const green_t *g)
{
    switch ((enum green_reason)g->reason) {
    case WAIT_JOIN:
        line_add(l, " #%" PRIuPTR, g->object);
        break;
    case WAIT_READ:
    case WAIT_WRITE:
    case WAIT_FD:
    case WAIT_CHILD:
        line_add(l, " %" PRIdPTR, (intptr_t)g->object);
        break;
    default:
        if (g->object)
            line_add(l, " %#" PRIxPTR, g->object);
    }
}

static void add_state(struct line *l, const green_t *g, int64_t now)
{
    int64_t since_ms = (now - g->since) / GREEN_MS;

    switch ((enum green_state)g->state) {
    case GREEN_STATE_RUNNING:
        line_add(l, "running");
        return;
    case GREEN_STATE_READY:
        line_add(l, g->started ? "ready" : "ready, not started");
        return;
    case GREEN_STATE_ENDED:
        line_add(l, "ending");
        return;
    case GREEN_STATE_WAITING:
        break;
    }
    line_add(l, "%s", reason_words[g->reason]);
    add_object(l, g);
    if (g->blocker && *g->blocker)
        line_add(l, " of #%" PRIu64, (*g->blocker)->id);
    line_add(l, " for %" PRId64 ".%03d s", since_ms / 1000,
             (int)(since_ms % 1000));
}

static void dump_one(const green_t *g, int64_t now, int fd)
{
    struct line l = {.n = 0};

    line_add(&l, "  #%" PRIu64 " %.64s  ", g->id, green_name(g));
    add_state(&l, g, now);
    if (g->killed)
        line_add(&l, ", killed");
    if (g->spawn_site)
        line_add(&l, "  by #%" PRIu64 " at %p", g->parent_id, g->spawn_site);
    line_add(&l, "\n");
    line_write(&l, fd);
}

void green__dump(struct green_hub *h, int fd)
{
    struct line l = {.n = 0};
    int64_t now = green__sys.now();
    const green_t *g;

    line_add(&l, "libgreen: %" PRIu32 " greenlet%s\n", h->live,
             h->live == 1 ? "" : "s");
    line_write(&l, fd);
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
