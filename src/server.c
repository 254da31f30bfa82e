/* SPDX-License-Identifier: MIT */
/* server.c - layer 7: a greenlet that accepts, and one for each connection.
 *
 *     running ---> stopping ---> freed
 *
 * All greenlets of a server count as its members; whoever stops it waits until
 * there are none.  A connection is at any time in the list, so that it can be
 * killed.  Its end is deferred before the handler is called, so it comes also
 * when the handler leaves by green_exit.
 *
 * With a bound, a permit is taken before a connection is accepted: those that
 * would be too many wait in the system's backlog, at no cost to us.
 *
 * Running out of descriptors or memory is a matter of time, so the acceptor
 * waits and tries again; only the loss of its own socket, or a kill, ends it.
 *
 * A handler may have closed its descriptor with green_close, and the number may
 * have been used anew since.  The hub counts the lives of each number, so the
 * server closes only what is still the connection. */
#include "net.h"

#include <errno.h>
#include <limits.h>

#include "hub.h"
#include "sys.h"

#define SHORTEST_PAUSE (10 * GREEN_MS)
#define LONGEST_PAUSE (1 * GREEN_SEC)

struct connection {
    struct connection *next, *previous;
    green_server_t *server;
    green_t *greenlet; /* our reference */
    int fd;
    uint32_t life; /* of fd, see life_of */
};

struct green_server {
    int fd, port; /* port -1: not an internet address */
    int error;    /* the acceptor has ended because of this */
    green_handler_t *handler;
    void *arg;
    green_t *acceptor; /* our reference */
    struct connection *connections;
    bool bounded;
    green_sem_t permits; /* if bounded */
    bool stopping;
    bool abandoned; /* the last member frees the server */
    size_t members;
    green_event_t empty; /* set when the last member leaves */
};

/* ---- members ---- */

static void free_server(green_server_t *s)
{
    green_release(s->acceptor);
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

/* ---- connections ---- */

/* Which life of this number is it?  0, too, where that could not be noted. */
static uint32_t life_of(int fd)
{
    struct fd_state *state = green__fd(green__hub(), fd);

    return state ? state->lives : 0;
}

static void link_connection(struct connection *c)
{
    green_server_t *s = c->server;

    c->next = s->connections;
    if (c->next)
        c->next->previous = c;
    s->connections = c;
    s->members++;
}

static void unlink_connection(struct connection *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        c->server->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
}

static void end_connection(void *arg)
{
    struct connection *c = arg;
    green_server_t *s = c->server;

    if (life_of(c->fd) == c->life)
        green_close(c->fd);
    if (s->bounded)
        green_sem_post(&s->permits);
    unlink_connection(c);
    green_release(c->greenlet);
    green__sys.free(c);
    leave_server(s);
}

/* Wait until something may have become available; a longer time each time. */
static int pause_longer(int64_t *pause)
{
    *pause = *pause == 0 ? SHORTEST_PAUSE : *pause * 2;
    if (*pause > LONGEST_PAUSE)
        *pause = LONGEST_PAUSE;
    return green_sleep(*pause);
}

static void *run_connection(void *arg)
{
    struct connection *c = arg;
    int64_t pause = 0;

    while (green_defer(end_connection, c) != 0)
        if (pause_longer(&pause) != 0) {
            end_connection(c);
            return NULL;
        }
    c->server->handler(c->fd, c->server->arg);
    return NULL;
}

static int spawn_connection(green_server_t *s, int fd)
{
    struct connection *c = green__zalloc(sizeof *c);

    if (!c)
        return -1;
    c->server = s;
    c->fd = fd;
    c->life = life_of(fd);
    c->greenlet = green_spawn(run_connection, c);
    if (!c->greenlet) {
        green__sys.free(c);
        return -1;
    }
    link_connection(c);
    return 0;
}

/* ---- the acceptor ---- */

/* The socket itself is gone or unfit, or this greenlet was killed. */
static bool ends_acceptor(int error)
{
    return error == ECANCELED || error == EBADF || error == EINVAL ||
           error == ENOTSOCK;
}

/* A connection was lost before it could be accepted. */
static bool concerns_one_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO;
}

