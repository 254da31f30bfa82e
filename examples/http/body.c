/* SPDX-License-Identifier: MIT */
/* body.c - the body of a request comes in, of a fixed length or in chunks:
 *
 *     5;extension CR LF hello CR LF 0 CR LF trailer: x CR LF CR LF
 *
 * Extensions and trailers are dropped.  They count as body, as far as they are
 * longer than anybody needs, so that they have a bound. */
#include "connection.h"

#include <errno.h>

#define HARMLESS 16 /* bytes of the line before a chunk */

/* The body cannot be read on, for this reason.  The connection ends with this
 * request then, since nobody knows where the next one begins. */
static ssize_t fail(struct http_connection *c, int status, int error)
{
    c->failure = status;
    c->failure_errno = error;
    c->keep = false;
    errno = error;
    return -1;
}

/* What a wait for more has come to; n is not above 0. */
static ssize_t fail_wait(struct http_connection *c, ssize_t n)
{
    if (n == 0)
        return fail(c, 400, ECONNRESET);
    if (errno == ETIME)
        return fail(c, 408, ETIME);
    if (errno == ETIMEDOUT || errno == ECANCELED)
        return -1; /* the handler's own affair: it may try again */
    return fail(c, 400, errno);
}

static ssize_t receive(struct http_connection *c, char *buffer, size_t n)
{
    ssize_t got = http__receive(c, buffer, n);

    if (got <= 0)
        return fail_wait(c, got);
    http__earn(&c->patience, (size_t)got, c->server->options.body_timeout);
    return got;
}

static ssize_t fill(struct http_connection *c)
{
    ssize_t got = http__fill(c);

    if (got <= 0)
        return fail_wait(c, got);
    http__earn(&c->patience, (size_t)got, c->server->options.body_timeout);
    return got;
}

/* The next line, without its end: its length, or -1. */
static ssize_t next_line(struct http_connection *c, const char **line)
{
    const char *newline;
    size_t n;

    for (;;) {
        n = c->last - c->first;
        newline = memchr(c->in + c->first, '\n', n);
        if (newline || n > BODY_LINE_MAX)
            break;
        if (fill(c) < 0)
            return -1;
    }
    *line = c->in + c->first;
    n = newline ? (size_t)(newline - *line) : n;
    if (n == 0 || n > BODY_LINE_MAX || newline[-1] != '\r' ||
        memchr(*line, '\r', n - 1))
        return fail(c, 400, EBADMSG);
    c->first += n + 1;
    return (ssize_t)n - 1;
}

/* Trailers, up to the empty line: 0, or -1. */
static ssize_t skip_trailers(struct http_connection *c)
{
    ssize_t n, all = 0;
    const char *line;

    while ((n = next_line(c, &line)) > 0) {
        all += n;
        if (all > TRAILERS_MAX)
            return fail(c, 400, EBADMSG);
    }
    c->body_ended = n == 0;
    return n;
}

/* A size in hexadecimal digits, alone or before a semicolon; -1: no size. */
static int64_t parse_size(const char *line, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    int64_t size = 0;
    const char *digit;
    size_t i;

    for (i = 0; i < n; i++) {
        digit = memchr(digits, line[i] > '9' ? line[i] | 0x20 : line[i], 16);
        if (!digit)
            break;
        if (size > INT64_MAX >> 4)
            return -1;
        size = size * 16 + (digit - digits);
    }
    if (i == 0)
        return -1;
    if (i == n)
        return size;
    while (i < n && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return i < n && line[i] == ';' ? size : -1;
}

/* Go to the next chunk: 1, 0 at the end of the body, or -1. */
static ssize_t next_chunk(struct http_connection *c)
{
    const char *line;
    ssize_t n = 0;
    int64_t size;

    if (c->in_chunk && (n = next_line(c, &line)) != 0)
        return n < 0 ? -1 : fail(c, 400, EBADMSG);
    c->in_chunk = false;
    n = next_line(c, &line);
    if (n < 0)
        return -1;
    size = parse_size(line, (size_t)n);
    if (size < 0)
        return fail(c, 400, EBADMSG);
    c->body_read += n > HARMLESS ? (uint64_t)n - HARMLESS : 0;
    if ((uint64_t)size > c->server->options.body_max ||
        c->body_read + (uint64_t)size > c->server->options.body_max)
        return fail(c, 413, EMSGSIZE);
    if (size == 0)
        return skip_trailers(c);
    c->body_left = (uint64_t)size;
    c->body_read += (uint64_t)size;
    c->in_chunk = true;
    return 1;
}

/* The client waits until we want its body, unless it comes already. */
static ssize_t ask_for_body(struct http_connection *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    c->expects = false;
    if (c->first < c->last || c->begun)
        return 0;
    memcpy(c->out + c->n_out, text, sizeof text - 1);
    c->n_out += sizeof text - 1;
    return http__send_out(c);
}

/* At most n bytes of body or chunk, from the buffer or else the socket. */
static ssize_t take(struct http_connection *c, char *buffer, size_t n)
{
    size_t there;

    if (n > c->body_left)
        n = (size_t)c->body_left;
    if (c->first == c->last) {
        if (n >= ROOM_IN / 4)
            return receive(c, buffer, n);
        if (fill(c) < 0)
            return -1;
    }
    there = c->last - c->first;
    if (n > there)
        n = there;
    memcpy(buffer, c->in + c->first, n);
    c->first += n;
    return (ssize_t)n;
}

ssize_t http_read(http_request_t *r, void *buffer, size_t n)
{
    struct http_connection *c = r->connection;
    ssize_t got;

    if (c->failure) {
        errno = c->failure_errno;
        return -1;
    }
    if (c->body_ended || n == 0)
        return 0;
    if (c->expects && ask_for_body(c) < 0)
        return -1;
    if (c->chunked && c->body_left == 0 && (got = next_chunk(c)) <= 0)
        return got;
    got = take(c, buffer, n);
    if (got < 0)
        return -1;
    c->body_left -= (uint64_t)got;
    c->body_ended = !c->chunked && c->body_left == 0;
    return got;
}

bool http__drain(struct http_connection *c)
{
    char buffer[2048];
    size_t all = 0;
    ssize_t n = 1;

    if (c->expects || (!c->chunked && c->body_left > DRAIN_MAX))
        return false;
    while (n > 0 && all <= DRAIN_MAX) {
        n = http_read(&c->request, buffer, sizeof buffer);
        all += n > 0 ? (size_t)n : 0;
    }
    return n == 0;
}
