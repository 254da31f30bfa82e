/* SPDX-License-Identifier: MIT */
/* reuse_port [HUBS] - what more hubs bring that share a port.
 *
 * Requests per second with one hub and with HUBS of them (2), each a thread with
 * a server of its own on the same port (green_server_options_t.reuse_port), and
 * the ratio, for several amounts of work per request.  Clients are greenlets of
 * one more thread; they need a CPU, too.  README.md tells how to read it. */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <green.h>

#define ROUNDS 7
#define MOST_HUBS 64
#define CLIENTS 64
#define ROUND_NS (200 * GREEN_MS)

static void need(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

/* ---- work ---- */

static double steps_per_us;
static long steps_per_request;

static uint64_t compute(long steps)
{
    uint64_t x = 1;

    while (steps-- > 0)
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
    return x;
}

static void calibrate(void)
{
    const long steps = 50000000;
    volatile uint64_t sink;
    int64_t begin = green_now();

    sink = compute(steps);
    (void)sink;
    steps_per_us = (double)steps * 1000 / (double)(green_now() - begin);
}

/* ---- the servers ---- */

struct member {
    green_hub_t *hub;
    green_server_t *server;
    int port;
    atomic_bool done; /* what the hub was last asked for */
};

static void answer(int fd, void *arg)
{
    char byte;

    (void)arg;
    while (green_read(fd, &byte, 1) == 1) {
        byte = (char)compute(steps_per_request);
        if (green_write(fd, &byte, 1) != 1)
            return;
    }
}

static void *start_server(void *arg)
{
    const green_server_options_t options = {.reuse_port = true};
    struct member *m = arg;
    char address[40];

    snprintf(address, sizeof address, "127.0.0.1:%d", m->port);
    m->server = green_server_start(address, answer, NULL, &options);
    need(m->server != NULL, "green_server_start");
    m->port = green_server_port(m->server);
    m->done = true;
    return NULL;
}

static void *stop_server(void *arg)
{
    struct member *m = arg;

    need(green_server_stop(m->server, GREEN_FOREVER) == 0, "green_server_stop");
    m->done = true;
    return NULL;
}

static void ask(struct member *m, void *(*fn)(void *arg))
{
    m->done = false;
    need(green_spawn_on(m->hub, fn, m) == 0, "green_spawn_on");
    while (!m->done)
        green_sleep(GREEN_MS);
}

static void start_members(struct member *members, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        members[i].hub = green_hub_start();
        need(members[i].hub != NULL, "green_hub_start");
        members[i].port = i == 0 ? 0 : members[0].port;
        ask(&members[i], start_server);
    }
}

static void stop_members(struct member *members, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        ask(&members[i], stop_server);
        need(green_hub_stop(members[i].hub, GREEN_FOREVER) == 0,
             "green_hub_stop");
    }
}

/* ---- the clients ---- */

static char address[40];
static bool stopping;
static long answers;

static void *ask_again_and_again(void *arg)
{
    int fd = green_dial(address, GREEN_FOREVER);
    char byte = 0;

    need(fd >= 0, "green_dial");
    while (!stopping) {
        need(green_write(fd, &byte, 1) == 1, "green_write");
        need(green_read(fd, &byte, 1) == 1, "green_read");
        answers++;
    }
    green_close(fd);
    return arg;
}

/* Requests per second, after a while to begin with. */
static double rate_of(int hubs)
{
    static struct member members[MOST_HUBS];
    green_t *clients[CLIENTS];
    int64_t begin;
    double rate;
    int i;

    start_members(members, hubs);
    snprintf(address, sizeof address, "127.0.0.1:%d", members[0].port);
    stopping = false;
    for (i = 0; i < CLIENTS; i++)
        need((clients[i] = green_spawn(ask_again_and_again, NULL)) != NULL,
             "green_spawn");
    green_sleep(ROUND_NS / 4);
    answers = 0;
    begin = green_now();
    green_sleep(ROUND_NS);
    rate = (double)answers * GREEN_SEC / (double)(green_now() - begin);
    stopping = true;
    green_joinall(clients, CLIENTS, GREEN_FOREVER);
    green_releaseall(clients, CLIENTS);
    stop_members(members, hubs);
    return rate;
}

/* ---- comparing ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

static void compare(int hubs, int work_us)
{
    double one[ROUNDS], many[ROUNDS], ratio[ROUNDS];
    int i;

    steps_per_request = (long)(steps_per_us * work_us);
    for (i = 0; i < ROUNDS; i++) {
        one[i] = rate_of(1);
        many[i] = rate_of(hubs);
        ratio[i] = many[i] / one[i];
    }
    printf("%4d us  1 hub %8.0f/s  %d hubs %8.0f/s  %5.2f x\n", work_us,
           median(one), hubs, median(many), median(ratio));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int hubs = argc > 1 ? atoi(argv[1]) : 2;

    need(hubs >= 1 && hubs <= MOST_HUBS, "number of hubs");
    calibrate();
    compare(hubs, 0);
    compare(hubs, 20);
    compare(hubs, 100);
    return 0;
}
