/* SPDX-License-Identifier: MIT */
/* echo green|lt|et CONNECTIONS - an echo server, of libgreen or the floor: epoll by
 * hand, level- or edge-triggered.
 *
 * It prints its port, and ends when the CONNECTIONS that it waits for have come and one
 * of them has gone. */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <green.h>
#include "measure.h"

enum { BUFFER = 1024, EVENTS = 512 };

static long expected, come;

static void one_has_gone(void)
{
    if (come >= expected)
        _exit(0);
}

static int open_listener(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    need(fd >= 0 && bind(fd, (void *)&a, length) == 0 && listen(fd, 4096) == 0,
         "listen");
    need(getsockname(fd, (void *)&a, &length) == 0, "getsockname");
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void set_nodelay(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* ---- libgreen ---- */

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char buffer[BUFFER];
    ssize_t n;

    while ((n = green_read(fd, buffer, sizeof buffer)) > 0)
        if (green_write(fd, buffer, (size_t)n) != n)
            break;
    one_has_gone();
    green_close(fd);
    return NULL;
}

static void serve_with_green(int listener)
{
    int fd;

    while ((fd = green_accept(listener, NULL, NULL)) >= 0) {
        set_nodelay(fd);
        need(green_go(serve, (void *)(intptr_t)fd) == 0, "green_go");
        come++;
    }
}

/* ---- epoll ---- */

static int poller;

static void watch(int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data = {.fd = fd}};

    need(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl");
}

static void accept_all(int listener, uint32_t events)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        set_nodelay(fd);
        watch(fd, events);
        come++;
    }
}

/* A short read has taken all there was, so no edge is missed. */
static void echo_one(int fd)
{
    char buffer[BUFFER];
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);

    if (n > 0)
        need(send(fd, buffer, (size_t)n, MSG_NOSIGNAL) == n, "send");
    else if (n == 0 || errno != EAGAIN)
        one_has_gone();
}

static void serve_with_epoll(int listener, uint32_t edge)
{
    struct epoll_event events[EVENTS];

    poller = epoll_create1(0);
    watch(listener, EPOLLIN);
    for (;;) {
        int n = epoll_wait(poller, events, EVENTS, -1);

        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                accept_all(listener, EPOLLIN | edge);
            else
                echo_one(events[i].data.fd);
    }
}

int main(int argc, char **argv)
{
    int listener;

    if (argc != 3 || (expected = atol(argv[2])) < 1) {
        fprintf(stderr, "usage: echo green|lt|et CONNECTIONS\n");
        return 2;
    }
    listener = open_listener();
    if (strcmp(argv[1], "green") == 0)
        serve_with_green(listener);
    else
        serve_with_epoll(listener,
                         strcmp(argv[1], "et") == 0 ? (uint32_t)EPOLLET : 0);
    return 0;
}
