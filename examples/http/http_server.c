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
#include "demo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void *tell(void *event)
{
    green_event_set(event);
    return NULL;
}

/* A path may have any bytes; the terminal gets plain ones. */
static void log_answer(const http_request_t *r, int status, uint64_t bytes,
                       void *arg)
{
    char client[64], path[256];
    size_t i;

    (void)arg;
    http_peer(r, client, sizeof client);
    for (i = 0; r->path[i] && i < sizeof path - 1; i++)
        path[i] = r->path[i] > ' ' && r->path[i] < 0x7f ? r->path[i] : '?';
    path[i] = '\0';
    printf("%s %s %s %d %llu\n", client, *r->method ? r->method : "-",
           *path ? path : "-", status, (unsigned long long)bytes);
    fflush(stdout);
}

static int usage(void)
{
    fputs("usage: http_server [options] [directory]\n"
          "  -l ADDRESS  where to listen: 127.0.0.1:8080, :80, unix:/path\n"
          "  -c NUMBER   of connections at most\n"
          "  -b BYTES    of a body at most\n"
          "  -i SECONDS  how long an idle connection is kept\n"
          "  -p SECONDS  how long a slow client is waited for\n"
          "  -r          share the port with other processes\n"
          "  -v          say what is answered\n",
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

/* Until a signal comes, from when it says where it is; a second one ends the
 * program as ever. */
static void wait_for_signal(const char *address, int port)
{
    static green_event_t stop;
    green_watch_t *watches[] = {green_signal(SIGINT, tell, &stop),
                                green_signal(SIGTERM, tell, &stop)};

    say_where(address, port);
    green_event_wait(&stop, GREEN_FOREVER);
    demo_stop();
    green_signal_end(watches[0]);
    green_signal_end(watches[1]);
}

static int serve(const char *address, char *root, const http_options_t *options)
{
    http_route_t routes[] = {
        {.method = "GET", .path = "/hello", .handler = demo_hello},
        {.method = "GET", .path = "/stream", .handler = demo_stream},
        {.method = "GET", .path = "/poll", .handler = demo_poll_get},
        {.method = "POST", .path = "/poll", .handler = demo_poll_post},
        {.method = "POST", .path = "/echo", .handler = demo_echo},
        {.method = "PUT", .path = "/echo", .handler = demo_echo},
        {.path = "/*", .handler = http_files, .arg = root},
        {0},
    };
    http_server_t *s = http_server_start(address, http_routes, routes, options);

    if (!s) {
        fprintf(stderr, "http_server: %s: %s\n", address, strerror(errno));
        return EXIT_FAILURE;
    }
    wait_for_signal(address, http_server_port(s));
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

    while ((option = getopt(argc, argv, "hl:c:b:i:p:rv")) != -1)
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
        else if (option == 'r')
            o.reuse_port = true;
        else if (option == 'v')
            o.log = log_answer;
        else
            return usage();
    if (argc > optind + 1)
        return usage();
    raise_file_limit();
    return serve(address, optind < argc ? argv[optind] : here, &o);
}
