/* SPDX-License-Identifier: MIT */
/* pointers.c - of conform.c: pointers to nothing, and to what cannot be changed.
 * The kernel says EFAULT of them; nobody may crash.  (libc itself follows the times
 * that ppoll and select are given.) */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "conform.h"

static void *volatile nowhere = (void *)8, *volatile nothing;
static volatile int below_nothing = -1;

/* What lies at the end of a page that no other page follows. */
static void *at_the_edge(size_t n)
{
    static char *pages;

    if (!pages) {
        pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE) != 0)
            abort();
    }
    memset(pages, 0, 4096);
    return pages + 4096 - n;
}

static void bad_vectors(void)
{
    struct iovec *last = at_the_edge(sizeof *last);
    struct iovec wrong = {nowhere, 8};
    char byte = 'x';
    int fds[2];

    make_pair(SOCK_STREAM, fds);
    tell("send", send(fds[1], "some bytes to read", 18, 0));
    tell("readv, bad vector", readv(fds[0], nowhere, 1));
    tell("writev, bad vector", writev(fds[0], nowhere, 1));
    *last = (struct iovec){&byte, 1};
    tell("readv, vector at the edge", readv(fds[0], last, 1));
    tell("readv, vector over the edge", readv(fds[0], last, 2));
    tell("writev, vector over the edge", writev(fds[0], last, 2));
    tell("readv, bad buffer", readv(fds[0], &wrong, 1));
    tell("writev, bad buffer", writev(fds[0], &wrong, 1));
    tell("readv, n is negative", readv(fds[0], last, below_nothing));
    tell("readv, n is 0", readv(fds[0], nowhere, 0));
    close_pair(fds);
    if (pipe(fds) != 0)
        abort();
    tell("readv of a pipe, bad vector", readv(fds[0], nowhere, 1));
    tell("writev to a pipe, bad vector", writev(fds[1], nowhere, 1));
    tell("write to a pipe, bad buffer", write(fds[1], nowhere, 1));
    close_pair(fds);
}

static void bad_messages(void)
{
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = nowhere, .msg_iovlen = 1};
    struct mmsghdr several = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
    struct timespec odd = {0, -1};
    int fds[2];

    make_pair(SOCK_DGRAM, fds);
    tell("recvmsg, bad message", recvmsg(fds[0], nowhere, 0));
    tell("sendmsg, bad message", sendmsg(fds[0], nowhere, 0));
    tell("recvmsg, bad vector", recvmsg(fds[0], &m, 0));
    tell("sendmsg, bad vector", sendmsg(fds[0], &m, 0));
    tell("sendmsg, WAITALL", sendmsg(fds[0], &m, MSG_WAITALL));
    tell("send, bad buffer", send(fds[0], nowhere, 1, 0));
    tell("sendto, bad address", sendto(fds[0], "x", 1, 0, nowhere, 16));
    tell("send", send(fds[1], "y", 1, 0));
    tell("recvfrom, bad length",
         recvfrom(fds[0], &byte, 1, 0, nowhere, nowhere));
    tell("recvmmsg, bad messages", recvmmsg(fds[0], nowhere, 1, 0, NULL));
    tell("sendmmsg, bad messages", sendmmsg(fds[0], nowhere, 1, 0));
    tell("recvmmsg, bad time", recvmmsg(fds[0], &several, 1, 0, nowhere));
    tell("recvmmsg, odd time", recvmmsg(fds[0], &several, 1, 0, &odd));
    tell("accept, not listening", accept(fds[0], nowhere, nowhere));
    tell("connect, bad address", connect(fds[0], nowhere, 16));
    close_pair(fds);
}

static void bad_sets(void)
{
    struct timeval t = {0, 0};
    struct timespec s = {0, 10000000};
    int fds[2], ep = epoll_create1(0);
    fd_set in;

    FD_ZERO(&in);
    make_pair(SOCK_STREAM, fds);
    FD_SET(fds[0], &in);
    tell("poll, bad array", poll(nowhere, 1, 10));
    tell("poll, none", poll(nothing, 1, 10));
    tell("ppoll, bad mask", ppoll(NULL, 0, &s, nowhere));
    tell("select, bad set", select(8, nowhere, NULL, NULL, &t));
    tell("pselect, bad mask", pselect(0, NULL, NULL, NULL, &s, nowhere));
    tell("epoll_wait, bad events", epoll_wait(ep, nowhere, 1, 0));
    tell("epoll_pwait2, bad time", epoll_pwait2(ep, nowhere, 1, nowhere, NULL));
    close(ep);
    close_pair(fds);
}

static void bad_times(void)
{
    struct timespec *last = at_the_edge(sizeof *last);

    *last = (struct timespec){0, 1000000};
    tell("nanosleep, at the edge", nanosleep(last, NULL));
    tell("nanosleep, bad time", nanosleep(nowhere, NULL));
    tell("nanosleep, none", nanosleep(nothing, NULL));
    tell("clock_nanosleep, bad time",
         clock_nanosleep(CLOCK_MONOTONIC, 0, nowhere, NULL));
    tell("waitpid, no child", waitpid(-1, nowhere, 0));
}

void pointers(void)
{
    bad_vectors();
    bad_messages();
    bad_sets();
    bad_times();
}
