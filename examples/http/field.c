/* SPDX-License-Identifier: MIT */
/* field.c - what the header fields of a request say of connection and body.
 *
 * Where a body ends must be beyond doubt: if a proxy before us saw another end,
 * what it takes for a body would be a request to us (request smuggling).  So
 * whatever is said twice, in two ways, or oddly, is refused. */
#include "connection.h"

#include <strings.h>

static bool is(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

static int note_length(struct http_connection *c, const char *digits)
{
    uint64_t length = 0;

    if (c->has_length || !*digits)
        return 400;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9' || length > UINT64_MAX / 10 - 1)
            return 400;
        length = length * 10 + (uint64_t)(*digits - '0');
    }
    c->has_length = true;
    c->body_left = length;
    return 0;
}

static int note_transfer(struct http_connection *c, const char *coding)
{
    if (c->chunked || c->request.minor == 0)
        return 400;
    if (!is(coding, "chunked"))
        return 501;
    c->chunked = true;
    return 0;
}

static int note_expect(struct http_connection *c, const char *what)
{
    if (!is(what, "100-continue"))
        return 417;
    c->expects = c->request.minor > 0;
    return 0;
}

static int note_host(struct http_connection *c, const char *host)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789.-_~:[]%!$&'()*+,;=";

    if (c->has_host || host[strspn(host, good)])
        return 400;
    c->has_host = true;
    return 0;
}

int http__note_field(struct http_connection *c, const http_header_t *field)
{
    if (is(field->name, "Content-Length"))
        return note_length(c, field->value);
    if (is(field->name, "Transfer-Encoding"))
        return note_transfer(c, field->value);
    if (is(field->name, "Expect"))
        return note_expect(c, field->value);
    if (is(field->name, "Host"))
        return note_host(c, field->value);
    return 0;
}

int http__check_fields(struct http_connection *c)
{
    const http_request_t *r = &c->request;

    if ((c->chunked && c->has_length) || (r->minor > 0 && !c->has_host))
        return 400;
    if (!c->chunked && c->body_left > c->server->options.body_max)
        return 413;
    c->body_ended = !c->chunked && c->body_left == 0;
    c->expects = c->expects && !c->body_ended;
    c->keep = r->minor > 0 ? !http_header_has(r, "Connection", "close")
                           : http_header_has(r, "Connection", "keep-alive");
    c->asked = c->keep;
    return 0;
}

/* ---- for handlers ---- */

const char *http_header(const http_request_t *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (is(r->headers[i].name, name))
            return r->headers[i].value;
    return NULL;
}

static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*(list += strspn(list, ", \t"))) {
        size_t n = strcspn(list, ", \t");

        if (n == length && strncasecmp(list, word, n) == 0)
            return true;
        list += n;
    }
    return false;
}

bool http_header_has(const http_request_t *r, const char *name,
                     const char *word)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (is(r->headers[i].name, name) && list_has(r->headers[i].value, word))
            return true;
    return false;
}
