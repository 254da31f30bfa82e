/* SPDX-License-Identifier: MIT */
/* service.c - layer 7: the life of a server, whatever it serves.
 *
 *     running ---> stopping ---> freed
 *
 * One greenlet takes work in, another does each piece of it.  All of them count
 * as members; whoever stops the server waits until there are none.  A piece of
 * work is at any time in the list, so that it can be killed.  Its end is deferred
 * before the handler is called, so it comes also when the handler leaves by
 * green_exit.
 *
 * With a bound, a permit is taken before work is: what would be too much waits
 * in the system's buffers, at no cost to us.
 *
 * Running out of descriptors or memory is a matter of time, so the taker waits
 * and tries again; only the loss of its socket, or a kill, ends it.
 *
 * Descriptors may have been closed by a handler, with green_close, and their
 * numbers used anew since.  The hub counts the lives of each number, so that
 * only what is still the same is closed. */
#include "service.h"

#include <errno.h>
#include <limits.h>

#include "hub.h"
#include "net.h"
#include "sys.h"

#define SHORTEST_PAUSE (10 * GREEN_MS)
#define LONGEST_PAUSE (1 * GREEN_SEC)

/* ---- members ---- */

static void close_socket(const green_server_t *s)
{
    if (green__fd_lives(green__hub(), s->fd) == s->life)
        green_close(s->fd);
}

static void free_server(green_server_t *s)
{
    if (s->keeps_socket)
        close_socket(s);
    green_release(s->taker);
    green__sys.free(s);
}

static void leave_server(green_server_t *s)
{
    if (--s->members > 0)
        return;
    green_event_set(&s->empty);
    if (s->abandoned)
        free_server(s);
}

void green__service_leave(green_server_t *s)
{
    s->error = errno;
    leave_server(s);
}

/* ---- work ---- */

static void link_work(struct work *w)
{
    green_server_t *s = w->server;

    w->next = s->work;
    if (w->next)
        w->next->previous = w;
    s->work = w;
    s->members++;
}

static void unlink_work(struct work *w)
{
    if (w->previous)
        w->previous->next = w->next;
    else
        w->server->work = w->next;
    if (w->next)
        w->next->previous = w->previous;
}

int green__service_admit(green_server_t *s)
{
    return s->bounded ? green_sem_wait(&s->permits, GREEN_FOREVER) : 0;
}

int green__service_pause(int64_t *pause)
{
    *pause = *pause == 0 ? SHORTEST_PAUSE : *pause * 2;
    if (*pause > LONGEST_PAUSE)
        *pause = LONGEST_PAUSE;
    return green_sleep(*pause);
}

int green__service_employ(green_server_t *s, struct work *w,
                          void *(*fn)(void *work))
{
    int64_t pause = 0;

    w->server = s;
    while (!(w->greenlet = green_spawn(fn, w)))
        if (green__service_pause(&pause) != 0)
            return -1;
    link_work(w);
    return 0;
}

int green__service_begin(struct work *w, void (*done)(void *work))
{
    int64_t pause = 0;

    while (green_defer(done, w) != 0)
        if (green__service_pause(&pause) != 0) {
            done(w);
            return -1;
        }
    return 0;
}

void green__service_done(struct work *w)
{
    green_server_t *s = w->server;

    if (s->bounded)
        green_sem_post(&s->permits);
    unlink_work(w);
    green_release(w->greenlet);
    green__sys.free(w);
    leave_server(s);
}

/* ---- starting ---- */

green_server_t *green__service_make(size_t size, size_t max)
{
    green_server_t *s = green__zalloc(size);

    if (!s)
        return NULL;
    if (max > 0 && max <= LONG_MAX) {
        s->bounded = true;
        green_sem_init(&s->permits, (long)max);
    }
    return s;
}

int green__service_open(green_server_t *s, int fd, void *(*take)(void *server),
                        const green_options_t *options)
{
    s->fd = fd;
    s->life = green__fd_lives(green__hub(), fd);
    s->port = green_local_port(fd);
    s->taker = green_spawn_with(options, take, s);
    if (s->taker) {
        s->members = 1;
        return 0;
    }
    green__net_unlink(fd);
    green_close(fd);
    errno = ENOMEM;
    return -1;
}

/* ---- stopping ---- */

static bool works_for(const green_server_t *s, const green_t *g)
{
    const struct work *w;

    for (w = s->work; w; w = w->next)
        if (w->greenlet == g)
            return true;
    return false;
}

/* The taker is ended by the kill: it may be waiting for a permit or for better
 * times.  It does not wait any more, so neither do we for long. */
static void close_server(green_server_t *s)
{
    green_scope_t shield;

    s->stopping = true;
    green_kill(s->taker);
    green__net_unlink(s->fd);
    if (!s->keeps_socket)
        close_socket(s);
    green_shield_begin(&shield, GREEN_FOREVER);
    green_join(s->taker, NULL, GREEN_FOREVER);
    green_scope_end(&shield);
}

/* 0 when all members have left, or -1 with errno. */
static int await_members(green_server_t *s, int64_t timeout)
{
    return s->members == 0 ? 0 : green_event_wait(&s->empty, timeout);
}

/* Handlers that were killed end soon; whoever does not, in a shield without
 * end, would hold us up as well.  If even that can never end, the server is
 * left to them. */
static int kill_members(green_server_t *s)
{
    const struct work *w;
    green_scope_t shield;
    int rc;

    for (w = s->work; w; w = w->next)
        green_kill(w->greenlet);
    green_shield_begin(&shield, GREEN_FOREVER);
    rc = await_members(s, GREEN_FOREVER);
    green_scope_end(&shield);
    return rc;
}

static int finish_server(green_server_t *s, int64_t grace)
{
    int error = 0;

    close_server(s);
    if (await_members(s, grace) != 0) {
        error = errno;
        if (kill_members(s) != 0) {
            s->abandoned = true;
            errno = EDEADLK;
            return -1;
        }
    }
    free_server(s);
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

int green__service_stop(green_server_t *s, int64_t grace)
{
    if (!s || s->stopping) {
        errno = s ? EALREADY : EINVAL;
        return -1;
    }
    if (works_for(s, green_self())) {
        errno = EDEADLK;
        return -1;
    }
    return finish_server(s, grace);
}
