/* SPDX-License-Identifier: MIT */
/* websocket.c - both ends agree that it is over.
 *
 *     we send close, the peer answers     ws_close
 *     the peer sends close, we answer     reader.c
 *
 * Each side sends one close frame and nothing after it.  Whoever calls ws_close
 * need not be the greenlet that reads: then it waits for that one to see the
 * peer's answer.  After both, the server is the first to close. */
#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Wait until the reader, maybe this greenlet, has seen the end. */
static int await_end(ws_t *ws)
{
    void *message;
    green_scope_t scope;
    int type, error;

    green_timeout_begin(&scope, ws->options.close_timeout);
    if (ws->reader == green_self())
        ws_read(ws, &message, &type, GREEN_FOREVER);
    else
        green_event_wait(&ws->over, GREEN_FOREVER);
    error = errno;
    if (green_scope_end(&scope) && !ws->failure) {
        green_shutdown(ws->fd, SHUT_RDWR);
        ws__end(ws, ETIME, WS_LOST);
    }
    if (ws->failure == EPIPE)
        return 0;
    errno = ws->failure ? ws->failure : error;
    return -1;
}

int ws_close(ws_t *ws, int code, const char *reason)
{
    size_t n = reason ? strlen(reason) : 0;

    if (!ws__is_code(code) || n > FRAME_CONTROL_MAX - 2 ||
        (n > 0 && !ws_is_utf8(reason, n))) {
        errno = EINVAL;
        return -1;
    }
    if (ws__send_close(ws, code, reason) < 0 && !ws->closing)
        return -1;
    return await_end(ws);
}

int ws_code(const ws_t *ws, const char **reason)
{
    if (reason)
        *reason = ws->reason;
    return ws->code;
}

/* A socket that is closed with something unread in it is reset, and the peer may
 * never see our close frame.  So we say that this was all, and wait until the
 * peer has said so, too. */
static void linger(ws_t *ws)
{
    green_scope_t scope;

    if (green_shutdown(ws->fd, SHUT_WR) != 0)
        return;
    green_timeout_begin(&scope, ws->options.close_timeout);
    while (green_recv(ws->fd, ws->in, WS_ROOM_IN, 0) > 0)
        continue;
    green_scope_end(&scope);
}

void ws_free(ws_t *ws)
{
    if (!ws)
        return;
    if (ws->closing && !ws->broken)
        linger(ws);
    free(ws->message);
    free(ws);
}
