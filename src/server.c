/* SPDX-License-Identifier: MIT */
/* server.c - layer 7: a greenlet that accepts, and one for each connection.
 *
 * How servers begin, do their work and end is service.c's; here is what is
 * particular to connections.  A handler may have closed its descriptor itself,
 * so what it leaves is closed only in the same life of the number. */
#include <errno.h>

#include "hub.h"
#include "net.h"
#include "server.h"
#include "sys.h"

struct stream_server {
    struct green_server server;
    green_handler_t *handler;
};

struct connection {
    struct work work;
    int fd;
    uint32_t life; /* of fd */
};

/* ---- connections ---- */

static void end_connection(void *arg)
{
    struct connection *c = arg;

    if (green__fd_lives(green__hub(), c->fd) == c->life)
        green_close(c->fd);
    green__service_done(&c->work);
}

static void *run_connection(void *arg)
{
    struct connection *c = arg;
    struct stream_server *s = (struct stream_server *)c->work.server;

    if (green__service_begin(&c->work, end_connection) == 0)
        s->handler(c->fd, s->server.arg);
    return NULL;
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
        if (!concerns_one_connection(errno) &&
            green__service_pause(&pause) != 0)
            return -1;
    }
    return fd;
}

static struct connection *make_connection(int fd)
{
    struct connection *c;
    int64_t pause = 0;

    while (!(c = green__zalloc(sizeof *c)))
        if (green__service_pause(&pause) != 0)
            return NULL;
    c->fd = fd;
    c->life = green__fd_lives(green__hub(), fd);
    return c;
}

/* See that the accepted connection is served: 0, or -1 if killed before. */
static int serve_connection(green_server_t *s, int fd)
{
    struct connection *c = make_connection(fd);

    if (c && green__service_employ(s, &c->work, run_connection) == 0)
        return 0;
    green__sys.free(c);
    green_close(fd);
    errno = ECANCELED;
    return -1;
}

static void *run_acceptor(void *arg)
{
    green_server_t *s = arg;
    int fd;

    do {
        if (green__service_admit(s) != 0)
            break;
        fd = next_connection(s);
    } while (fd >= 0 && serve_connection(s, fd) == 0);
    green__service_leave(s);
    return NULL;
}

/* ---- starting, stopping ---- */

static int listen_for(const char *address,
                      const green_server_options_t *options)
{
    return green__listen(address, SOCK_STREAM, options ? options->backlog : 0,
                         options && options->reuse_port);
}

green_server_t *green__server_on(int fd, green_handler_t *handler, void *arg,
                                 size_t max)
{
    static const green_options_t name = {.name = "acceptor"};
    struct stream_server *s =
        (struct stream_server *)green__service_make(sizeof *s, max);
    int error;

    if (!s) {
        green__net_unlink(fd);
        green__net_discard(fd);
        return NULL;
    }
    s->handler = handler;
    s->server.arg = arg;
    if (green__service_open(&s->server, fd, run_acceptor, &name) == 0)
        return &s->server;
    error = errno;
    green__sys.free(s);
    errno = error;
    return NULL;
}

green_server_t *green_server_start(const char *address,
                                   green_handler_t *handler, void *arg,
                                   const green_server_options_t *options)
{
    int fd;

    if (!handler) {
        errno = EINVAL;
        return NULL;
    }
    fd = listen_for(address, options);
    return fd < 0
               ? NULL
               : green__server_on(fd, handler, arg, options ? options->max : 0);
}

void green__server_forget(green_server_t *s)
{
    struct connection *c;

    green_close(s->fd);
    while ((c = (struct connection *)s->work)) {
        s->work = c->work.next;
        if (green__fd_lives(green__hub(), c->fd) == c->life)
            green_close(c->fd);
        green__sys.free(c);
    }
    green__sys.free(s);
}

int green_server_port(const green_server_t *s)
{
    if (s && s->port >= 0)
        return s->port;
    errno = EINVAL;
    return -1;
}

int green_server_stop(green_server_t *s, int64_t grace)
{
    return green__service_stop(s, grace);
}

int green_serve_forever(const char *address, green_handler_t *handler,
                        void *arg)
{
    green_server_t *s = green_server_start(address, handler, arg, NULL);
    int error;

    if (!s)
        return -1;
    error = green_join(s->taker, NULL, GREEN_FOREVER) == 0 ? s->error : errno;
    green_server_stop(s, 0);
    errno = error;
    return -1;
}
