/* SPDX-License-Identifier: MIT */
/* load PORT CONNECTIONS REQUESTS [IDLE SERVER] - ask an echo server on this machine.
 *
 * Opens all connections, and IDLE more that ask for nothing, then keeps one request
 * of 64 bytes under way on each until REQUESTS have been answered; prints how many
 * that were, and with one connection the median of how many nanoseconds each took.
 * With the process SERVER each is asked once before, and nanoseconds of that one's
 * CPU time since then are printed in place of that. */
#define _GNU_SOURCE
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "measure.h"

enum { EVENTS = 512 };

static char message[64];
static int poller;

static int dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event e = {.events = EPOLLIN};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    need(fd >= 0 && connect(fd, (void *)&a, sizeof a) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    e.data.fd = fd;
    need(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl");
    return fd;
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static long long cpu_of_thread(const char *threads, const char *thread)
{
    char path[512];
    long long ns = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s/schedstat", threads, thread);
    f = fopen(path, "r");
    need(f && fscanf(f, "%lld", &ns) == 1, path);
    fclose(f);
    return ns;
}

/* Nanoseconds that the threads of a process have run. */
static long long cpu_of(const char *process)
{
    char threads[64];
    long long ns = 0;
    struct dirent *d;
    DIR *dir;

    snprintf(threads, sizeof threads, "/proc/%s/task", process);
    need((dir = opendir(threads)) != NULL, threads);
    while ((d = readdir(dir)))
        if (d->d_name[0] != '.')
            ns += cpu_of_thread(threads, d->d_name);
    closedir(dir);
    return ns;
}

static void ask(int fd)
{
    need(send(fd, message, sizeof message, MSG_NOSIGNAL) == sizeof message,
         "send");
}

static void take_answer(int fd)
{
    need(recv(fd, message, sizeof message, MSG_WAITALL) == sizeof message,
         "recv");
}

/* One after the other, each by the clock. */
static void time_each(int fd, long requests)
{
    int64_t *took = calloc((size_t)requests, sizeof *took);
    struct timespec from, to;

    need(took != NULL, "calloc");
    for (long i = 0; i < requests; i++) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        ask(fd);
        take_answer(fd);
        clock_gettime(CLOCK_MONOTONIC, &to);
        took[i] = (int64_t)(to.tv_sec - from.tv_sec) * GREEN_SEC +
                  (to.tv_nsec - from.tv_nsec);
    }
    qsort(took, (size_t)requests, sizeof *took, compare_times);
    printf("%ld %lld\n", requests, (long long)took[requests / 2]);
}

/* So that what a first request costs has been paid. */
static void ask_each_once(const int *fds, long connections)
{
    for (long i = 0; i < connections; i++) {
        ask(fds[i]);
        take_answer(fds[i]);
    }
}

/* One request under way on each, until all have been answered. */
static void ask_all(const int *fds, long connections, long requests)
{
    struct epoll_event events[EVENTS];
    long asked = 0, answered = 0;

    for (long i = 0; i < connections && asked < requests; i++, asked++)
        ask(fds[i]);
    while (answered < requests) {
        int n = epoll_wait(poller, events, EVENTS, -1);

        for (int i = 0; i < n; i++, answered++) {
            take_answer(events[i].data.fd);
            if (asked < requests) {
                ask(events[i].data.fd);
                asked++;
            }
        }
    }
}

static int *dial_all(int port, long connections, long idle)
{
    int *fds = calloc((size_t)connections, sizeof *fds);
    struct rlimit limit;

    need(fds != NULL, "calloc");
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    poller = epoll_create1(0);
    while (idle-- > 0)
        dial(port);
    for (long i = 0; i < connections; i++)
        fds[i] = dial(port);
    return fds;
}

int main(int argc, char **argv)
{
    const char *server = argc > 5 ? argv[5] : NULL;
    long long begun = 0;
    long connections, requests;
    int *fds;

    if (argc < 4 || argc > 6 || (connections = atol(argv[2])) < 1)
        return 2;
    requests = atol(argv[3]);
    fds = dial_all(atoi(argv[1]), connections, argc > 4 ? atol(argv[4]) : 0);
    if (connections == 1 && !server) {
        time_each(fds[0], requests);
        return 0;
    }
    if (server) {
        ask_each_once(fds, connections);
        begun = cpu_of(server);
    }
    ask_all(fds, connections, requests);
    printf("%lld\n", server ? cpu_of(server) - begun : (long long)requests);
    return 0;
}
