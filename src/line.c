/* SPDX-License-Identifier: MIT */
/* line.c - layer 1: a line of a report.
 *
 * Reports are made when little can be relied on: without memory, in the middle
 * of things, in signal handlers.  A line needs only its own bytes, and goes out
 * by one write, so that those of several threads do not mix.  Formatting is
 * vsnprintf's, which allocates nothing for the conversions used. */
#include "line.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "sys.h"

void green__line_add(struct line *l, const char *format, ...)
{
    va_list list;
    size_t room = sizeof l->text - l->n;
    int n;

    va_start(list, format);
    n = vsnprintf(l->text + l->n, room, format, list);
    va_end(list);
    if (n > 0)
        l->n += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_bytes(struct line *l, const char *bytes, size_t n)
{
    size_t room = sizeof l->text - 1 - l->n;

    if (n > room)
        n = room;
    memcpy(l->text + l->n, bytes, n);
    l->n += n;
    l->text[l->n] = '\0';
}

void green__line_text(struct line *l, const char *text)
{
    add_bytes(l, text, strlen(text));
}

void green__line_number(struct line *l, uint64_t number, int digits)
{
    char text[24];
    char *end = text + sizeof text, *first = end;

    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) > 0 || end - first < digits);
    add_bytes(l, first, (size_t)(end - first));
}

void green__line_path(struct line *l, const char *wish)
{
    const char *mark = strstr(wish, "%p");

    if (mark)
        green__line_add(l, "%.*s%ld%s", (int)(mark - wish), wish,
                        (long)green__sys.getpid(), mark + 2);
    else
        green__line_text(l, wish);
}

void green__line_write(struct line *l, int fd)
{
    const char *at = l->text;
    ssize_t n;

    while (l->n > 0 && (n = green__sys.write(fd, at, l->n)) > 0) {
        at += n;
        l->n -= (size_t)n;
    }
    l->n = 0;
}
