/* SPDX-License-Identifier: MIT */
/* server.c - the life of a connection, and of the server.
 *
 *     request -> handler -> answer -> the next request, until it is closed
 *
 * A connection that waits for a request is idle.  When the server stops those
 * are told that nothing more will come; the others end with their answer. */
#include "connection.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

/* ---- connections ---- */

static void link_connection(struct http_connection *c)
{
    c->previous = NULL;
    c->next = c->server->connections;
    if (c->next)
        c->next->previous = c;
    c->server->connections = c;
}

static void unlink_connection(struct http_connection *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        c->server->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
}

static void log_answer(const struct http_connection *c)
{
    const http_server_t *s = c->server;

    if (s->options.log)
        s->options.log(&c->request, c->status, c->written, s->arg);
}

static void refuse_request(struct http_connection *c, int status)
{
    c->keep = false;
    http_error(&c->request, status);
    log_answer(c);
    http__linger(c);
}

/* One request and its answer: true if another can follow. */
static bool serve_request(struct http_connection *c)
{
    http_server_t *s = c->server;
    int status = http__read_head(c);
    bool more;

    if (status != 0) {
        if (status > 0)
            refuse_request(c, status);
        return false;
    }
    more = http__finish(c, s->handler(&c->request, s->arg));
    log_answer(c);
    if (!more && c->ended && !c->upgraded &&
        (c->asked || !c->body_ended || c->first < c->last))
        http__linger(c);
    return more;
}

void http_peer(const http_request_t *r, char *text, size_t room)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    if (getpeername(r->connection->fd, (struct sockaddr *)&address, &length) !=
            0 ||
        getnameinfo((struct sockaddr *)&address, length, text, (socklen_t)room,
                    NULL, 0, NI_NUMERICHOST) != 0)
        *text = '\0';
}

void http__serve(int fd, void *server)
{
    struct http_connection *c = malloc(sizeof *c);

    if (!c)
        return;
    memset(c, 0, offsetof(struct http_connection, headers));
    c->server = server;
    c->fd = fd;
    link_connection(c);
    while (!c->server->stopping && serve_request(c))
        continue;
    unlink_connection(c);
    free(c);
}

/* ---- the server ---- */

static void set_defaults(http_options_t *o)
{
    if (o->body_max == 0)
        o->body_max = 16 * 1024 * 1024;
    if (o->idle_timeout == 0)
        o->idle_timeout = 60 * GREEN_SEC;
    if (o->head_timeout == 0)
        o->head_timeout = 10 * GREEN_SEC;
    if (o->body_timeout == 0)
        o->body_timeout = 20 * GREEN_SEC;
    if (o->send_timeout == 0)
        o->send_timeout = 20 * GREEN_SEC;
}

http_server_t *http_server_start(const char *address, http_handler_t *handler,
                                 void *arg, const http_options_t *options)
{
    green_server_options_t how = {0};
    http_server_t *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->handler = handler;
    s->arg = arg;
    if (options)
        s->options = *options;
    set_defaults(&s->options);
    how.max = s->options.connections_max;
    how.reuse_port = s->options.reuse_port;
    s->server = green_server_start(address, http__serve, s, &how);
    if (s->server)
        return s;
    free(s);
    return NULL;
}

int http_server_port(const http_server_t *s)
{
    return green_server_port(s->server);
}

/* What an idle connection waits for ends then, as if its client had gone; but a
 * request that has come already is still read, and answered. */
static void end_idle(http_server_t *s)
{
    struct http_connection *c;

    for (c = s->connections; c; c = c->next)
        if (c->idle)
            green_shutdown(c->fd, SHUT_RD);
}

int http_server_stop(http_server_t *s, int64_t grace)
{
    int rc, error;

    s->stopping = true;
    end_idle(s);
    rc = green_server_stop(s->server, grace);
    error = errno;
    if (rc == 0 || (error != EALREADY && error != EDEADLK))
        free(s);
    errno = error;
    return rc;
}
