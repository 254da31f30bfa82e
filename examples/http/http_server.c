/* SPDX-License-Identifier: MIT */
/* http_server [options] [directory] - serve files, and a few routes.
 *
 *     GET  /hello?name=Ann           a word
 *     GET  /stream?lines=5&ms=200    so many lines, so far apart
 *     POST /poll                     say something to all who listen
 *     GET  /poll?after=7             what was said after number 7, if need be
 *                                    when it is said
 *     POST /echo                     the body comes back as it comes in
 *     GET  /...                      the files
 *
 * SIGINT and SIGTERM end it: answers under way have five seconds. */
#define _DEFAULT_SOURCE /* getopt, signals */
#include "http.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int hello(http_request_t *r, void *arg)
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

static int stream(http_request_t *r, void *arg)
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

static int poll_get(http_request_t *r, void *arg)
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

static int poll_post(http_request_t *r, void *arg)
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
static int echo(http_request_t *r, void *arg)
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

/* ---- the program ---- */

static void *tell(void *event)
{
    green_event_set(event);
    return NULL;
}

/* Until a signal comes; a second one ends the program as ever. */
static void wait_for_signal(void)
{
    static green_event_t stop;
    green_watch_t *watches[] = {green_signal(SIGINT, tell, &stop),
                                green_signal(SIGTERM, tell, &stop)};

    green_event_wait(&stop, GREEN_FOREVER);
    green_event_set(&board.news);
    green_signal_end(watches[0]);
    green_signal_end(watches[1]);
}

static int usage(void)
{
    fputs("usage: http_server [options] [directory]\n"
          "  -l ADDRESS  where to listen: 127.0.0.1:8080, :80, unix:/path\n"
          "  -c NUMBER   of connections at most\n"
          "  -b BYTES    of a body at most\n"
          "  -i SECONDS  how long an idle connection is kept\n"
          "  -p SECONDS  how long a slow client is waited for\n",
          stderr);
    return EXIT_FAILURE;
}

static int64_t seconds(const char *text)
{
    return (int64_t)(strtod(text, NULL) * 1e9);
}

/* As many connections as the system allows. */
static void raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* "127.0.0.1:0" and the port it has become. */
static void say_where(const char *address, int port)
{
    const char *colon = strrchr(address, ':');

    if (port < 0)
        printf("listening on %s\n", address);
    else if (colon == address)
        printf("listening on http://localhost:%d/\n", port);
    else
        printf("listening on http://%.*s:%d/\n", (int)(colon - address),
               address, port);
    fflush(stdout);
}

static int serve(const char *address, char *root, const http_options_t *options)
{
    http_route_t routes[] = {
        {.method = "GET", .path = "/hello", .handler = hello},
        {.method = "GET", .path = "/stream", .handler = stream},
        {.method = "GET", .path = "/poll", .handler = poll_get},
        {.method = "POST", .path = "/poll", .handler = poll_post},
        {.method = "POST", .path = "/echo", .handler = echo},
        {.method = "PUT", .path = "/echo", .handler = echo},
        {.path = "/*", .handler = http_files, .arg = root},
        {0},
    };
    http_server_t *s = http_server_start(address, http_routes, routes, options);

    if (!s) {
        fprintf(stderr, "http_server: %s: %s\n", address, strerror(errno));
        return EXIT_FAILURE;
    }
    say_where(address, http_server_port(s));
    wait_for_signal();
    if (http_server_stop(s, 5 * GREEN_SEC) != 0)
        fputs("http_server: some answers were cut short\n", stderr);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static char here[] = ".";
    const char *address = "127.0.0.1:8080";
    http_options_t o = {0};
    int option;

    while ((option = getopt(argc, argv, "l:c:b:i:p:")) != -1)
        if (option == 'l')
            address = optarg;
        else if (option == 'c')
            o.connections_max = strtoul(optarg, NULL, 10);
        else if (option == 'b')
            o.body_max = strtoull(optarg, NULL, 10);
        else if (option == 'i')
            o.idle_timeout = seconds(optarg);
        else if (option == 'p')
            o.head_timeout = o.body_timeout = o.send_timeout = seconds(optarg);
        else
            return usage();
    if (argc > optind + 1)
        return usage();
    raise_file_limit();
    return serve(address, optind < argc ? argv[optind] : here, &o);
}
