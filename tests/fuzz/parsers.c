/* SPDX-License-Identifier: MIT */
/* parsers.c - each parser, of bytes that libFuzzer chooses or a corpus has.
 *
 * 'h': an HTTP connection, with its heads, chunks and bodies;
 * 'w': frames of WebSocket, after a handshake;
 * 'u': text that may be UTF-8, whole and in pieces;
 * 'a': an address;
 * 'l': lines of a stream, the second byte says how long they may be.
 *
 * All that was sent is there, and the end behind it, before the parser begins:
 * so it runs to its end without anybody beside it. */
#include "parsers.h"
#include <connection.h>
#include <errno.h>
#include <frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "address.h"

static void demand(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "parsers: %s\n", what);
    abort();
}

/* A descriptor from which these bytes come; what is sent there is lost. */
static int sent(const void *head, size_t n_head, const void *bytes, size_t n,
                int *other)
{
    int fds[2], room = 1 << 20;

    demand(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "socketpair");
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    demand(green_write_all(fds[0], head, n_head) == (ssize_t)n_head &&
               green_write_all(fds[0], bytes, n) == (ssize_t)n,
           "the bytes do not fit");
    green_shutdown(fds[0], SHUT_WR);
    *other = fds[0];
    return fds[1];
}

/* ---- HTTP and WebSocket ---- */

/* The body is read to its end, or to where it is no good. */
static int read_body(http_request_t *r, void *arg)
{
    char piece[100];
    ssize_t n;

    (void)arg;
    demand(*r->path == '/' || strcmp(r->path, "*") == 0, "a path of no kind");
    for (size_t i = 0; i < r->n_headers; i++)
        demand(!strpbrk(r->headers[i].value, "\r\n"), "a header of two lines");
    while ((n = http_read(r, piece, sizeof piece)) > 0)
        demand((size_t)n <= sizeof piece, "more than there is room for");
    return n < 0 ? -1 : http_reply(r, 200, "text/plain", "", 0);
}

/* Text that arrives is text. */
static int read_messages(http_request_t *r, void *arg)
{
    static const ws_options_t options = {.message_max = 5000};
    ws_t *ws = ws_accept(r, &options);
    void *message;
    ssize_t n;
    int type;

    (void)arg;
    if (!ws)
        return 0;
    while ((n = ws_read(ws, &message, &type, GREEN_FOREVER)) >= 0) {
        demand(n <= 5000, "a message that is too long");
        demand(type != WS_TEXT || ws_is_utf8(message, (size_t)n), "no text");
    }
    ws_free(ws);
    return 0;
}

static void connect_with(http_handler_t *handler, const char *head,
                         const uint8_t *bytes, size_t n)
{
    http_server_t server = {
        .handler = handler,
        .options = {.body_max = 4000,
                    .idle_timeout = GREEN_SEC,
                    .head_timeout = GREEN_SEC,
                    .body_timeout = GREEN_SEC,
                    .send_timeout = GREEN_SEC},
    };
    int other, fd = sent(head, strlen(head), bytes, n, &other);
    char answer[16] = "HTTP/1.1 ";
    ssize_t got;

    http__serve(fd, &server);
    green_shutdown(fd, SHUT_RDWR);
    got = green_read_all(other, answer, 9);
    demand(got <= 0 || strncmp(answer, "HTTP/1.1 ", (size_t)got) == 0,
           "an answer that is none");
    green_close(fd);
    green_close(other);
}

static void http(const uint8_t *bytes, size_t n)
{
    connect_with(read_body, "", bytes, n);
}

static void websocket(const uint8_t *bytes, size_t n)
{
    connect_with(read_messages,
                 "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                 bytes, n);
}

static void utf8(const uint8_t *bytes, size_t n)
{
    ws_utf8_t u = {0};
    bool is_text = true;

    for (size_t i = 0; i < n; i++)
        is_text = is_text && ws__utf8(&u, bytes + i, 1);
    demand((is_text && u.left == 0) == ws_is_utf8(bytes, n),
           "text is what it is whole and in pieces");
}

/* ---- libgreen's own ---- */

static void address(const uint8_t *bytes, size_t n)
{
    char text[LONGEST + 1];
    struct address a;

    memcpy(text, bytes, n);
    text[n] = '\0';
    if (green__address_parse(&a, SOCK_STREAM, text) != 0)
        return;
    demand(memchr(a.host, '\0', sizeof a.host) != NULL, "a host without end");
    demand(a.family == AF_UNIX || (atoi(a.port) >= 0 && atoi(a.port) <= 65535),
           "a port that is none");
}

/* Whatever room there is for a line, all bytes come, in their order; of a line
 * that is too long what there is room for. */
static void lines(const uint8_t *bytes, size_t n)
{
    size_t room = n > 0 && *bytes > 1 ? *bytes : 2, done = n > 0, length;
    int other, fd = sent("", 0, bytes + done, n - done, &other);
    green_stream_t *s = green_stream_open(fd);
    char line[256];
    ssize_t got;

    while ((got = green_stream_read_line(s, line, room)) != 0) {
        demand(got > 0 || errno == EMSGSIZE, "a line that cannot be read");
        length = got > 0 ? (size_t)got : room - 1;
        demand(length < room && done + length <= n && line[length] == '\0' &&
                   memcmp(line, bytes + done, length) == 0,
               "a line that was not sent");
        demand(!memchr(line, '\n', length - 1), "two lines");
        done += length;
    }
    demand(done == n, "lines that did not come");
    green_stream_close(s);
    green_close(fd);
    green_close(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static void (*const parsers[128])(const uint8_t *, size_t) = {
        ['h'] = http,    ['w'] = websocket, ['u'] = utf8,
        ['a'] = address, ['l'] = lines,
    };

    if (n == 0 || bytes[0] >= 128 || !parsers[bytes[0]])
        return -1;
    n = n > LONGEST ? LONGEST : n;
    parsers[bytes[0]](bytes + 1, n - 1);
    return 0;
}
