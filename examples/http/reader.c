/* SPDX-License-Identifier: MIT */
/* reader.c - frames come in, and messages are made of them.
 *
 *     in: [ looked at | head | payload ... ] -> message
 *                     first              last
 *
 * Control frames are taken when the whole of one is in `in`; payload of messages
 * goes on to `message` as it comes, where it is unmasked and, if it is text,
 * checked, so that bad text is noticed at its first bad byte.  Memory grows with
 * what has come, never with what was announced.
 *
 * A read that ends before the message does, by its timeout or a kill, leaves all
 * of this as it is, and the next one goes on. */
#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_ROOM (16 * 1024) /* for the next message; more is freed */

/* What came is a fault of the peer's, or too much for us: tell it. */
static int refuse(ws_t *ws, int code, int failure)
{
    ws__send_close(ws, code, NULL);
    return ws__end(ws, failure, code);
}

/* ---- control frames ---- */

static int take_close(ws_t *ws, const uint8_t *p, size_t n)
{
    int code = n >= 2 ? p[0] << 8 | p[1] : WS_NO_CODE;

    if (n == 1 || (n >= 2 && !ws__is_code(code)))
        return refuse(ws, WS_PROTOCOL, EPROTO);
    if (n > 2) {
        if (!ws_is_utf8(p + 2, n - 2))
            return refuse(ws, WS_NOT_UTF8, EPROTO);
        memcpy(ws->reason, p + 2, n - 2);
    }
    ws__send_close(ws, n ? code : 0, NULL);
    return ws__end(ws, EPIPE, code);
}

/* Who has said that it closes sends no pongs any more, and needs none. */
static int take_control(ws_t *ws, const ws_frame_t *f, const uint8_t *p)
{
    size_t n = (size_t)f->length;

    if (f->opcode == FRAME_CLOSE)
        return take_close(ws, p, n);
    if (f->opcode == FRAME_PING && ws__send(ws, FRAME_PONG, p, n) < 0 &&
        (errno == ECANCELED || errno == ETIMEDOUT))
        return -1;
    return 0;
}

/* ---- messages ---- */

/* The head of the next frame; of a control frame all of it. */
static int next_frame(ws_t *ws, int64_t deadline)
{
    ws_frame_t *f = &ws->frame;
    uint8_t *payload;
    size_t size;
    int r;

    while ((r = ws__parse_head(f, ws->in + ws->first, ws->last - ws->first)) ==
           0)
        if (ws__need(ws, ws->last - ws->first + 1, deadline) < 0)
            return -1;
    if (r < 0)
        return refuse(ws, WS_PROTOCOL, EPROTO);
    size = (size_t)r;
    if (f->opcode >= FRAME_CLOSE) {
        if (ws__need(ws, size + (size_t)f->length, deadline) < 0)
            return -1;
        payload = ws->in + ws->first + size;
        ws->first += size + (size_t)f->length;
        ws__unmask(payload, (size_t)f->length, f->key);
        return take_control(ws, f, payload);
    }
    if ((f->opcode == FRAME_CONTINUATION) == (ws->type == 0))
        return refuse(ws, WS_PROTOCOL, EPROTO);
    if (f->length > ws->options.message_max - ws->length)
        return refuse(ws, WS_TOO_LARGE, EMSGSIZE);
    ws->first += size;
    ws->left = f->length;
    ws->in_frame = true;
    ws->type = f->opcode ? f->opcode : ws->type;
    return 0;
}

/* Room for more of the message: for as much again as there is. */
static bool make_room(ws_t *ws)
{
    size_t more = ws->length < WS_ROOM_IN ? WS_ROOM_IN : ws->length;
    size_t room = ws->length + ws__smaller(ws->left, more) + 1;
    uint8_t *message;

    if (room <= ws->room)
        return true;
    message = realloc(ws->message, room);
    if (!message)
        return false;
    ws->message = message;
    ws->room = room;
    return true;
}

/* Bytes of payload, to `message`: how many. */
static ssize_t move_payload(ws_t *ws, int64_t deadline)
{
    uint8_t *to = ws->message + ws->length;
    size_t n = ws__smaller(ws->left, ws->room - ws->length - 1);

    if (ws->first == ws->last && n >= WS_ROOM_IN)
        return ws__fetch(ws, to, n, deadline);
    if (ws__need(ws, 1, deadline) < 0)
        return -1;
    n = ws__smaller(n, ws->last - ws->first);
    memcpy(to, ws->in + ws->first, n);
    ws->first += n;
    return (ssize_t)n;
}

/* The rest of a frame; at the end of the message there is room for a 0. */
static int read_payload(ws_t *ws, int64_t deadline)
{
    uint8_t *piece;
    ssize_t n;

    for (;;) {
        if (!make_room(ws))
            return refuse(ws, WS_SERVER_ERROR, ENOMEM);
        if (ws->left == 0)
            break;
        n = move_payload(ws, deadline);
        if (n < 0)
            return -1;
        piece = ws->message + ws->length;
        ws__unmask(piece, (size_t)n, ws->frame.key);
        if (ws->type == WS_TEXT && !ws__utf8(&ws->utf8, piece, (size_t)n))
            return refuse(ws, WS_NOT_UTF8, EPROTO);
        ws->length += (size_t)n;
        ws->left -= (size_t)n;
    }
    ws->in_frame = false;
    if (ws->frame.fin && ws->utf8.left > 0)
        return refuse(ws, WS_NOT_UTF8, EPROTO);
    return 0;
}

static void begin_message(ws_t *ws)
{
    if (ws->room > KEPT_ROOM) {
        free(ws->message);
        ws->message = NULL;
        ws->room = 0;
    }
    ws->taken = false;
    ws->type = 0;
    ws->length = 0;
}

ssize_t ws_read(ws_t *ws, void **message, int *type, int64_t timeout)
{
    int64_t deadline = ws__later(green_now(), timeout);

    for (;;) {
        if (ws->failure)
            return ws__end(ws, ws->failure, ws->code);
        if (ws->taken)
            begin_message(ws);
        if (!ws->in_frame && next_frame(ws, deadline) < 0)
            return -1;
        if (!ws->in_frame)
            continue;
        if (read_payload(ws, deadline) < 0)
            return -1;
        if (!ws->frame.fin)
            continue;
        ws->taken = true;
        if (ws->closing)
            continue; /* too late */
        ws->message[ws->length] = '\0';
        *message = ws->message;
        *type = ws->type;
        return (ssize_t)ws->length;
    }
}
