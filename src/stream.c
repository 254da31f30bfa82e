/* SPDX-License-Identifier: MIT */
/* stream.c - layer 7: a descriptor with buffers, to read lines and to print.
 *
 *     in:   [ read already | has come, not read | room ]
 *                          first                last   room
 *     out:  [ written, not sent | room ]
 *                               n_out
 *
 * Each direction has a lock, so that a line or a text stays whole whatever other
 * greenlets do with the stream, and one may read while another writes.
 *
 * A line is taken out of `in` only when all of it is there: a wait for the rest
 * that fails loses nothing.  For that `in` grows, up to what a caller has room
 * for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "misuse.h"
#include "sys.h"
#include "green_impl.h"

#define STREAM_ROOM 8192 /* of each buffer */

struct green_stream {
    int fd;
    green_mutex_t reading, writing;
    char *in;
    size_t room, first, last;
    size_t n_out;
    char out[STREAM_ROOM];
};

green_stream_t *green_stream_open(int fd)
{
    green_stream_t *s;

    if (fd < 0) {
        errno = EBADF;
        return NULL;
    }
    s = green__sys.malloc(sizeof *s);
    if (!s)
        return NULL;
    memset(s, 0, offsetof(struct green_stream, out));
    s->in = green__sys.malloc(STREAM_ROOM);
    if (!s->in) {
        green__sys.free(s);
        return NULL;
    }
    s->fd = fd;
    s->room = STREAM_ROOM;
    return s;
}

/* ---- reading ---- */

/* Without what it needs a call is refused by the lock: there is none. */
static int lock_reading(green_stream_t *s, bool good_arguments)
{
    return green_mutex_lock(s && good_arguments ? &s->reading : NULL,
                            GREEN_FOREVER);
}

/* Room for at least one byte behind `last`. */
static int make_in_room(green_stream_t *s)
{
    char *bigger;

    if (s->first > 0) {
        s->last -= s->first;
        memmove(s->in, s->in + s->first, s->last);
        s->first = 0;
        return 0;
    }
    bigger = green__sys.realloc(s->in, s->room * 2);
    if (!bigger)
        return -1;
    s->in = bigger;
    s->room *= 2;
    return 0;
}

/* Wait for more: how many bytes, 0 at the end, or -1. */
static ssize_t fetch_more(green_stream_t *s)
{
    ssize_t n;

    if (s->last == s->room && make_in_room(s) < 0)
        return -1;
    n = green_read(s->fd, s->in + s->last, s->room - s->last);
    if (n > 0)
        s->last += (size_t)n;
    return n;
}

static size_t take_out(green_stream_t *s, char *buffer, size_t n)
{
    if (n > s->last - s->first)
        n = s->last - s->first;
    if (n > 0)
        memcpy(buffer, s->in + s->first, n);
    s->first += n;
    if (s->first == s->last)
        s->first = s->last = 0;
    return n;
}

static ssize_t read_some(green_stream_t *s, char *buffer, size_t n)
{
    ssize_t r;

    if (s->first == s->last && n >= STREAM_ROOM)
        return green_read(s->fd, buffer, n);
    if (s->first == s->last) {
        r = fetch_more(s);
        if (r <= 0)
            return r;
    }
    return (ssize_t)take_out(s, buffer, n);
}

/* At least `least` bytes, unless the file ends, and at most n. */
static ssize_t read_least(green_stream_t *s, char *buffer, size_t n,
                          size_t least)
{
    size_t done = 0;
    ssize_t r = 1;

    if (lock_reading(s, buffer || n == 0) < 0)
        return -1;
    while (done < least && r > 0) {
        r = read_some(s, buffer + done, n - done);
        done += r > 0 ? (size_t)r : 0;
    }
    green_mutex_unlock(&s->reading);
    return r < 0 ? -1 : (ssize_t)done;
}

ssize_t green_stream_read(green_stream_t *s, void *buffer, size_t n)
{
    return read_least(s, buffer, n, n > 0);
}

ssize_t green_stream_read_all(green_stream_t *s, void *buffer, size_t n)
{
    return read_least(s, buffer, n, n);
}

/* Have the next line in the buffer, or more of it than `room`, or the last: its
 * length with the newline, or -1. */
