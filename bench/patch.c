/* SPDX-License-Identifier: MIT */
/* patch [QUESTION N [plain]] - what a hook costs where the call need not wait.
 *
 * Each question is asked by the names that libgreen_patch defines, patched, and by
 * the functions of libc that are behind them; in turns, so that a noisy moment hits
 * both alike.  The ratio is the one to look at. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <green.h>
#include "measure.h"

#define ROUND_NS 5000000 /* a round of one question lasts about this long */

/* The calls, of either side. */
struct calls {
    ssize_t (*read)(int fd, void *buffer, size_t n);
    ssize_t (*write)(int fd, const void *buffer, size_t n);
    ssize_t (*recv)(int fd, void *buffer, size_t n, int flags);
    ssize_t (*send)(int fd, const void *buffer, size_t n, int flags);
    int (*poll)(struct pollfd *fds, nfds_t n, int timeout);
    int (*epoll_wait)(int fd, struct epoll_event *events, int n, int timeout);
};

static struct calls hooks = {read, write, recv, send, poll, epoll_wait}, plain;
static int pair[2], ends[2], ready, poller;
static char bytes[4096];

static void find_plain(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    need(found != NULL, name);
    memcpy(function, &found, sizeof found);
}

static void find_all_plain(void)
{
    find_plain(&plain.read, "read");
    find_plain(&plain.write, "write");
    find_plain(&plain.recv, "recv");
    find_plain(&plain.send, "send");
    find_plain(&plain.poll, "poll");
    find_plain(&plain.epoll_wait, "epoll_wait");
}

/* ---- what is asked ---- */

static void on_socket(const struct calls *c, long n)
{
    while (n-- > 0)
        need(c->write(pair[0], bytes, 1) == 1 &&
                 c->read(pair[1], bytes, 1) == 1,
             "write, read");
}

static void on_pipe(const struct calls *c, long n)
{
    while (n-- > 0)
        need(c->write(ends[1], bytes, 1) == 1 &&
                 c->read(ends[0], bytes, 1) == 1,
             "write, read");
}

static void by_message(const struct calls *c, long n)
{
    while (n-- > 0)
        need(c->send(pair[0], bytes, 1, 0) == 1 &&
                 c->recv(pair[1], bytes, 1, 0) == 1,
             "send, recv");
}

static void large(const struct calls *c, long n)
{
    ssize_t all = sizeof bytes;

    while (n-- > 0)
        need(c->send(pair[0], bytes, sizeof bytes, 0) == all &&
                 c->recv(pair[1], bytes, sizeof bytes, 0) == all,
             "send, recv");
}

static void poll_ready(const struct calls *c, long n)
{
    struct pollfd p = {.fd = ready, .events = POLLOUT};

    while (n-- > 0)
        need(c->poll(&p, 1, 1000) == 1, "poll");
}

static void epoll_ready(const struct calls *c, long n)
{
    struct epoll_event event;

    while (n-- > 0)
        need(c->epoll_wait(poller, &event, 1, 1000) == 1, "epoll_wait");
}

static const struct question {
    const char *name;
    void (*ask)(const struct calls *c, long n);
    const char *what;
} questions[] = {
    {"socket", on_socket, "write and read of a byte, socket"},
    {"pipe", on_pipe, "write and read of a byte, pipe"},
    {"message", by_message, "send and recv of a byte"},
    {"large", large, "send and recv of 4096 bytes"},
    {"poll", poll_ready, "poll of a ready socket"},
    {"epoll", epoll_ready, "epoll_wait with one ready"},
};

#define COUNT ((int)(sizeof questions / sizeof *questions))

/* ---- rounds ---- */

static double cost(const struct question *q, const struct calls *c, long n)
{
    int64_t begin = cpu_now();

    q->ask(c, n);
    return (double)(cpu_now() - begin) / (double)n;
}

static void compare_sides(const struct question *q)
{
    double with[ROUNDS], without[ROUNDS], ratio;
    long n = 1000;

    while (cost(q, &plain, n) * (double)n < ROUND_NS)
        n *= 2;
    for (int round = 0; round < ROUNDS; round++) {
        with[round] = cost(q, &hooks, n);
        without[round] = cost(q, &plain, n);
    }
    ratio = median_ratio(with, without);
    printf("%-8s %8.1f ns %8.1f ns plain %6.2f x  %s\n", q->name, median(with),
           median(without), ratio, q->what);
}

/* A socket that is always ready to write, and a poller that knows of it. */
static void prepare(void)
{
    struct epoll_event event = {.events = EPOLLOUT};
    int others[2];

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 &&
             socketpair(AF_UNIX, SOCK_STREAM, 0, others) == 0 &&
             pipe(ends) == 0,
         "socketpair, pipe");
    ready = others[0];
    poller = epoll_create1(0);
    need(epoll_ctl(poller, EPOLL_CTL_ADD, ready, &event) == 0, "epoll_ctl");
    find_all_plain();
    need(green_patch_all() == 0 && green_patch_verify() == 0,
         "green_patch_all");
}

int main(int argc, char **argv)
{
    prepare();
    for (int i = 0; i < COUNT; i++)
        if (argc < 3)
            compare_sides(&questions[i]);
        else if (strcmp(argv[1], questions[i].name) == 0) /* to be counted */
            questions[i].ask(argc > 3 ? &plain : &hooks, atol(argv[2]));
    return 0;
}
