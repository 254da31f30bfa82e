/* SPDX-License-Identifier: MIT */
/* signals.c - of conform.c: calls with a signal mask, calls that wait for signals,
 * and what handlers interrupt. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "conform.h"

enum { RESTORER = 0x04000000 }; /* of libc's own, and it tells of it */

static volatile sig_atomic_t handled;

static void count(int signo)
{
    (void)signo;
    handled++;
}

static void tell_handled(void)
{
    printf("handled: %d\n", handled > 0);
    handled = 0;
}

static void handle(int signo, int flags)
{
    struct sigaction a = {.sa_flags = flags};

    a.sa_handler = count;
    tell("sigaction", sigaction(signo, &a, NULL));
}

static void block(int how, int signo)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signo);
    pthread_sigmask(how, &set, NULL);
}

/* long: one answer a line */
static void multiplexed(const sigset_t *none)
{
    struct timespec t = {0, 30000000};
    struct pollfd p = {.events = POLLIN};
    struct epoll_event e = {.events = EPOLLIN}, told;
    int fds[2], ep = epoll_create1(0);
    fd_set in;

    make_pair(SOCK_STREAM, fds);
    p.fd = fds[0];
    epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e);
    soon(SIGNAL_US, SIGUSR1);
    tell("ppoll is interrupted", ppoll(&p, 1, NULL, none));
    done_soon();
    tell_handled();
    raise(SIGUSR1);
    tell("ppoll, it had come before", ppoll(&p, 1, NULL, none));
    tell("ppoll, timeout", ppoll(&p, 1, &t, none));
    soon(WRITE_BYTE, fds[1]);
    tell("ppoll waits", ppoll(&p, 1, NULL, none));
    done_soon();
    raise(SIGUSR1);
    tell("ppoll, ready and signalled", ppoll(&p, 1, NULL, none));
    tell_handled();
    tell("epoll_pwait, ready", epoll_pwait(ep, &told, 1, 20, none));
    (void)!read(fds[0], &told, 1);
    tell("ppoll, then", ppoll(&p, 1, &t, none));
    tell_handled();
    soon(SIGNAL_US, SIGUSR1);
    tell("epoll_pwait is interrupted", epoll_pwait(ep, &told, 1, -1, none));
    done_soon();
    tell("epoll_pwait, timeout", epoll_pwait(ep, &told, 1, 20, none));
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    soon(SIGNAL_US, SIGUSR1);
    tell("pselect is interrupted",
         pselect(fds[0] + 1, &in, NULL, NULL, NULL, none));
    done_soon();
    tell("pselect, timeout", pselect(fds[0] + 1, &in, NULL, NULL, &t, none));
    tell_handled();
    close(ep);
    close_pair(fds);
}

static void waited_for(const sigset_t *none)
{
    struct timespec t = {0, 30000000};
    siginfo_t info = {.si_signo = 0};
    sigset_t set;
    int signo = 0;

    soon(SIGNAL_US, SIGUSR1);
    tell("sigsuspend", sigsuspend(none));
    done_soon();
    tell_handled();
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    tell("sigtimedwait, timeout", sigtimedwait(&set, &info, &t));
    soon(SIGNAL_US, SIGUSR1);
    tell("sigwaitinfo", sigwaitinfo(&set, &info) == SIGUSR1);
    done_soon();
    printf("its number: %d\n", info.si_signo == SIGUSR1);
    soon(SIGNAL_US, SIGUSR1);
    tell("sigwait", sigwait(&set, &signo));
    done_soon();
    printf("its number: %d\n", signo == SIGUSR1);
    tell_handled();
    soon(SIGNAL_OFTEN, SIGUSR2);
    tell("sigwaitinfo, another's handler", sigwaitinfo(&set, &info));
    done_soon();
    soon(SIGNAL_OFTEN, SIGUSR2);
    tell("pause", pause());
    done_soon();
    tell_handled();
}

