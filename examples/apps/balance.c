/* SPDX-License-Identifier: MIT */
/* balance - a proxy that shares connections out among several backends.
 *
 *     $ balance :8080 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80
 *
 * Backends may come and go.  A greenlet for each of them looks whether it is
 * there; one that refuses a client is out at once, and the client is given to
 * another, since nothing was sent yet.  When none is there clients wait for the
 * first that comes back. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 100 /* backends */

static const char usage[] =
    "usage: balance [options] LISTEN BACKEND...\n"
    "  -r, --round-robin      in turn; without it: to who has fewest\n"
    "  -c, --check SECONDS    between looks at a backend (default 2)\n"
    "  -t, --timeout SECONDS  to reach one (default 2)\n"
    "  -w, --wait SECONDS     of clients when none is there (default 10)\n"
    "  -g, --grace SECONDS    for open connections at the end (default 10)\n"
    "  -h, --help             show this\n"
    "SIGUSR1 shows how it stands.  At SIGINT or SIGTERM it takes no more "
    "clients\n"
    "and waits for those it has; at a second one it does not wait.\n";

struct backend {
    const char *address;
    bool is_up;
    unsigned long active, served, failed;
};

static struct backend backends[MOST];
static int count, up_count, next; /* whose turn it is among equals */
static bool round_robin;
static int64_t check = 2 * GREEN_SEC, timeout = 2 * GREEN_SEC;
static int64_t patience = 10 * GREEN_SEC, grace = 10 * GREEN_SEC;
static green_event_t any_up = GREEN_EVENT_INIT, stop = GREEN_EVENT_INIT;

static struct backend *choose(void)
{
    struct backend *best = NULL;

    for (int i = 0; i < count; i++) {
        struct backend *b = &backends[(next + i) % count];

        if (b->is_up && (!best || (!round_robin && b->active < best->active)))
            best = b;
    }
    if (best)
        next = (int)(best - backends + 1) % count;
    return best;
}

/* What was found out about a backend; if it is not up, errno says why. */
static void note(struct backend *b, bool is_up)
{
    b->failed += !is_up;
    if (b->is_up == is_up)
        return;
    printf("%s is %s\n", b->address, is_up ? "up" : strerror(errno));
    fflush(stdout);
    b->is_up = is_up;
    up_count += is_up ? 1 : -1;
    if (up_count > 0)
        green_event_set(&any_up);
    else
        green_event_clear(&any_up);
}

/* One that is away is looked for less and less often, up to a point. */
static void *watch(void *backend)
{
    struct backend *b = backend;
    int64_t pause = check;

    do {
        int fd = green_dial(b->address, timeout);

        note(b, fd >= 0);
        pause = fd >= 0 ? check : pause < 8 * check ? pause * 2 : pause;
        if (fd >= 0)
            green_close(fd);
    } while (green_sleep(pause) == 0);
    return NULL;
}

/* A connection to any backend, which then counts as active. */
static int reach(struct backend **chosen)
{
    int64_t deadline = green_now() + patience;
    struct backend *b;
    int fd;

    while (green_event_wait(&any_up, deadline - green_now()) == 0 &&
           (b = *chosen = choose()) != NULL) {
        b->active++;
        fd = green_dial(b->address, timeout);
        if (fd >= 0)
            return fd;
        b->active--;
        if (errno == ECANCELED)
            break;
        note(b, false);
    }
    return -1;
}

/* From the first of two descriptors to the second.  How it ends is passed on,
 * as in forward.c. */
static void *pump(void *descriptors)
{
    const int *fds = descriptors;
    char buffer[16384];
    ssize_t n;

    while ((n = green_read(fds[0], buffer, sizeof buffer)) > 0)
        if (green_write_all(fds[1], buffer, (size_t)n) < 0)
            break;
    if (n <= 0)
        green_shutdown(fds[1], n == 0 ? SHUT_WR : SHUT_RDWR);
    if (n != 0)
        green_shutdown(fds[0], n > 0 ? SHUT_RD : SHUT_RDWR);
    return NULL;
}

static void handle(int client, void *unused)
{
    struct backend *b;
    int server = reach(&b), up[] = {client, server}, down[] = {server, client};
    green_scope_t shield;
    green_t *g = server < 0 ? NULL : green_spawn(pump, down);

    (void)unused;
    if (server < 0)
        return;
    if (g) {
        pump(up);
        /* It uses our frame, so we cannot leave before it, even if killed. */
        if (green_join(g, NULL, GREEN_FOREVER) != 0) {
            green_shield_begin(&shield, GREEN_FOREVER);
            green_killall(&g, 1, GREEN_FOREVER);
            green_scope_end(&shield);
        }
        green_release(g);
    }
    green_close(server);
    b->active--;
    b->served++;
}

static void *show(void *unused)
{
    for (int i = 0; i < count; i++)
        printf("%s: %s, %lu active, %lu served, %lu failures\n",
               backends[i].address, backends[i].is_up ? "up" : "down",
               backends[i].active, backends[i].served, backends[i].failed);
    fflush(stdout);
    return unused;
}

/* The first signal ends the wait of main, the second its patience. */
static void *on_signal(void *main_greenlet)
{
    if (green_event_is_set(&stop))
        green_kill(main_greenlet);
    green_event_set(&stop);
    return NULL;
}

static int run(const char *address)
{
    green_server_t *server = green_server_start(address, handle, NULL, NULL);
    bool ok = server && green_signal(SIGUSR1, show, NULL) &&
              green_signal(SIGINT, on_signal, green_self()) &&
              green_signal(SIGTERM, on_signal, green_self());

    for (int i = 0; i < count && ok; i++)
        ok = green_go(watch, &backends[i]) == 0;
    if (!ok) {
        fprintf(stderr, "balance: %s: %s\n", address, strerror(errno));
        return 1;
    }
    printf("listening on %s, port %d\n", address, green_server_port(server));
    fflush(stdout);
    green_event_wait(&stop, GREEN_FOREVER);
    if (green_server_stop(server, grace) != 0)
        puts("some connections were cut");
    show(NULL);
    return 0;
}

static int64_t seconds(const char *text)
{
    char *end;
    double n = strtod(text, &end);

    if (end == text || *end || !(n >= 0 && n <= 1e6)) {
        fprintf(stderr, "balance: %s is not a number of seconds\n", text);
        exit(2);
    }
    return (int64_t)(n * (double)GREEN_SEC);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"round-robin", 0, NULL, 'r'},
        {"check", 1, NULL, 'c'},
        {"timeout", 1, NULL, 't'},
        {"wait", 1, NULL, 'w'},
        {"grace", 1, NULL, 'g'},
        {"help", 0, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "rc:t:w:g:h", options, NULL)) >= 0)
        if (option == 'r') {
            round_robin = true;
        } else if (option == 'c') {
            check = seconds(optarg);
        } else if (option == 't') {
            timeout = seconds(optarg);
        } else if (option == 'w') {
            patience = seconds(optarg);
        } else if (option == 'g') {
            grace = seconds(optarg);
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    count = argc - optind - 1;
    if (count < 1 || count > MOST || check < GREEN_MS) {
        fputs(usage, stderr);
        return 2;
    }
    for (int i = 0; i < count; i++)
        backends[i].address = argv[optind + 1 + i];
    return run(argv[optind]);
}
