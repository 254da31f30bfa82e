/* SPDX-License-Identifier: MIT */
/* file.c - an answer that is a file, or a range of it.
 *
 * One range is served; of several together the whole file is, as one may.  What
 * a file has become while it is sent is not known, but never more is sent than
 * was promised, and if it is less the connection breaks. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"

#define PIECE (64 * 1024)

struct range {
    int64_t first, length;
};

/* ---- ranges ---- */

/* Digits up to `end`: the number, -1 if there are none or anything else. */
static int64_t parse_number(const char *text, const char *end)
{
    int64_t n = 0;

    if (text == end)
        return -1;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        n = n > INT64_MAX / 10 - 1 ? INT64_MAX / 10 : n * 10 + (*text - '0');
    }
    return n;
}

/* "bytes=0-99", "bytes=100-" or "bytes=-100": 206 and the range; 200 if it is to
 * be passed over; 416 if there is nothing in it. */
static int parse_range(const char *text, int64_t size, struct range *range)
{
    const char *dash, *end;
    int64_t first, last;

    if (strncmp(text, "bytes=", 6) != 0 || strchr(text, ','))
        return 200;
    text += 6;
    end = text + strlen(text);
    dash = strchr(text, '-');
    if (!dash)
        return 200;
    first = parse_number(text, dash);
    last = parse_number(dash + 1, end);
    if ((first < 0 && dash != text) || (last < 0 && dash + 1 != end) ||
        (first < 0 && last < 0) || (first >= 0 && last >= 0 && last < first))
        return 200;
    if (first < 0) { /* the last so many */
        first = last < size ? size - last : 0;
        last = last > 0 ? size - 1 : -1;
    } else if (last < 0 || last >= size) {
        last = size - 1;
    }
    range->first = first;
    range->length = last - first + 1;
    return first < size && range->length > 0 ? 206 : 416;
}

/* A range holds for the file as the client knows it, if it says so. */
static bool wants_range(const http_request_t *r, const char *modified)
{
    const char *condition = http_header(r, "If-Range");

    return http_header(r, "Range") && strcmp(r->method, "GET") == 0 &&
           (!condition || strcmp(condition, modified) == 0);
}

static bool is_unmodified(const http_request_t *r, time_t modified)
{
    const char *since = http_header(r, "If-Modified-Since");
    time_t when = since ? http__parse_date(since) : -1;

    return when >= 0 && modified <= when && !http_header(r, "If-None-Match");
}

/* ---- sending ---- */

static int send_range(http_request_t *r, int fd, struct range range)
{
    char *piece = malloc(PIECE);
    ssize_t n = 0;
    int rc = piece ? 0 : -1;

    while (rc == 0 && range.length > 0) {
        n = range.length < PIECE ? (ssize_t)range.length : PIECE;
        n = green_pread(fd, piece, (size_t)n, range.first);
        rc = n > 0 ? http_write(r, piece, (size_t)n) : -1;
        range.first += n;
        range.length -= n;
    }
    free(piece);
    return rc;
}

static int send_file(http_request_t *r, int fd, const char *type, int status,
                     struct range range)
{
    if (http_begin(r, status, type, range.length) < 0)
        return -1;
    if (strcmp(r->method, "HEAD") != 0 && send_range(r, fd, range) < 0)
        return -1;
    return http_end(r);
}

static int refuse_range(http_request_t *r, int64_t size)
{
    char text[40];

    snprintf(text, sizeof text, "bytes */%" PRId64, size);
    if (http_set_header(r, "Content-Range", text) < 0)
        return -1;
    return http_error(r, 416);
}

static int say_range(http_request_t *r, struct range range, int64_t size)
{
    char text[80];

    snprintf(text, sizeof text, "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
             range.first, range.first + range.length - 1, size);
    return http_set_header(r, "Content-Range", text);
}

int http__send_file(http_request_t *r, int fd, const char *type,
                    const struct stat *st)
{
    char modified[HTTP_DATE_ROOM];
    struct range range = {0};
    int status = 200;

    range.length = st->st_size;
    http__format_date(modified, st->st_mtime);
    if (http_set_header(r, "Last-Modified", modified) < 0 ||
        http_set_header(r, "Accept-Ranges", "bytes") < 0)
        return -1;
    if (is_unmodified(r, st->st_mtime))
        return http_reply(r, 304, NULL, NULL, 0);
    if (wants_range(r, modified))
        status = parse_range(http_header(r, "Range"), st->st_size, &range);
    if (status == 416)
        return refuse_range(r, st->st_size);
    if (status == 206 && say_range(r, range, st->st_size) < 0)
        return -1;
    return send_file(r, fd, type, status, range);
}

int http_file(http_request_t *r, int fd, const char *type)
{
    struct stat st;

    return fstat(fd, &st) < 0 ? -1 : http__send_file(r, fd, type, &st);
}
