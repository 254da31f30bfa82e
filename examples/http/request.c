/* SPDX-License-Identifier: MIT */
/* request.c - the head of a request: its line and its header fields.
 *
 * A head is awaited as a whole and parsed in place, once.  While it comes only
 * new bytes are looked at, so a client that sends them one by one costs no more
 * than another.  The grammar is taken strictly: lines end with CR LF, a name
 * stands right before its colon, no line continues another. */
#include "connection.h"

#include <errno.h>

enum { MORE = -2 }; /* beside the results of http__read_head */

/* ---- parsing ---- */

/* [line, end) with room for a 0 behind it. */
static int parse_field(http_header_t *field, char *line, char *end)
{
    char *p = line;

    while (http__is_token(*p))
        p++;
    if (p == line || *p != ':')
        return 400;
    *p++ = '\0';
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    field->name = line;
    field->value = p;
    for (; *p; p++)
        if (http__is_control(*p) && *p != '\t')
            return 400;
    return 0;
}

/* The lines before `last`, which is the empty one. */
static int parse_fields(struct http_connection *c, char *line, const char *last)
{
    size_t n = 0;
    char *end;
    int status = 0;

    for (; status == 0 && line < last; line = end + 2) {
        if (n == HEADERS_MAX)
            return 431;
        end = strchr(line, '\n') - 1;
        status = parse_field(&c->headers[n], line, end);
        if (status == 0)
            status = http__note_field(c, &c->headers[n++]);
    }
    c->request.headers = c->headers;
    c->request.n_headers = n;
    return status ? status : http__check_fields(c);
}

int http__parse(struct http_connection *c, char *head, size_t n)
{
    char *end = memchr(head, '\n', n);
    int status;

    if (memchr(head, '\0', n))
        return 400;
    end[-1] = head[n - 1] = '\0';
    status = http__parse_line(&c->request, head);
    return status ? status : parse_fields(c, end + 1, head + n - 2);
}

/* ---- waiting for it ---- */

/* Look for the end of the head: 0 and its length if it is there. */
static int scan_head(struct http_connection *c, size_t *length)
{
    const char *text = c->in + c->first, *newline;
    size_t n = c->last - c->first, end;

    if (n > 0 && *text != '\r' && !http__is_token(*text))
        return 400;
    while ((newline = memchr(text + c->scanned, '\n', n - c->scanned))) {
        end = (size_t)(newline - text);
        if (end >= (c->line == 0 ? LINE_MAX_LENGTH : HEAD_MAX_LENGTH))
            return c->line == 0 ? 414 : 431;
        if (end == c->line || newline[-1] != '\r')
            return 400;
        *length = end + 1;
        if (end == c->line + 1)
            return 0;
        c->line = c->scanned = end + 1;
    }
    c->scanned = n;
    if (n >= (c->line == 0 ? LINE_MAX_LENGTH : HEAD_MAX_LENGTH))
        return c->line == 0 ? 414 : 431;
    return MORE;
}

/* The state for a new request; what has come already is moved to the front. */
static void reset(struct http_connection *c)
{
    memmove(c->in, c->in + c->first, c->last - c->first);
    c->last -= c->first;
    c->floor = c->first = c->line = c->scanned = 0;
    c->has_host = c->has_length = c->chunked = c->expects = false;
    c->in_chunk = false;
    c->body_ended = true;
    c->body_left = c->body_read = 0;
    c->failure = 0;
    c->begun = c->ended = c->bodiless = c->chunks = false;
    c->status = 0;
    c->written = 0;
    c->n_added = c->chunk_at = 0;
    c->keep = c->asked = false;
    c->send_patience = c->server->options.send_timeout;
    memset(&c->request, 0, sizeof c->request);
    c->request.connection = c;
    c->request.method = c->request.path = c->request.query = "";
}

/* Newlines before a request, as some clients send after a body. */
static void skip_newlines(struct http_connection *c)
{
    while (c->line == 0 && c->last - c->first >= 2 &&
           memcmp(c->in + c->first, "\r\n", 2) == 0) {
        c->first += 2;
        c->scanned = 0;
    }
}

static int await_head(struct http_connection *c, size_t *length)
{
    const http_options_t *options = &c->server->options;
    int status;
    ssize_t n;

    c->idle = c->first == c->last;
    c->patience = c->idle ? options->idle_timeout : options->head_timeout;
    for (;;) {
        skip_newlines(c);
        status = scan_head(c, length);
        if (status != MORE)
            return status;
        n = http__fill(c);
        if (n <= 0)
            return n < 0 && errno == ETIME && c->first < c->last ? 408 : -1;
        if (c->idle)
            c->patience = options->head_timeout;
        c->idle = false;
    }
}

int http__read_head(struct http_connection *c)
{
    size_t length = 0;
    char *head;
    int status;

    reset(c);
    status = await_head(c, &length);
    c->idle = false;
    if (status != 0)
        return status;
    head = c->in + c->first;
    c->first += length;
    c->floor = c->first;
    c->patience = c->server->options.body_timeout;
    return http__parse(c, head, length);
}
