/* SPDX-License-Identifier: MIT */
/* chat [options] - a chat for browsers: rooms, and who is in them.
 *
 * The page is chat.html.  It talks by WebSocket, or where that does not get
 * through by requests that wait for an answer.  SIGINT and SIGTERM end it, and
 * the pages are told. */
#define _DEFAULT_SOURCE /* getopt, signals, open_memstream */
#include "chat.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *page = CHAT_PAGE;

/* The page needs nothing from anywhere, and may not be made to. */
static int send_page(http_request_t *r, void *arg)
{
    int fd = open(page, O_RDONLY | O_CLOEXEC), rc;

    (void)arg;
    if (fd < 0)
        return http_error(r, 500);
    http_set_header(r, "Content-Security-Policy",
                    "default-src 'none'; connect-src 'self'; img-src data:; "
                    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                    "base-uri 'none'; form-action 'none'; "
                    "frame-ancestors 'none'");
    http_set_header(r, "X-Content-Type-Options", "nosniff");
    http_set_header(r, "Referrer-Policy", "no-referrer");
    rc = http_file(r, fd, "text/html; charset=utf-8");
    green_close(fd);
    return rc;
}

static int send_rooms(http_request_t *r, void *arg)
{
    char *json = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&json, &n);
    int rc;

    (void)arg;
    if (!out)
        return http_error(r, 503);
    room_list(out);
    fclose(out);
    rc = json ? http_reply(r, 200, "application/json", json, n)
              : http_error(r, 503);
    free(json);
    return rc;
}

static void *tell(void *event)
{
    green_event_set(event);
    return NULL;
}

static int serve(const char *address)
{
    static http_route_t routes[] = {
        {.method = "GET", .path = "/", .handler = send_page},
        {.method = "GET", .path = "/rooms", .handler = send_rooms},
        {.method = "GET", .path = "/live", .handler = live},
        {.method = "POST", .path = "/enter", .handler = poll_enter},
        {.method = "GET", .path = "/poll", .handler = poll_wait},
        {.method = "POST", .path = "/say", .handler = poll_say},
        {.method = "POST", .path = "/leave", .handler = poll_leave},
        {0},
    };
    static green_event_t stop;
    http_server_t *s = http_server_start(address, http_routes, routes, NULL);

    if (!s) {
        fprintf(stderr, "chat: %s: %s\n", address, strerror(errno));
        return EXIT_FAILURE;
    }
    green_signal(SIGINT, tell, &stop);
    green_signal(SIGTERM, tell, &stop);
    printf("listening on port %d\n", http_server_port(s));
    fflush(stdout);
    green_event_wait(&stop, GREEN_FOREVER);
    room_stop_all();
    poll_stop();
    http_server_stop(s, 5 * GREEN_SEC);
    room_free_all();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const char *address = "127.0.0.1:8080";
    int option;

    while ((option = getopt(argc, argv, "l:p:t:")) != -1)
        if (option == 'l')
            address = optarg;
        else if (option == 'p')
            page = optarg;
        else if (option == 't')
            poll_set_patience((int64_t)(strtod(optarg, NULL) * 1e9));
        else
            optind = argc + 1;
    if (optind == argc)
        return serve(address);
    fputs("usage: chat [options]\n"
          "  -l ADDRESS  where to listen: 127.0.0.1:8080, :80\n"
          "  -p FILE     the page\n"
          "  -t SECONDS  until one who polls, and asks no more, has left\n",
          stderr);
    return EXIT_FAILURE;
}
