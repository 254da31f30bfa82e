/* SPDX-License-Identifier: MIT */
/* utf8.c - is it UTF-8?  Asked piece by piece, strictly (RFC 3629).
 *
 * The first byte of a character tells how many follow.  What follows is from 80
 * to bf, but the second byte has closer bounds where a shorter form exists
 * (e0, f0), or a surrogate (ed), or the end of Unicode (f4) lies beyond. */
#include "frame.h"

#include <string.h>

static bool begin_character(ws_utf8_t *u, uint8_t c)
{
    u->low = 0x80;
    u->high = 0xbf;
    if (c < 0x80)
        return true;
    if (c < 0xc2 || c > 0xf4)
        return false;
    u->left = (uint8_t)(c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3);
    if (c == 0xe0)
        u->low = 0xa0;
    else if (c == 0xed)
        u->high = 0x9f;
    else if (c == 0xf0)
        u->low = 0x90;
    else if (c == 0xf4)
        u->high = 0x8f;
    return true;
}

static bool go_on(ws_utf8_t *u, uint8_t c)
{
    if (c < u->low || c > u->high)
        return false;
    u->left--;
    u->low = 0x80;
    u->high = 0xbf;
    return true;
}

/* How many of the first bytes are ASCII: eight at a time, which is much quicker. */
static size_t skip_ascii(const uint8_t *p, size_t n)
{
    size_t i = 0;
    uint64_t eight;

    for (; i + sizeof eight <= n; i += sizeof eight) {
        memcpy(&eight, p + i, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

bool ws__utf8(ws_utf8_t *u, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (u->left == 0)
            i += skip_ascii(p + i, n - i);
        if (i < n && !(u->left ? go_on(u, p[i]) : begin_character(u, p[i])))
            return false;
    }
    return true;
}

bool ws_is_utf8(const void *data, size_t n)
{
    ws_utf8_t u = {0};

    return ws__utf8(&u, data, n) && u.left == 0;
}
