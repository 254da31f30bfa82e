/* SPDX-License-Identifier: MIT */
/* frame.c - frames as bytes.  Nothing here waits, or knows of a socket.
 *
 * Whatever RFC 6455 does not allow of a single frame is refused here, as soon
 * as the bytes that show it are there: what breaks the order of frames is for
 * websocket.c. */
#include "frame.h"

#include <string.h>

static bool is_opcode(int opcode)
{
    return opcode <= WS_BINARY ||
           (opcode >= FRAME_CLOSE && opcode <= FRAME_PONG);
}

/* The first two bytes alone. */
static bool may_begin(const uint8_t *p)
{
    bool fin = p[0] & 0x80, reserved = p[0] & 0x70, masked = p[1] & 0x80;
    int opcode = p[0] & 0x0f, length = p[1] & 0x7f;

    if (reserved || !masked || !is_opcode(opcode))
        return false;
    return opcode < FRAME_CLOSE || (fin && length <= FRAME_CONTROL_MAX);
}

static uint64_t number(const uint8_t *p, size_t n)
{
    uint64_t x = 0;

    while (n-- > 0)
        x = x << 8 | *p++;
    return x;
}

int ws__parse_head(ws_frame_t *f, const uint8_t *p, size_t n)
{
    size_t extra; /* bytes of a longer length */

    if (n < 2)
        return 0;
    if (!may_begin(p))
        return -1;
    f->fin = p[0] & 0x80;
    f->opcode = p[0] & 0x0f;
    f->length = p[1] & 0x7f;
    extra = f->length == 126 ? 2 : f->length == 127 ? 8 : 0;
    if (n < 2 + extra)
        return 0;
    if (extra) {
        f->length = number(p + 2, extra);
        if (f->length < (extra == 2 ? 126 : 65536) || f->length >> 63)
            return -1;
    }
    if (n < 2 + extra + sizeof f->key)
        return 0;
    memcpy(f->key, p + 2 + extra, sizeof f->key);
    return (int)(2 + extra + sizeof f->key);
}

size_t ws__put_head(uint8_t *p, int opcode, size_t length)
{
    size_t extra = length < 126 ? 0 : length < 65536 ? 2 : 8;
    uint64_t rest = length;

    p[0] = (uint8_t)(0x80 | opcode);
    p[1] = (uint8_t)(extra == 0 ? length : extra == 2 ? 126 : 127);
    for (size_t i = extra; i > 0; i--, rest >>= 8)
        p[1 + i] = (uint8_t)rest;
    return 2 + extra;
}

void ws__unmask(uint8_t *p, size_t n, uint8_t key[4])
{
    uint8_t turned[4];
    uint64_t eight, mask;
    size_t i = 0;

    memcpy(&mask, key, 4);
    memcpy((uint8_t *)&mask + 4, key, 4);
    for (; i + 8 <= n; i += 8) {
        memcpy(&eight, p + i, 8);
        eight ^= mask;
        memcpy(p + i, &eight, 8);
    }
    for (; i < n; i++)
        p[i] ^= key[i % 4];
    for (i = 0; i < 4; i++)
        turned[i] = key[(n + i) % 4];
    memcpy(key, turned, 4);
}

bool ws__is_code(int code)
{
    if (code >= 3000)
        return code <= 4999;
    return code >= 1000 && code <= 1014 && (code <= 1003 || code >= 1007);
}