/* The header says that it is deprecated; it is called all the same. */
int have_interrupt(int signo, int interrupts) __asm__("siginterrupt");

static void installed(void)
{
    struct sigaction a = {.sa_flags = SA_RESTART}, old;

    printf("signal: %d\n", signal(SIGUSR2, SIG_IGN) == count);
    printf("signal: %d\n", signal(SIGUSR2, count) == SIG_IGN);
    tell("sigaction, asked", sigaction(SIGUSR2, NULL, &old));
    printf("its handler: %d, its flags: %d\n", old.sa_handler == count,
           (old.sa_flags & ~RESTORER) == SA_RESTART);
    tell("siginterrupt", have_interrupt(SIGUSR2, 1));
    sigaction(SIGUSR2, NULL, &old);
    printf("its flags: %d\n", old.sa_flags & ~RESTORER);
    a.sa_handler = SIG_DFL;
    tell("sigaction, no such signal", sigaction(99, &a, NULL));
    tell("sigaction, SIGKILL", sigaction(SIGKILL, &a, NULL));
    a.sa_flags = (int)SA_RESETHAND;
    a.sa_handler = count;
    sigaction(SIGUSR2, &a, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &old);
    printf("SA_RESETHAND: %d\n", old.sa_handler == SIG_DFL);
    tell_handled();
}

void masks(void)
{
    sigset_t none;

    sigemptyset(&none);
    handle(SIGUSR1, SA_RESTART);
    handle(SIGUSR2, 0);
    block(SIG_BLOCK, SIGUSR1);
    multiplexed(&none);
    waited_for(&none);
    block(SIG_UNBLOCK, SIGUSR1);
    installed();
}

/* ---- what handlers interrupt ---- */

static void sleep_a_little(int signo)
{
    struct timespec t = {0, 1000000};

    (void)signo;
    handled += nanosleep(&t, NULL) == 0;
}

static int to_feed;

/* Not the first time: who reads must go on until the second. */
static void feed_once(int signo)
{
    static int times;

    (void)signo;
    if (++times == 2)
        (void)!write(to_feed, "x", 1);
}

static void sleeps_and_polls(int fds[2])
{
    struct timespec t = {5, 0}, left = {9, 9};
    struct pollfd p = {fds[0], POLLIN, 0};
    struct timeval v = {5, 0};
    fd_set in;

    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("nanosleep is interrupted", nanosleep(&t, &left));
    done_soon();
    printf("left: %d\n", left.tv_sec < 5);
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("poll is interrupted", poll(&p, 1, 5000));
    done_soon();
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("select is interrupted", select(fds[0] + 1, &in, NULL, NULL, &v));
    done_soon();
    tell_handled();
}

void interrupted(void)
{
    struct timeval v = {5, 0};
    char byte;
    int fds[2];

    make_pair(SOCK_STREAM, fds);
    handle(SIGUSR1, SA_RESTART);
    sleeps_and_polls(fds);
    to_feed = fds[1];
    signal(SIGUSR1, feed_once);
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("read is restarted", read(fds[0], &byte, 1));
    done_soon();
    handle(SIGUSR1, 0);
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("read is interrupted", read(fds[0], &byte, 1));
    done_soon();
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("recv is interrupted", recv(fds[0], &byte, 1, 0));
    done_soon();
    handle(SIGUSR1, SA_RESTART);
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &v, sizeof v);
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("recv with a timeout is interrupted", recv(fds[0], &byte, 1, 0));
    done_soon();
    tell_handled();
    signal(SIGUSR1, sleep_a_little);
    soon(SIGNAL_OFTEN, SIGUSR1);
    tell("poll, a handler sleeps", poll(NULL, 0, 5000));
    done_soon();
    raise(SIGUSR1);
    tell_handled();
    signal(SIGUSR1, SIG_DFL);
    close_pair(fds);
}
