/* SPDX-License-Identifier: MIT */
/* forward - pass connections on to another address.
 *
 *     $ forward :8080 example.org:80
 *
 * Each connection has a greenlet for each direction.  When one side has said
 * all it has to say, the other is told so and may still answer: "half-closed"
 * is passed on, too. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: forward [options] LISTEN TARGET\n"
    "  LISTEN and TARGET: host:port, :port, [ipv6]:port or unix:/path\n"
    "  -m, --max N            connections at once; more wait (default 10000)\n"
    "  -t, --timeout SECONDS  to reach the target (default 10)\n"
    "  -g, --grace SECONDS    for open connections at the end (default 5)\n"
    "  -v, --verbose          a line for each connection\n"
    "  -h, --help             show this\n"
    "At SIGINT or SIGTERM it takes no more connections, waits for the open "
    "ones\n"
    "and tells what there was; at a second one it does not wait.\n";

static const char *target;
static int64_t timeout = 10 * GREEN_SEC;
static bool verbose;
static unsigned long long connections, failed, up_bytes, down_bytes;

/* ---- one connection ---- */

struct direction {
    int from, to;
    unsigned long long bytes;
};

static void *pump(void *arg)
{
    struct direction *d = arg;
    char buffer[16384];
    ssize_t n;

    while ((n = green_read(d->from, buffer, sizeof buffer)) > 0) {
        if (green_write_all(d->to, buffer, (size_t)n) < 0)
            break;
        d->bytes += (unsigned long long)n;
    }
    if (n == 0) { /* that was all: say so */
        green_shutdown(d->to, SHUT_WR);
    } else if (n > 0) { /* nobody reads it: what they say may still come */
        green_shutdown(d->from, SHUT_RD);
    } else { /* the connection is lost */
        green_shutdown(d->from, SHUT_RDWR);
        green_shutdown(d->to, SHUT_RDWR);
    }
    return NULL;
}

static void pass_on(int client, int server)
{
    struct direction up = {client, server, 0}, down = {server, client, 0};
    green_t *g = green_spawn(pump, &down);
    green_scope_t shield;

    if (!g) {
        perror("forward: green_spawn");
        return;
    }
    pump(&up);
    /* It uses our frame, so we cannot leave before it, even if killed. */
    if (green_join(g, NULL, GREEN_FOREVER) != 0) {
        green_shield_begin(&shield, GREEN_FOREVER);
        green_killall(&g, 1, GREEN_FOREVER);
        green_scope_end(&shield);
    }
    green_release(g);
    up_bytes += up.bytes;
    down_bytes += down.bytes;
    if (verbose)
        printf("closed: %llu bytes up, %llu down\n", up.bytes, down.bytes);
}

static void handle(int client, void *unused)
{
    int server = green_dial(target, timeout);

    (void)unused;
    connections++;
    if (server < 0) {
        failed++;
        if (errno != ECANCELED)
            fprintf(stderr, "forward: %s: %s\n", target, strerror(errno));
        return;
    }
    pass_on(client, server);
    green_close(server);
}

/* ---- the program ---- */

static long number(const char *text, long least, long most)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < least || n > most) {
        fprintf(stderr, "forward: \"%s\" is not a number from %ld to %ld\n",
                text, least, most);
        exit(2);
    }
    return n;
}

/* The first signal ends the wait of main, the second its patience. */
static green_event_t stop = GREEN_EVENT_INIT;

static void *on_signal(void *main_greenlet)
{
    if (green_event_is_set(&stop))
        green_kill(main_greenlet);
    green_event_set(&stop);
    return NULL;
}

static int run(const char *address, const green_server_options_t *limits,
               int64_t grace)
{
    green_server_t *server = green_server_start(address, handle, NULL, limits);

    if (!server || !green_signal(SIGINT, on_signal, green_self()) ||
        !green_signal(SIGTERM, on_signal, green_self())) {
        fprintf(stderr, "forward: %s: %s\n", address, strerror(errno));
        return 1;
    }
    printf("listening on %s, port %d\n", address, green_server_port(server));
    fflush(stdout);
    green_event_wait(&stop, GREEN_FOREVER);
    if (green_server_stop(server, grace) != 0)
        puts("some connections were cut");
    printf("%llu connections, %llu failed; %llu bytes up, %llu down\n",
           connections, failed, up_bytes, down_bytes);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"max", 1, NULL, 'm'},   {"timeout", 1, NULL, 't'},
        {"grace", 1, NULL, 'g'}, {"verbose", 0, NULL, 'v'},
        {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0},
    };
    green_server_options_t limits = {.max = 10000};
    int64_t grace = 5 * GREEN_SEC;
    int option;

    while ((option = getopt_long(argc, argv, "m:t:g:vh", options, NULL)) >= 0)
        switch (option) {
        case 'm':
            limits.max = (size_t)number(optarg, 1, 1000000);
            break;
        case 't':
            timeout = number(optarg, 1, 1000000) * GREEN_SEC;
            break;
        case 'g':
            grace = number(optarg, 0, 1000000) * GREEN_SEC;
            break;
        case 'v':
            verbose = true;
            break;
        default:
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (argc - optind != 2) {
        fputs(usage, stderr);
        return 2;
    }
    target = argv[optind + 1];
    return run(argv[optind], &limits, grace);
}