static ssize_t await_line(green_stream_t *s, size_t room)
{
    size_t length = 0, searched;
    const char *line, *newline;
    ssize_t r;

    do {
        searched = length;
        length = s->last - s->first;
        line = s->in + s->first;
        newline = length > searched
                      ? memchr(line + searched, '\n', length - searched)
                      : NULL;
        if (newline)
            return newline + 1 - line;
        r = length < room ? fetch_more(s) : 0;
    } while (r > 0);
    return r < 0 ? -1 : (ssize_t)length;
}

/* `room` is more than the line may have: for its 0. */
static ssize_t read_line(green_stream_t *s, char *line, size_t room)
{
    ssize_t length = await_line(s, room);
    size_t n;

    if (length < 0)
        return -1;
    n = take_out(s, line, (size_t)length < room ? (size_t)length : room - 1);
    line[n] = '\0';
    if (n == (size_t)length)
        return length;
    errno = EMSGSIZE;
    return -1;
}

ssize_t green_stream_read_line(green_stream_t *s, char *line, size_t room)
{
    ssize_t r;

    if (lock_reading(s, line && room > 1) < 0)
        return -1;
    r = read_line(s, line, room);
    green_mutex_unlock(&s->reading);
    return r;
}

/* ---- writing ---- */

static int lock_writing(green_stream_t *s, bool good_arguments)
{
    return green_mutex_lock(s && good_arguments ? &s->writing : NULL,
                            GREEN_FOREVER);
}

/* What could not be sent stays. */
static int send_out(green_stream_t *s)
{
    ssize_t n;

    while (s->n_out > 0) {
        n = green_write(s->fd, s->out, s->n_out);
        if (n < 0)
            return -1;
        s->n_out -= (size_t)n;
        memmove(s->out, s->out + n, s->n_out);
    }
    return 0;
}

static ssize_t write_some(green_stream_t *s, const char *buffer, size_t n)
{
    if (n > STREAM_ROOM - s->n_out && send_out(s) < 0)
        return -1;
    if (n >= STREAM_ROOM)
        return green_write_all(s->fd, buffer, n);
    if (n > 0)
        memcpy(s->out + s->n_out, buffer, n);
    s->n_out += n;
    return (ssize_t)n;
}

ssize_t green_stream_write(green_stream_t *s, const void *buffer, size_t n)
{
    ssize_t r;

    if (lock_writing(s, buffer || n == 0) < 0)
        return -1;
    r = write_some(s, buffer, n);
    green_mutex_unlock(&s->writing);
    return r;
}

/* For a text that is longer than what is left of the buffer. */
GREEN_FORMAT(3, 0)
static int print_large(green_stream_t *s, int n, const char *format,
                       va_list list)
{
    size_t size = (size_t)n + 1;
    char *text = green__sys.malloc(size);

    if (!text)
        return -1;
    if (vsnprintf(text, size, format, list) != n ||
        write_some(s, text, size - 1) < 0)
        n = -1;
    green__sys.free(text);
    return n;
}

GREEN_FORMAT(2, 0)
static int print_some(green_stream_t *s, const char *format, va_list list)
{
    size_t room = STREAM_ROOM - s->n_out;
    va_list again;
    int n;

    va_copy(again, list);
    n = vsnprintf(s->out + s->n_out, room, format, list);
    if (n >= 0 && (size_t)n < room)
        s->n_out += (size_t)n;
    else if (n >= 0)
        n = print_large(s, n, format, again);
    va_end(again);
    return n;
}

int green_stream_vprintf(green_stream_t *s, const char *format, va_list list)
{
    int n;

    if (lock_writing(s, format) < 0)
        return -1;
    n = print_some(s, format, list);
    green_mutex_unlock(&s->writing);
    return n;
}

int green_stream_printf(green_stream_t *s, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = green_stream_vprintf(s, format, list);
    va_end(list);
    return n;
}

int green_stream_flush(green_stream_t *s)
{
    int r;

    if (lock_writing(s, true) < 0)
        return -1;
    r = send_out(s);
    green_mutex_unlock(&s->writing);
    return r;
}

void green_stream_close(green_stream_t *s)
{
    if (!s)
        return;
    green_stream_flush(s);
    if (s->reading.owner || s->writing.owner)
        green__misuse("green_stream_close", "a greenlet is using the stream");
    green__sys.free(s->in);
    green__sys.free(s);
}
