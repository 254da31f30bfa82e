/* SPDX-License-Identifier: MIT */
/* clients.c - the clients: of ten, three talk to the echo, three ask by HTTP,
 * two send messages by WebSocket, one comes and goes, one just sits there.
 *
 * Each checks all that it gets.  Between two exchanges it thinks, up to
 * THINKING; ten thousand make some thousand exchanges a second. */
#include "soak.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <green.h>

enum { THINKING = 5, ROOM = 1600 };

static const struct served *served;
static struct seen *seen;
static green_group_t crowd = GREEN_GROUP_INIT;
static bool stopping;

static uint64_t random_below(uint64_t n)
{
    static uint64_t state = 88172645463325252U;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % n;
}

static bool complain(const char *what)
{
    if (stopping)
        return false;
    if (seen->wrong++ == 0)
        snprintf(seen->first, sizeof seen->first, "%s: %s", what,
                 strerror(errno));
    return false;
}

static bool think(void)
{
    return green_sleep((int64_t)random_below(THINKING * GREEN_SEC)) == 0;
}

static size_t make_text(char *text)
{
    size_t n = 1 + random_below(1000);

    memset(text, 'a' + (int)random_below(26), n);
    text[n / 2] = '|';
    return n;
}

/* ---- kinds of exchange ---- */

static bool echo(int fd)
{
    char text[ROOM], got[ROOM];
    size_t n = make_text(text);

    errno = 0;
    if (green_write_all(fd, text, n) < 0 ||
        green_read_all(fd, got, n) != (ssize_t)n || memcmp(got, text, n) != 0)
        return complain("echo");
    return true;
}

/* The head of the answer has a date in it, for which it is only looked at up to
 * there; its length is always the same. */
static bool ask(int fd)
{
    static const char begin[] = "HTTP/1.1 200 OK\r\n";
    char text[1024], request[ROOM], got[ROOM], *body;
    size_t n = make_text(text), have = 0;
    ssize_t r = 0;

    text[n] = '\0';
    snprintf(request, sizeof request,
             "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s", n,
             text);
    errno = 0;
    if (green_write_all(fd, request, strlen(request)) < 0)
        return complain("request");
    do {
        have += (size_t)r;
        got[have] = '\0';
        body = strstr(got, "\r\n\r\n");
        if (body && have >= (size_t)(body + 4 - got) + n)
            break;
        r = green_read(fd, got + have, sizeof got - 1 - have);
    } while (r > 0);
    if (!body || strncmp(got, begin, sizeof begin - 1) != 0 ||
        strcmp(body + 4, text) != 0)
        return complain("answer");
    return true;
}

/* The head of the next message; a ping, which comes to those who have been silent
 * for long, such as all of a process that was stopped, is answered. */
static bool read_head(int fd, unsigned char head[2])
{
    static const unsigned char ping[2] = {0x89, 0}, pong[6] = {0x8a, 0x80};

    while (green_read_all(fd, head, 2) == 2)
        if (memcmp(head, ping, 2) != 0)
            return true;
        else if (green_write_all(fd, pong, sizeof pong) < 0)
            return false;
    return false;
}

/* A text of up to 125 bytes; its mask is 0. */
static bool send_message(int fd)
{
    char text[1024], sent[ROOM] = {(char)0x81}, got[ROOM];
    unsigned char head[2];
    size_t n = make_text(text);

    n = n > 125 ? 125 : n;
    sent[1] = (char)(0x80 | n);
    memcpy(sent + 6, text, n);
    errno = 0;
    if (green_write_all(fd, sent, n + 6) < 0 || !read_head(fd, head) ||
        head[0] != 0x81 || head[1] != n ||
        green_read_all(fd, got, n) != (ssize_t)n || memcmp(got, text, n) != 0)
        return complain("message");
    return true;
}

/* ---- connections ---- */

static int dial(int port)
{
    char address[32];
    int fd;

    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    fd = green_dial(address, GREEN_FOREVER);
    if (fd < 0)
        complain("dial");
    else
        seen->connected++;
    return fd;
}

static void leave(int fd)
{
    if (fd < 0)
        return;
    green_close(fd);
    seen->connected--;
}

static bool enter(int fd)
{
    static const char request[] =
        "GET /messages HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    char got[ROOM] = "";
    ssize_t n;
    size_t have = 0;

    if (green_write_all(fd, request, sizeof request - 1) < 0)
        return complain("handshake");
    while (!strstr(got, "\r\n\r\n")) {
        n = green_read(fd, got + have, sizeof got - 1 - have);
        if (n <= 0)
            return complain("handshake");
        have += (size_t)n;
        got[have] = '\0';
    }
    return strncmp(got, "HTTP/1.1 101 ", 13) == 0 || complain("handshake");
}

static void keep_on(int port, bool (*what)(int fd), uint64_t *count)
{
    int fd = dial(port);
    bool right = fd >= 0 && (what != send_message || enter(fd));

    if (right && think() && (right = what(fd)))
        seen->settled++;
    while (right && think() && (right = what(fd)))
        ++*count;
    leave(fd);
}

/* Of those that go every other one does so without a word. */
static void churn(void)
{
    const struct linger now = {.l_onoff = 1};
    bool right = true;
    int fd;

    while (right && think() && (fd = dial(served->echo)) >= 0) {
        right = echo(fd);
        if (right && ++seen->churned % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        leave(fd);
    }
}

static void sit(void)
{
    int fd = dial(served->web);
    char byte;

    seen->settled++;
    if (fd >= 0 && green_read(fd, &byte, 1) >= 0)
        complain("idle");
    leave(fd);
}

static void *be_client(void *arg)
{
    intptr_t kind = (intptr_t)arg % 10;

    if (kind < 3)
        keep_on(served->echo, echo, &seen->echoes);
    else if (kind < 6)
        keep_on(served->web, ask, &seen->requests);
    else if (kind < 8)
        keep_on(served->web, send_message, &seen->messages);
    else if (kind < 9)
        churn();
    else
        sit();
    return NULL;
}

void clients_start(const struct served *s, long n, struct seen *all)
{
    served = s;
    seen = all;
    for (intptr_t i = 0; i < n; i++)
        if (!green_group_spawn(&crowd, be_client, (void *)i))
            complain("spawn");
}

void clients_stop(void)
{
    stopping = true;
    green_group_kill(&crowd, GREEN_FOREVER);
    green_group_destroy(&crowd);
}
