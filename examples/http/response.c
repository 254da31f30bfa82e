/* SPDX-License-Identifier: MIT */
/* response.c - an answer goes out, whole or bit by bit.
 *
 * Small pieces are collected in `out`.  Where the length is not known they go in
 * chunks; a chunk is open as long as it is in the buffer, and its size is filled
 * in when it is closed:
 *
 *     out:  [ head | 0x0000 CR LF | data | room | kept for what closes it ]
 *                    chunk_at            n_out
 *
 * A piece that is larger than the room is sent from where it lies, in one call
 * with what was collected. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "connection.h"

#define CHUNK_HEAD 6 /* four digits and a newline */
#define KEPT 16      /* for a newline and the last chunk */

_Static_assert(ROOM_OUT <= 0xffff, "sizes of chunks have four digits");

static int refuse(int error)
{
    errno = error;
    return -1;
}

static bool has_body(const http_request_t *r, int status)
{
    return strcmp(r->method, "HEAD") != 0 && status >= 200 && status != 204 &&
           status != 304;
}

static int begin(http_request_t *r, int status, const char *type,
                 int64_t length)
{
    struct http_connection *c = r->connection;

    if (c->begun)
        return refuse(EALREADY);
    if (c->server->stopping || c->expects || c->failure ||
        (!c->chunked && c->body_left > DRAIN_MAX))
        c->keep = false;
    c->bodiless = !has_body(r, status);
    c->chunks = length < 0 && r->minor > 0;
    if (length < 0 && !c->chunks && !c->bodiless)
        c->keep = false; /* the end of the connection is that of the body */
    if (http__put_head(c, status, type, length) < 0)
        return -1;
    c->begun = true;
    c->status = status;
    c->left = c->bodiless || length < 0 ? -1 : length;
    c->chunks = c->chunks && !c->bodiless;
    return 0;
}

int http_begin(http_request_t *r, int status, const char *type, int64_t length)
{
    return status < 200 ? refuse(EINVAL) : begin(r, status, type, length);
}

/* ---- chunks ---- */

static void open_chunk(struct http_connection *c)
{
    if (!c->chunks || c->chunk_at > 0)
        return;
    c->chunk_at = c->n_out + CHUNK_HEAD;
    c->n_out = c->chunk_at;
}

static void close_chunk(struct http_connection *c)
{
    size_t size = c->n_out - c->chunk_at;
    char text[CHUNK_HEAD + 1];

    if (c->chunk_at == 0)
        return;
    if (size == 0) { /* which would end the body */
        c->n_out -= CHUNK_HEAD;
    } else {
        snprintf(text, sizeof text, "%04x\r\n", (unsigned)size & 0xffff);
        memcpy(c->out + c->chunk_at - CHUNK_HEAD, text, CHUNK_HEAD);
        memcpy(c->out + c->n_out, "\r\n", 2);
        c->n_out += 2;
    }
    c->chunk_at = 0;
}

/* ---- writing ---- */

static size_t room_in(const struct http_connection *c)
{
    size_t used = c->n_out + KEPT + (c->chunks ? CHUNK_HEAD : 0);

    return used < ROOM_OUT ? ROOM_OUT - used : 0;
}

/* Send the buffer and, from where they are, these data. */
static int send_large(struct http_connection *c, const void *data, size_t n)
{
    char newline[] = "\r\n";
    struct iovec iov[3] = {
        {.iov_base = c->out},
        {.iov_base = (void *)(uintptr_t)data, .iov_len = n},
        {.iov_base = newline, .iov_len = 2},
    };

    close_chunk(c);
    if (c->chunks && ROOM_OUT - c->n_out < 20 && http__send_out(c) < 0)
        return -1;
    if (c->chunks)
        c->n_out += (size_t)snprintf(c->out + c->n_out, 20, "%zx\r\n", n);
    iov[0].iov_len = c->n_out;
    c->n_out = 0;
    return http__send(c, iov, c->chunks ? 3 : 2);
}

int http_write(http_request_t *r, const void *data, size_t n)
{
    struct http_connection *c = r->connection;

    if (!c->begun || c->ended)
        return refuse(EINVAL);
    if (c->broken)
        return refuse(EPIPE);
    if (c->bodiless || n == 0)
        return 0;
    if (c->left >= 0 && n > (uint64_t)c->left)
        return refuse(EOVERFLOW);
    if (c->left >= 0)
        c->left -= (int64_t)n;
    c->written += n;
    if (n > room_in(c))
        return send_large(c, data, n);
    open_chunk(c);
    memcpy(c->out + c->n_out, data, n);
    c->n_out += n;
    return 0;
}

int http_printf(http_request_t *r, const char *format, ...)
{
    char text[2048];
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (n < 0)
        return -1;
    if ((size_t)n >= sizeof text)
        return refuse(EMSGSIZE);
    return http_write(r, text, (size_t)n);
}

int http_flush(http_request_t *r)
{
    close_chunk(r->connection);
    return http__send_out(r->connection);
}

/* Less than was promised cannot be mended: the client must see that. */
int http_end(http_request_t *r)
{
    struct http_connection *c = r->connection;

    if (!c->begun || c->ended)
        return refuse(EINVAL);
    c->ended = true;
    close_chunk(c);
    if (c->left > 0)
        c->keep = false;
    if (c->chunks) {
        memcpy(c->out + c->n_out, "0\r\n\r\n", 5);
        c->n_out += 5;
    }
    return http__send_out(c);
}

/* ---- whole answers ---- */

int http_reply(http_request_t *r, int status, const char *type,
               const void *body, size_t n)
{
    if (http_begin(r, status, type, (int64_t)n) < 0 ||
        http_write(r, body, n) < 0)
        return -1;
    return http_end(r);
}

int http_error(http_request_t *r, int status)
{
    const char *text = http__status_text(status);
    char body[80];
    int n;

    if (!text || status < 400)
        return refuse(EINVAL);
    n = snprintf(body, sizeof body, "%d %s\n", status, text);
    return http_reply(r, status, "text/plain", body, (size_t)n);
}

int http_upgrade(http_request_t *r, const char *protocol, const void **early,
                 size_t *n)
{
    struct http_connection *c = r->connection;

    if (r->minor == 0 || !c->body_ended)
        return refuse(EINVAL);
    if (http_set_header(r, "Upgrade", protocol) < 0)
        return -1;
    if (begin(r, 101, NULL, -1) < 0 || http__send_out(c) < 0)
        return -1;
    c->ended = c->upgraded = true;
    *early = c->in + c->first;
    *n = c->last - c->first;
    return c->fd;
}

bool http_stopping(const http_request_t *r)
{
    return r->connection->server->stopping;
}

/* When an answer has begun there is no way to say "this went wrong" but to end
 * the connection in its midst. */
bool http__finish(struct http_connection *c, int result)
{
    http_request_t *r = &c->request;

    if (!c->begun)
        http_error(r, c->failure ? c->failure : 500);
    else if (!c->ended && result == 0)
        http_end(r);
    if (c->upgraded)
        return false;
    if (!c->ended) {
        http_flush(r);
        if (c->left < 0 && !c->chunks)
            http__reset(c); /* else the end would look like the end */
        return false;
    }
    return c->keep && !c->broken && (c->body_ended || http__drain(c));
}
