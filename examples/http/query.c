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

/* The character that text begins with, n being left of it: -1 if its percent sign
 * makes no sense.  A 0 makes none, either: it would end the text for some. */
static int first_character(const char *text, size_t n, size_t *taken)
{
    int high, low;

    *taken = 1;
    if (*text != '%')
        return (unsigned char)*text;
    *taken = 3;
    high = n > 2 ? hex_digit(text[1]) : -1;
    low = high >= 0 ? hex_digit(text[2]) : -1;
    return low < 0 || (high == 0 && low == 0) ? -1 : high << 4 | low;
}

ssize_t http__decode(char *text, size_t n)
{
    char *to = text;
    size_t taken;

    for (size_t i = 0; i < n; i += taken) {
        int c = first_character(text + i, n - i, &taken);

        if (c < 0)
            return -1;
        *to++ = (char)c;
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

static ssize_t decode_value(const char *raw, size_t n, char *value, size_t room)
{
    size_t length = 0, taken;

    for (size_t i = 0; i < n; i += taken) {
        int c = first_character(raw + i, n - i, &taken);

        if (c < 0 || length + 1 >= room) {
            errno = c < 0 ? EINVAL : EMSGSIZE;
            return -1;
        }
        value[length++] = (char)(raw[i] == '+' ? ' ' : c);
    }
    if (room == 0) {
        errno = EMSGSIZE;
        return -1;
    }
    value[length] = '\0';
    return (ssize_t)length;
}

ssize_t http_query(const http_request_t *r, const char *name, char *value,
                   size_t room)
{
    size_t n;
    const char *raw = find_parameter(r->query, name, &n);

    if (raw)
        return decode_value(raw, n, value, room);
    errno = ENOENT;
    return -1;
}
