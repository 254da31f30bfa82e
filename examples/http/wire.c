/* SPDX-License-Identifier: MIT */
/* wire.c - the socket: buffers, and patience with the peer.
 *
 * Each wait for the peer is bounded by a scope of what is left of its patience.
 * For a head that is all there is.  For a body, or an answer, bytes that move
 * win some back: RATE_MIN of them a second are enough to go on for ever. */
#include "connection.h"

#include <errno.h>
#include <sys/socket.h>

#define RATE_MIN 1024 /* bytes a second */
#define LINGER_TIME (2 * GREEN_SEC)
#define LINGER_MAX (4 * 1024 * 1024)

void http__earn(int64_t *patience, size_t bytes, int64_t most)
{
    const size_t enough = 1024 * RATE_MIN;

    if (bytes > enough)
        bytes = enough;
    *patience += (int64_t)bytes * (GREEN_SEC / RATE_MIN);
    if (*patience > most)
        *patience = most;
}

/* End a wait that began at `start`: r, with ETIME for errno if the peer has
 * used up its patience. */
static ssize_t end_wait(green_scope_t *scope, int64_t *patience, int64_t start,
                        ssize_t r)
{
    if (green_scope_end(scope) && r < 0)
        errno = ETIME;
    *patience -= green_now() - start;
    return r;
}

ssize_t http__receive(struct http_connection *c, void *buffer, size_t n)
{
    int64_t start;
    green_scope_t scope;

    if (c->n_out > 0 && http_flush(&c->request) < 0)
        return -1;
    start = green_now();
    green_timeout_begin(&scope, c->patience);
    return end_wait(&scope, &c->patience, start, green_read(c->fd, buffer, n));
}

ssize_t http__fill(struct http_connection *c)
{
    ssize_t n;

    if (c->first == c->last) {
        c->first = c->last = c->floor;
    } else if (c->last == ROOM_IN) {
        memmove(c->in + c->floor, c->in + c->first, c->last - c->first);
        c->last -= c->first - c->floor;
        c->first = c->floor;
    }
    n = http__receive(c, c->in + c->last, ROOM_IN - c->last);
    if (n > 0)
        c->last += (size_t)n;
    return n;
}

/* Leave out the first n bytes; returns how many whole pieces were among them. */
static int skip(struct iovec *iov, int count, size_t n)
{
    int done = 0;

    while (done < count && n >= iov[done].iov_len)
        n -= iov[done++].iov_len;
    if (done < count) {
        iov[done].iov_base = (char *)iov[done].iov_base + n;
        iov[done].iov_len -= n;
    }
    return done;
}

int http__send(struct http_connection *c, struct iovec *iov, int n)
{
    int64_t most = c->server->options.send_timeout, start;
    green_scope_t scope;
    ssize_t r;
    int done;

    if (c->broken) {
        errno = EPIPE;
        return -1;
    }
    while (n > 0) {
        start = green_now();
        green_timeout_begin(&scope, c->send_patience);
        r = end_wait(&scope, &c->send_patience, start,
                     green_writev(c->fd, iov, n));
        if (r < 0) {
            c->broken = true;
            return -1;
        }
        http__earn(&c->send_patience, (size_t)r, most);
        done = skip(iov, n, (size_t)r);
        iov += done;
        n -= done;
    }
    return 0;
}

int http__send_out(struct http_connection *c)
{
    struct iovec iov = {.iov_base = c->out, .iov_len = c->n_out};

    c->n_out = 0;
    return iov.iov_len > 0 ? http__send(c, &iov, 1) : 0;
}

/* To close a socket with something unread in it resets the connection, and the
 * peer may never see the answer.  So we say that this was all, and listen for a
 * while to what it still says. */
void http__linger(struct http_connection *c)
{
    size_t most = LINGER_MAX;
    green_scope_t scope;
    ssize_t n;

    if (c->broken || green_shutdown(c->fd, SHUT_WR) != 0)
        return;
    green_timeout_begin(&scope, LINGER_TIME);
    do {
        n = green_read(c->fd, c->in, ROOM_IN);
        most -= n > 0 ? (size_t)n : 0;
    } while (n > 0 && most > ROOM_IN);
    green_scope_end(&scope);
}

void http__reset(struct http_connection *c)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}