/* The next connection, or -1 at the end, with errno. */
static int next_connection(const green_server_t *s)
{
    int64_t pause = 0;
    int fd;

    while ((fd = green_accept(s->fd, NULL, NULL)) < 0) {
        if (ends_acceptor(errno))
            return -1;
        if (!concerns_one_connection(errno) && pause_longer(&pause) != 0)
            return -1;
    }
    return fd;
}

/* See that the accepted connection is served: 0, or -1 if killed before. */
static int serve_connection(green_server_t *s, int fd)
{
    int64_t pause = 0;

    while (spawn_connection(s, fd) != 0)
        if (pause_longer(&pause) != 0) {
            green_close(fd);
            return -1;
        }
    return 0;
}

static void *run_acceptor(void *arg)
{
    green_server_t *s = arg;
    int fd;

    do {
        if (s->bounded && green_sem_wait(&s->permits, GREEN_FOREVER) != 0)
            break;
        fd = next_connection(s);
    } while (fd >= 0 && serve_connection(s, fd) == 0);
    s->error = errno;
    leave_server(s);
    return NULL;
}

/* ---- starting ---- */

static green_server_t *make_server(const green_server_options_t *options)
{
    green_server_t *s = green__zalloc(sizeof *s);

    if (!s)
        return NULL;
    if (options && options->max > 0 && options->max <= LONG_MAX) {
        s->bounded = true;
        green_sem_init(&s->permits, (long)options->max);
    }
    return s;
}

static int open_server(green_server_t *s, const char *address,
                       const green_server_options_t *options)
{
    static const green_options_t name = {.name = "acceptor"};

    s->fd = green__listen(address, options ? options->backlog : 0,
                          options && options->reuse_port);
    if (s->fd < 0)
        return -1;
    s->port = green_local_port(s->fd);
    s->acceptor = green_spawn_with(&name, run_acceptor, s);
    if (s->acceptor) {
        s->members = 1;
        return 0;
    }
    green__net_unlink(s->fd);
    green_close(s->fd);
    errno = ENOMEM;
    return -1;
}

green_server_t *green_server_start(const char *address,
                                   green_handler_t *handler, void *arg,
                                   const green_server_options_t *options)
{
    green_server_t *s;
    int error;

    if (!handler) {
        errno = EINVAL;
        return NULL;
    }
    s = make_server(options);
    if (!s)
        return NULL;
    s->handler = handler;
    s->arg = arg;
    if (open_server(s, address, options) == 0)
        return s;
    error = errno;
    green__sys.free(s);
    errno = error;
    return NULL;
}

int green_server_port(const green_server_t *s)
{
    if (s && s->port >= 0)
        return s->port;
    errno = EINVAL;
    return -1;
}

/* ---- stopping ---- */

static bool is_handler_of(const green_server_t *s, const green_t *g)
{
    const struct connection *c;

    for (c = s->connections; c; c = c->next)
        if (c->greenlet == g)
            return true;
    return false;
}

/* The acceptor is ended by the kill: it may be waiting for a permit or for
 * better times.  It does not wait any more, so neither do we for long. */
static void close_server(green_server_t *s)
{
    green_scope_t shield;

    s->stopping = true;
    green_kill(s->acceptor);
    green__net_unlink(s->fd);
    green_close(s->fd);
    green_shield_begin(&shield, GREEN_FOREVER);
    green_join(s->acceptor, NULL, GREEN_FOREVER);
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
    const struct connection *c;
    green_scope_t shield;
    int rc;

    for (c = s->connections; c; c = c->next)
        green_kill(c->greenlet);
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

int green_server_stop(green_server_t *s, int64_t grace)
{
    if (!s || s->stopping) {
        errno = s ? EALREADY : EINVAL;
        return -1;
    }
    if (is_handler_of(s, green_self())) {
        errno = EDEADLK;
        return -1;
    }
    return finish_server(s, grace);
}

int green_serve_forever(const char *address, green_handler_t *handler,
                        void *arg)
{
    green_server_t *s = green_server_start(address, handler, arg, NULL);
    int error;

    if (!s)
        return -1;
    error =
        green_join(s->acceptor, NULL, GREEN_FOREVER) == 0 ? s->error : errno;
    green_server_stop(s, 0);
    errno = error;
    return -1;
}
