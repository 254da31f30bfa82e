/* SPDX-License-Identifier: MIT */
/* numbers.c - of conform.c: system calls by number, as some runtimes make them. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "conform.h"

static void tell_left(const char *what, const struct timespec *t)
{
    printf("%s: %s\n", what,
           t->tv_sec == 0 && t->tv_nsec == 0 ? "nothing left" : "some left");
}

static void multiplexed(int fds[2])
{
    struct pollfd p = {fds[0], POLLIN, 0};
    struct timespec t = {0, 30000000};
    struct epoll_event told;
    int ep = epoll_create1(0);
    fd_set in;

    soon(WRITE_BYTE, fds[1]);
    tell("SYS_ppoll waits", syscall(SYS_ppoll, &p, 1, NULL, NULL, 8));
    done_soon();
    t.tv_sec = 9;
    tell("SYS_ppoll", syscall(SYS_ppoll, &p, 1, &t, NULL, 8));
    tell_left("of its time", &t);
    tell("SYS_read", syscall(SYS_read, fds[0], &told, 1));
    t = (struct timespec){0, 30000000};
    tell("SYS_ppoll, timeout", syscall(SYS_ppoll, &p, 1, &t, NULL, 8));
    tell_left("of its time", &t);
    tell("SYS_ppoll, bad time", syscall(SYS_ppoll, &p, 1, (void *)8, NULL, 8));
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    soon(WRITE_BYTE, fds[1]);
    tell("SYS_pselect6 waits",
         syscall(SYS_pselect6, fds[0] + 1, &in, NULL, NULL, NULL, NULL));
    done_soon();
    tell("SYS_epoll_pwait, timeout",
         syscall(SYS_epoll_pwait, ep, &told, 1, 20, NULL, 8));
    tell("SYS_epoll_pwait, bad size",
         syscall(SYS_epoll_pwait, ep, &told, 1, 20, &told, 3));
    tell("SYS_read", syscall(SYS_read, fds[0], &told, 1));
    close(ep);
}

void by_number(void)
{
    struct timespec t = {0, 20000000}, odd = {0, -1};
    char byte = 0;
    struct iovec iov = {&byte, 1};
    int fds[2], status;
    pid_t pid;

    make_pair(SOCK_STREAM, fds);
    soon(WRITE_BYTE, fds[1]);
    tell("SYS_read waits", syscall(SYS_read, fds[0], &byte, 1));
    done_soon();
    tell("SYS_write", syscall(SYS_write, fds[1], "y", 1));
    tell("SYS_readv", syscall(SYS_readv, fds[0], &iov, 1));
    soon(WRITE_BYTE, fds[1]);
    tell("SYS_recvfrom waits",
         syscall(SYS_recvfrom, fds[0], &byte, 1, 0, NULL, NULL));
    done_soon();
    tell("SYS_sendto", syscall(SYS_sendto, fds[1], "abc", 3, 0, NULL, 0));
    tell("SYS_recvfrom, six",
         syscall(SYS_recvfrom, fds[0], &byte, 1, MSG_PEEK, NULL, NULL));
    tell("SYS_read", syscall(SYS_read, fds[0], &t, 3));
    t = (struct timespec){0, 20000000};
    multiplexed(fds);
    tell("SYS_nanosleep", syscall(SYS_nanosleep, &t, NULL));
    tell("SYS_clock_nanosleep, odd time",
         syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &odd, NULL));
    tell("SYS_getpid", syscall(SYS_getpid) == getpid());
    tell("no such call", syscall(9999));
    pid = fork();
    if (pid == 0) {
        usleep(20000);
        _exit(3);
    }
    tell("SYS_wait4", syscall(SYS_wait4, pid, &status, 0, NULL) == pid);
    tell("SYS_close", syscall(SYS_close, fds[1]));
    tell("SYS_read at the end", syscall(SYS_read, fds[0], &byte, 1));
    tell("SYS_read, closed", syscall(SYS_read, fds[1], &byte, 1));
    close(fds[0]);
}
