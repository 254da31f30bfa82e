/* SPDX-License-Identifier: MIT */
/* ws_echo [options] - a server of WebSocket that sends back what it gets.
 *
 *     /                          each message comes back
 *     /many?n=20                 ... from so many greenlets at once
 *     /hurry?ms=10               ... and "?" each time none came in so long
 *     /close?code=N&reason=TEXT  the first message is answered by closing
 *     /beside?code=N&reason=TEXT ... by another greenlet
 *
 * For each connection that has ended it prints the code and the errno.  SIGTERM
 * and SIGINT end it: clients are told, and have the time to answer. */
#define _DEFAULT_SOURCE /* getopt, signals */
#include "websocket.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ws_options_t options;

/* One of several that send the same message. */
struct sending {
    ws_t *ws;
    int type;
    const void *message;
    size_t n;
};

static void *send_it(void *arg)
{
    struct sending *s = arg;

    ws_send(s->ws, s->type, s->message, s->n);
    return NULL;
}

static void send_from_many(struct sending *s, int n)
{
    green_group_t group = GREEN_GROUP_INIT;

    for (int i = 0; i < n; i++)
        green_group_spawn(&group, send_it, s);
    if (green_group_join(&group, GREEN_FOREVER) != 0)
        green_group_kill(&group, GREEN_FOREVER);
    green_group_destroy(&group);
}

/* How a connection is to be closed. */
struct closing {
    ws_t *ws;
    int code;
    char reason[128];
};

static void *close_it(void *arg)
{
    struct closing *c = arg;

    if (ws_close(c->ws, c->code, c->reason) != 0 && errno == EINVAL)
        ws_close(c->ws, WS_SERVER_ERROR, "no such code or reason");
    return NULL;
}

static int number(const http_request_t *r, const char *name, int otherwise)
{
    char digits[12];

    if (http_query(r, name, digits, sizeof digits) <= 0)
        return otherwise;
    return atoi(digits);
}

/* The server stops: say so, although this greenlet was killed. */
static void say_goodbye(ws_t *ws)
{
    green_scope_t shield;

    green_shield_begin(&shield, 5 * GREEN_SEC);
    ws_close(ws, WS_GOING_AWAY, "the server stops");
    ws_free(ws);
    green_scope_end(&shield);
}

static void finish(ws_t *ws, int error)
{
    const char *reason;
    int code = ws_code(ws, &reason);

    printf("closed %d %d %s\n", code, error, reason);
    if (error == ECANCELED)
        say_goodbye(ws);
    else
        ws_free(ws);
}

/* The next message.  Each time that it does not come in time, say so. */
static ssize_t read_next(ws_t *ws, void **message, int *type, int ms)
{
    int64_t timeout = ms < 0 ? GREEN_FOREVER : ms * GREEN_MS;
    ssize_t n;

    while ((n = ws_read(ws, message, type, timeout)) < 0 && errno == ETIMEDOUT)
        if (ws_send(ws, WS_TEXT, "?", 1) < 0 || green_yield() < 0)
            break;
    return n;
}

static int echo(http_request_t *r, void *arg)
{
    struct sending s = {.ws = ws_accept(r, &options)};
    int many = number(r, "n", 0), ms = number(r, "ms", -1);
    void *message;
    ssize_t n;

    (void)arg;
    if (!s.ws)
        return 0;
    while ((n = read_next(s.ws, &message, &s.type, ms)) >= 0) {
        s.message = message;
        s.n = (size_t)n;
        if (many > 0)
            send_from_many(&s, many);
        else
            send_it(&s);
    }
    finish(s.ws, errno);
    return 0;
}

/* `beside` is whether another greenlet shall close, while this one reads. */
static int echo_and_close(http_request_t *r, void *beside)
{
    struct closing c = {.code = number(r, "code", WS_NORMAL)};
    green_t *closer = NULL;
    void *message;
    int type, error;

    http_query(r, "reason", c.reason, sizeof c.reason);
    c.ws = ws_accept(r, &options);
    if (!c.ws)
        return 0;
    if (ws_read(c.ws, &message, &type, GREEN_FOREVER) >= 0) {
        if (beside)
            closer = green_spawn(close_it, &c);
        else
            close_it(&c);
        ws_read(c.ws, &message, &type, GREEN_FOREVER);
    }
    error = errno;
    if (closer)
        green_join(closer, NULL, GREEN_FOREVER);
    green_release(closer);
    finish(c.ws, error);
    return 0;
}

/* ---- the program ---- */

static void *tell(void *event)
{
    green_event_set(event);
    return NULL;
}

static int usage(void)
{
    fputs("usage: ws_echo [options]\n"
          "  -l ADDRESS  where to listen, 127.0.0.1:8080\n"
          "  -m BYTES    of a message at most\n"
          "  -p MS       until a silent client is asked\n"
          "  -d MS       ... and is dead if it has not answered\n"
          "  -s MS       until a client has to take a frame, or to close\n",
          stderr);
    return EXIT_FAILURE;
}

static int serve(const char *address)
{
    static int yes;
    static http_route_t routes[] = {
        {.method = "GET", .path = "/close", .handler = echo_and_close},
        {.method = "GET",
         .path = "/beside",
         .handler = echo_and_close,
         .arg = &yes},
        {.path = "/*", .handler = echo},
        {0},
    };
    static green_event_t stop;
    http_server_t *s = http_server_start(address, http_routes, routes, NULL);

    if (!s) {
        perror(address);
        return EXIT_FAILURE;
    }
    green_signal(SIGINT, tell, &stop);
    green_signal(SIGTERM, tell, &stop);
    printf("listening on port %d\n", http_server_port(s));
    green_event_wait(&stop, GREEN_FOREVER);
    http_server_stop(s, 0);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const char *address = "127.0.0.1:8080";
    int option;

    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((option = getopt(argc, argv, "l:m:p:d:s:")) != -1)
        if (option == 'l')
            address = optarg;
        else if (option == 'm')
            options.message_max = strtoul(optarg, NULL, 10);
        else if (option == 'p')
            options.ping_interval = atoi(optarg) * GREEN_MS;
        else if (option == 'd')
            options.ping_timeout = atoi(optarg) * GREEN_MS;
        else if (option == 's')
            options.send_timeout = options.close_timeout =
                atoi(optarg) * GREEN_MS;
        else
            return usage();
    return optind < argc ? usage() : serve(address);
}
