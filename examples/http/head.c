/* SPDX-License-Identifier: MIT */
/* head.c - the head of an answer: status, headers, how long its body is.
 *
 * It is put together in `out`, where there is always room for it: the headers
 * that a handler adds have a bound. */
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "connection.h"

#define TYPE_MAX 256

static const struct {
    int code;
    const char *text;
} statuses[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http__status_text(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].code == status)
            return statuses[i].text;
    return NULL;
}

bool http__is_value(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

/* Those that say where an answer ends are the server's own. */
static bool may_set(const char *name)
{
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding",
                                       "Connection", "Date"};

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return false;
    for (const char *p = name; *p; p++)
        if (!http__is_token(*p))
            return false;
    return *name;
}

int http_set_header(http_request_t *r, const char *name, const char *value)
{
    struct http_connection *c = r->connection;
    size_t room = HTTP_ADDED_MAX - c->n_added;
    int n;

    if (c->begun) {
        errno = EALREADY;
        return -1;
    }
    if (!may_set(name) || !http__is_value(value)) {
        errno = EINVAL;
        return -1;
    }
    n = snprintf(c->added + c->n_added, room, "%s: %s\r\n", name, value);
    if (n < 0 || (size_t)n >= room) {
        errno = ENOBUFS;
        return -1;
    }
    c->n_added += (size_t)n;
    return 0;
}

static void put(struct http_connection *c, const char *text, size_t n)
{
    memcpy(c->out + c->n_out, text, n);
    c->n_out += n;
}

static void put_text(struct http_connection *c, const char *text)
{
    put(c, text, strlen(text));
}

static void put_header(struct http_connection *c, const char *name,
                       const char *value)
{
    put_text(c, name);
    put_text(c, ": ");
    put_text(c, value);
    put_text(c, "\r\n");
}

static void put_number(struct http_connection *c, int64_t n)
{
    char digits[20], *p = digits + sizeof digits;

    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    put(c, p, (size_t)(digits + sizeof digits - p));
}

static void put_status(struct http_connection *c, int status, const char *text)
{
    put_text(c, "HTTP/1.1 ");
    put_number(c, status);
    put_text(c, " ");
    put_text(c, text);
    put_text(c, "\r\n");
}

static void put_length(struct http_connection *c, int64_t length)
{
    if (length < 0) {
        if (c->chunks)
            put_header(c, "Transfer-Encoding", "chunked");
        return;
    }
    put_text(c, "Content-Length: ");
    put_number(c, length);
    put_text(c, "\r\n");
}

int http__put_head(struct http_connection *c, int status, const char *type,
                   int64_t length)
{
    const char *text = http__status_text(status);

    if (!text || (type && (!http__is_value(type) || strlen(type) > TYPE_MAX))) {
        errno = EINVAL;
        return -1;
    }
    if (c->n_out > 0 && http__send_out(c) < 0)
        return -1;
    put_status(c, status, text);
    put_header(c, "Date", http__now());
    if (type)
        put_header(c, "Content-Type", type);
    if (status >= 200 && status != 204 && status != 304)
        put_length(c, length);
    if (status < 200)
        put_header(c, "Connection", "Upgrade");
    else if (!c->keep)
        put_header(c, "Connection", "close");
    else if (c->request.minor == 0)
        put_header(c, "Connection", "keep-alive");
    put(c, c->added, c->n_added);
    put_text(c, "\r\n");
    return 0;
}
