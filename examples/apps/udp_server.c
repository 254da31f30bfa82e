/* SPDX-License-Identifier: MIT */
/* udp_server - send each datagram back to where it came from.
 *
 *     $ udp_server --listen :7007 --lose 3 &
 *     $ udp_client 127.0.0.1:7007
 *
 * Each datagram has a greenlet, so one that takes its time keeps no other
 * waiting.  It can be a bad network, too: slow, and losing some of them. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: udp_server [options]\n"
    "  -l, --listen ADDRESS  where to listen (default 127.0.0.1:7007)\n"
    "  -m, --max N           datagrams at once (default 1000)\n"
    "  -d, --delay MS        before the answer (default 0)\n"
    "  -L, --lose N          every Nth datagram (default 0: none)\n"
    "  -h, --help            show this\n";

static int64_t delay;
static unsigned long lose, came, lost, answered;

static void answer(int fd, const void *data, size_t n,
                   const struct sockaddr *from, socklen_t length, void *unused)
{
    (void)unused;
    came++;
    if (lose > 0 && came % lose == 0) {
        lost++;
        return;
    }
    if (delay > 0 && green_sleep(delay) != 0)
        return; /* the server stops */
    if (green_sendto(fd, data, n, 0, from, length) >= 0)
        answered++;
}

static void *set_event(void *event)
{
    green_event_set(event);
    return NULL;
}

static int run(const char *address, const green_server_options_t *limits)
{
    green_event_t stop = GREEN_EVENT_INIT;
    green_server_t *server =
        green_datagram_server_start(address, answer, NULL, limits);

    if (!server || !green_signal(SIGINT, set_event, &stop) ||
        !green_signal(SIGTERM, set_event, &stop)) {
        fprintf(stderr, "udp_server: %s: %s\n", address, strerror(errno));
        return 1;
    }
    printf("listening on %s, port %d\n", address, green_server_port(server));
    fflush(stdout);
    green_event_wait(&stop, GREEN_FOREVER);
    green_server_stop(server, 0);
    printf("%lu datagrams, %lu answered, %lu lost\n", came, answered, lost);
    return 0;
}

static long number(const char *text, long least, long most)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < least || n > most) {
        fprintf(stderr, "udp_server: \"%s\" is not a number from %ld to %ld\n",
                text, least, most);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"listen", 1, NULL, 'l'}, {"max", 1, NULL, 'm'},
        {"delay", 1, NULL, 'd'},  {"lose", 1, NULL, 'L'},
        {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0},
    };
    const char *address = "127.0.0.1:7007";
    green_server_options_t limits = {.max = 1000};
    int option;

    while ((option = getopt_long(argc, argv, "l:m:d:L:h", options, NULL)) >= 0)
        if (option == 'l') {
            address = optarg;
        } else if (option == 'm') {
            limits.max = (size_t)number(optarg, 1, 1000000);
        } else if (option == 'd') {
            delay = number(optarg, 0, 1000000) * GREEN_MS;
        } else if (option == 'L') {
            lose = (unsigned long)number(optarg, 0, 1000000);
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (optind == argc)
        return run(address, &limits);
    fputs(usage, stderr);
    return 2;
}
