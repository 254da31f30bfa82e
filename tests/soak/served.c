/* SPDX-License-Identifier: MIT */
/* served.c - the process under test: a server of each kind, and a greenlet that
 * would like to run every ten milliseconds. */
#include "soak.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <green.h>
#include <websocket.h>

static void echo(int fd, void *arg)
{
    char piece[1024];
    ssize_t n;

    (void)arg;
    while ((n = green_read(fd, piece, sizeof piece)) > 0)
        if (green_write_all(fd, piece, (size_t)n) < 0)
            break;
}

/* The body comes back, and has its length said. */
static int answer(http_request_t *r, void *arg)
{
    char body[2048];
    size_t length = 0;
    ssize_t n;

    (void)arg;
    while ((n = http_read(r, body + length, sizeof body - length)) > 0)
        length += (size_t)n;
    return n < 0 ? -1 : http_reply(r, 200, "text/plain", body, length);
}

static int echo_messages(http_request_t *r, void *arg)
{
    /* Clients that the machine keeps from running answer no pings. */
    static const ws_options_t patient = {.ping_interval = 3600 * GREEN_SEC};
    ws_t *ws = ws_accept(r, &patient);
    void *message;
    ssize_t n;
    int type;

    (void)arg;
    if (!ws)
        return 0;
    while ((n = ws_read(ws, &message, &type, GREEN_FOREVER)) >= 0)
        if (ws_send(ws, type, message, (size_t)n) < 0)
            break;
    ws_free(ws);
    return 0;
}

static void *tick(void *arg)
{
    struct served *s = arg;
    int64_t due = green_now(), late;
    int i;

    for (;;) {
        due += TICK_MS * GREEN_MS;
        if (green_sleep(due - green_now()) < 0)
            return NULL;
        late = (green_now() - due) / 1000;
        for (i = 0; i < LATENESS - 1 && late >= (int64_t)1 << i; i++)
            continue;
        s->ticks[i]++;
        if (late > TICK_MS * 1000) /* those that were missed are one */
            due = green_now();
    }
}

static void *tell(void *event)
{
    green_event_set(event);
    return NULL;
}

int serve(struct served *s)
{
    static http_route_t routes[] = {
        {.path = "/messages", .handler = echo_messages},
        {.path = "/*", .handler = answer},
        {0},
    };
    static const http_options_t patient = {.idle_timeout = 3600 * GREEN_SEC};
    static green_event_t stop;
    green_watch_t *watch = green_signal(SIGTERM, tell, &stop);
    green_server_t *plain = green_server_start("127.0.0.1:0", echo, NULL, NULL);
    http_server_t *web =
        http_server_start("127.0.0.1:0", http_routes, routes, &patient);
    green_t *ticker = green_spawn(tick, s);

    if (!watch || !plain || !web || !ticker) {
        fprintf(stderr, "soak: serve: %s\n", strerror(errno));
        return 1;
    }
    s->web = http_server_port(web);
    s->echo = green_server_port(plain);
    green_event_wait(&stop, GREEN_FOREVER);
    green_kill(ticker);
    green_join(ticker, NULL, GREEN_FOREVER);
    green_release(ticker);
    green_signal_end(watch);
    return green_server_stop(plain, GREEN_SEC) ||
           http_server_stop(web, GREEN_SEC);
}
