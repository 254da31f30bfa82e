/* SPDX-License-Identifier: MIT */
/* frame.h - what the files of WebSocket share; programs see websocket.h only.
 *
 *     sha1.c       what the handshake is signed with
 *     utf8.c       is it text?
 *     frame.c      frames as bytes
 *     handshake.c  HTTP is left
 *     sender.c     frames go out
 *     peer.c       bytes come in, or the peer is dead
 *     reader.c     frames come in, and messages are made of them
 *     websocket.c  both ends agree that it is over
 *
 * A frame, as a client sends it:
 *
 *     | fin 1, reserved 3, opcode 4 | mask 1, length 7 | length 0, 16 or 64 |
 *     | key 32 | payload, each byte ^ the next one of the key |
 *
 * Ours have neither mask nor key. */
#ifndef EXAMPLES_FRAME_H
#define EXAMPLES_FRAME_H
#include "websocket.h"

enum {
    FRAME_CONTINUATION = 0, /* WS_TEXT 1, WS_BINARY 2 */
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10
};

enum {
    FRAME_HEAD_MAX = 14,
    FRAME_CONTROL_MAX = 125, /* of the payload of a close, ping or pong */
    WS_ROOM_IN = 4096
};

/* ---- sha1.c ---- */

#define SHA1_SIZE 20
void ws__sha1(const void *data, size_t n, uint8_t digest[SHA1_SIZE]);

/* ---- utf8.c ---- */

/* Where in a character the text stands; all zero: between two. */
typedef struct ws_utf8 {
    uint8_t left;      /* bytes that are still to come */
    uint8_t low, high; /* between which the next one is */
} ws_utf8_t;

/* Take n more bytes in: false as soon as they cannot be UTF-8. */
bool ws__utf8(ws_utf8_t *u, const uint8_t *p, size_t n);

/* ---- frame.c ---- */

typedef struct ws_frame {
    bool fin;
    int opcode;
    uint8_t key[4];
    uint64_t length;
} ws_frame_t;

/* Parse the head of a client's frame, of which n bytes are there: its size, 0
 * if more is needed, -1 if no more would help. */
int ws__parse_head(ws_frame_t *f, const uint8_t *p, size_t n);

/* Put the head of a frame of ours: its size. */
size_t ws__put_head(uint8_t *p, int opcode, size_t length);

/* Unmask n bytes, and turn the key for those that follow. */
void ws__unmask(uint8_t *p, size_t n, uint8_t key[4]);

/* May a close frame have this code? */
bool ws__is_code(int code);

/* ---- the socket ---- */

struct ws {
    int fd;
    green_t *reader; /* the greenlet of the handler */
    ws_options_t options;

    /* sender.c */
    green_mutex_t sending; /* held while a frame goes out */
    int broken;            /* the errno for which nothing more can be sent */
    bool closing;          /* our close frame was sent */

    /* peer.c */
    green_event_t over; /* nothing more will be read ... */
    int failure;        /* ... with this errno ... */
    int code;           /* ... and for this reason */
    char reason[FRAME_CONTROL_MAX + 1];

    int64_t heard;    /* when something last came */
    bool pinged;      /* ... since when the peer was asked */

    /* reader.c */
    bool in_frame;    /* of a message: some of its payload is still to come */
    uint64_t left;    /* ... so much of it */
    ws_frame_t frame; /* its head */

    int type;      /* of the message that comes; 0: none does */
    bool taken;    /* it was returned to the caller */
    ws_utf8_t utf8;
    uint8_t *message;
    size_t length, room;

    const uint8_t *early; /* came with the request */
    size_t n_early;
    size_t first, last; /* what was received and not looked at */
    uint8_t in[WS_ROOM_IN];
};

/* ---- sender.c ---- */

/* Send a frame, unless the close frame has gone: 0, or -1 with errno. */
int ws__send(ws_t *ws, int opcode, const void *data, size_t n);

/* Send the close frame, unless it has gone; code 0: without a payload. */
int ws__send_close(ws_t *ws, int code, const char *reason);

/* ---- peer.c ---- */

size_t ws__smaller(uint64_t a, size_t b);
int64_t ws__later(int64_t time, int64_t by); /* GREEN_FOREVER stays so */

/* Nothing more will be read: -1, with the errno of the first that said so. */
int ws__end(ws_t *ws, int failure, int code);

/* Receive at least one byte: how many, or -1. */
ssize_t ws__fetch(ws_t *ws, uint8_t *buffer, size_t n, int64_t deadline);

/* Have at least n bytes in `in`. */
int ws__need(ws_t *ws, size_t n, int64_t deadline);

#endif
