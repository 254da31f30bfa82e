/* SPDX-License-Identifier: MIT */
/* peer.c - bytes from the other end of a WebSocket, as long as there is one.
 *
 *     heard --- ping_interval ---> ping --- ping_timeout ---> dead
 *       ^                                         |
 *       +------------- anything comes ------------+
 *
 * A peer that has lost its network says nothing, and neither does TCP for a long
 * time.  So who waits for it asks it now and then; what has come last, whatever
 * it was, is the sign of life that counts. */
#include "frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

size_t ws__smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

int64_t ws__later(int64_t time, int64_t by)
{
    return by > INT64_MAX - time ? INT64_MAX : time + by;
}

int ws__end(ws_t *ws, int failure, int code)
{
    if (!ws->failure) {
        ws->failure = failure;
        ws->code = code;
        green_event_set(&ws->over);
    }
    errno = ws->failure;
    return -1;
}

/* Receive: EAGAIN if the time is up. */
static ssize_t receive(ws_t *ws, uint8_t *buffer, size_t n, int64_t timeout)
{
    green_scope_t scope;
    ssize_t r;

    if (ws->n_early > 0) {
        n = ws__smaller(ws->n_early, n);
        memcpy(buffer, ws->early, n);
        ws->early += n;
        ws->n_early -= n;
        return (ssize_t)n;
    }
    if (timeout <= 0)
        return green_recv(ws->fd, buffer, n, MSG_DONTWAIT);
    green_timeout_begin(&scope, timeout);
    r = green_recv(ws->fd, buffer, n, 0);
    if (green_scope_end(&scope) && r < 0)
        errno = EAGAIN;
    return r;
}

static int64_t next_ping(const ws_t *ws)
{
    int64_t due = ws__later(ws->heard, ws->options.ping_interval);

    return ws->pinged ? ws__later(due, ws->options.ping_timeout) : due;
}

/* The peer is silent: ask whether it is alive, or take it for dead. */
static int ask(ws_t *ws)
{
    if (ws->pinged) {
        ws->broken = ETIME;
        green_shutdown(ws->fd, SHUT_RDWR);
        return ws__end(ws, ETIME, WS_LOST);
    }
    ws->pinged = true;
    ws__send(ws, FRAME_PING, NULL, 0);
    return 0; /* what has gone wrong is seen when we go on reading */
}

static int lose(ws_t *ws, int error)
{
    if (error == ETIMEDOUT || error == ECANCELED)
        return -1;
    return ws__end(ws, ws->broken ? ws->broken : error, WS_LOST);
}

ssize_t ws__fetch(ws_t *ws, uint8_t *buffer, size_t n, int64_t deadline)
{
    for (;;) {
        int64_t ping = next_ping(ws), end = ping < deadline ? ping : deadline;
        ssize_t r = receive(ws, buffer, n, end - green_now());

        if (r > 0) {
            ws->heard = green_now();
            ws->pinged = false;
            return r;
        }
        if (r == 0 || errno != EAGAIN)
            return lose(ws, r == 0 ? ECONNRESET : errno);
        if (end == deadline) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (ask(ws) < 0)
            return -1;
    }
}

int ws__need(ws_t *ws, size_t n, int64_t deadline)
{
    ssize_t r;

    if (ws->first == ws->last || ws->first + n > WS_ROOM_IN) {
        memmove(ws->in, ws->in + ws->first, ws->last - ws->first);
        ws->last -= ws->first;
        ws->first = 0;
    }
    while (ws->last - ws->first < n) {
        r = ws__fetch(ws, ws->in + ws->last, WS_ROOM_IN - ws->last, deadline);
        if (r < 0)
            return -1;
        ws->last += (size_t)r;
    }
    return 0;
}
