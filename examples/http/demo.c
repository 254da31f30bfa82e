/* SPDX-License-Identifier: MIT */
/* demo.c - the routes of http_server: how handlers are written. */
#include "demo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int demo_hello(http_request_t *r, void *arg)
{
    char name[64] = "world", text[80];
    int n;

    (void)arg;
    if (http_query(r, "name", name, sizeof name) < 0 && errno != ENOENT)
        return http_error(r, 400);
    n = snprintf(text, sizeof text, "Hello, %s!\n", name);
    return http_reply(r, 200, "text/plain; charset=utf-8", text, (size_t)n);
}

/* A number of the query, from 0 to `most`. */
static long number(const http_request_t *r, const char *name, long otherwise,
                   long most)
{
    char digits[20], *end;
    long n;

    if (http_query(r, name, digits, sizeof digits) <= 0)
        return otherwise;
    n = strtol(digits, &end, 10);
    return *end || n < 0 || n > most ? otherwise : n;
}

int demo_stream(http_request_t *r, void *arg)
{
    long lines = number(r, "lines", 10, 1000000);
    long ms = number(r, "ms", 1000, 60000);

    (void)arg;
    if (http_begin(r, 200, "text/plain", -1) < 0)
        return -1;
    for (long i = 1; i <= lines; i++) {
        if (http_printf(r, "line %ld\n", i) < 0 || http_flush(r) < 0)
            return -1; /* the client has gone */
        if (http_stopping(r))
            break;
        if (i < lines && green_sleep(ms * GREEN_MS) < 0)
            return -1;
    }
    return http_end(r);
}

/* ---- long polling: an answer that waits for something to say ---- */

static struct {
    long number; /* of the last message */
    size_t length;
    char text[4096];
    green_event_t news;
} board;

int demo_poll_get(http_request_t *r, void *arg)
{
    long after = number(r, "after", board.number, 1000000000);
    int64_t patience = number(r, "ms", 25000, 60000) * GREEN_MS;
    char digits[24];

    (void)arg;
    if (board.number <= after)
        green_event_wait(&board.news, patience);
    if (board.number <= after) /* its time is up, or the server stops */
        return http_reply(r, 204, NULL, NULL, 0);
    snprintf(digits, sizeof digits, "%ld", board.number);
    http_set_header(r, "Message-Number", digits);
    return http_reply(r, 200, "text/plain; charset=utf-8", board.text,
                      board.length);
}

int demo_poll_post(http_request_t *r, void *arg)
{
    char text[sizeof board.text];
    size_t length = 0;
    ssize_t n;

    (void)arg;
    while ((n = http_read(r, text + length, sizeof text - length)) > 0)
        length += (size_t)n;
    if (n < 0)
        return -1;
    if (length == sizeof text)
        return http_error(r, 413);
    memcpy(board.text, text, length);
    board.length = length;
    board.number++;
    green_event_set(&board.news); /* wakes all who wait now ... */
    green_event_clear(&board.news);
    return http_reply(r, 204, NULL, NULL, 0);
}

/* The first piece is read before the answer begins, so that a body that is no
 * good can still be answered as it deserves. */
int demo_echo(http_request_t *r, void *arg)
{
    const char *type = http_header(r, "Content-Type");
    const char *length = http_header(r, "Content-Length");
    char piece[16 * 1024];
    ssize_t n = http_read(r, piece, sizeof piece);

    (void)arg;
    if (n < 0 || http_begin(r, 200, type ? type : "application/octet-stream",
                            length ? strtoll(length, NULL, 10) : -1) < 0)
        return -1;
    for (; n > 0; n = http_read(r, piece, sizeof piece))
        if (http_write(r, piece, (size_t)n) < 0)
            return -1;
    return n < 0 ? -1 : http_end(r);
}

void demo_stop(void)
{
    green_event_set(&board.news);
}
