/* SPDX-License-Identifier: MIT */
/* query.c - percent signs, and the parameters of a query. */
#include "connection.h"

#include <errno.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A decoded 0 makes no sense, either: it would end the text for some. */
ssize_t http__decode(char *text, size_t n)
{
    char *to = text;

    for (size_t i = 0; i < n; i++) {
        int high, low;

        if (text[i] != '%') {
            *to++ = text[i];
            continue;
        }
        high = n - i > 2 ? hex_digit(text[i + 1]) : -1;
        low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0 || (high == 0 && low == 0))
            return -1;
        *to++ = (char)(high << 4 | low);
        i += 2;
    }
    if (to < text + n)
        *to = '\0';
    return to - text;
}

/* The next "name=value" of a query, and its length. */
static const char *find_parameter(const char *query, const char *name,
                                  size_t *length)
{
    size_t n = strlen(name), all;

    for (; *query; query += all + (query[all] == '&')) {
        all = strcspn(query, "&");
        if (all < n || memcmp(query, name, n) != 0)
            continue;
        if (all > n && query[n] != '=')
            continue;
        *length = all > n ? all - n - 1 : 0;
        return all > n ? query + n + 1 : query + n;
    }
    return NULL;
}

ssize_t http_query(const http_request_t *r, const char *name, char *value,
                   size_t room)
{
    size_t n;
    const char *raw = find_parameter(r->query, name, &n);
    ssize_t length;

    if (!raw) {
        errno = ENOENT;
        return -1;
    }
    if (n >= room) {
        errno = EMSGSIZE;
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        value[i] = raw[i] == '+' ? ' ' : raw[i];
    value[n] = '\0';
    length = http__decode(value, n);
    if (length < 0)
        errno = EINVAL;
    return length;
}
