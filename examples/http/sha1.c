/* SPDX-License-Identifier: MIT */
/* sha1.c - the hash that the handshake of WebSocket asks for (FIPS 180-4).
 *
 * It proves that a server knows what it is being asked, no more: SHA-1 is good
 * enough for that, and for nothing else. */
#include "frame.h"

#include <string.h>

#define BLOCK 64

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round == 0)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (round == 1)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (round == 2)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

static void expand(uint32_t w[80], const uint8_t *p)
{
    for (int i = 0; i < 16; i++, p += 4)
        w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
               (uint32_t)p[2] << 8 | p[3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
}

static void add_block(uint32_t h[5], const uint8_t *p)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

    expand(w, p);
    for (int i = 0; i < 80; i++) {
        uint32_t next = rotate(a, 5) + mix(i / 20, b, c, d) + e + w[i];

        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

/* What does not fill a block, a one, zeros, and the length in bits at the end
 * of the last block. */
static void add_rest(uint32_t h[5], const uint8_t *p, size_t rest,
                     uint64_t bits)
{
    uint8_t tail[2 * BLOCK] = {0};
    size_t size = rest + 9 > BLOCK ? 2 * BLOCK : BLOCK;

    memcpy(tail, p, rest);
    tail[rest] = 0x80;
    for (size_t i = 1; i <= 8; i++, bits >>= 8)
        tail[size - i] = (uint8_t)bits;
    for (size_t i = 0; i < size; i += BLOCK)
        add_block(h, tail + i);
}

void ws__sha1(const void *data, size_t n, uint8_t digest[SHA1_SIZE])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                     0xc3d2e1f0};
    const uint8_t *p = data;
    size_t left = n;

    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        add_block(h, p);
    add_rest(h, p, left, (uint64_t)n * 8);
    for (int i = 0; i < SHA1_SIZE; i++)
        digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}
