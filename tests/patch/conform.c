/* SPDX-License-Identifier: MIT */
/* conform.c - what plain Linux does, said the same with and without patches.
 *
 * Usage: conform [patched | preloaded].  Prints what each call returned: plainly,
 * in the main thread; or patched, by this program or from outside, in a greenlet
 * beside one that ticks.  All must print the same, but for the last line, which
 * says whether the ticker ticked. */
#include "conform.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <green.h>

enum { MUCH = 4 << 20, DEEDS = 16 };

void tell(const char *what, long result)
{
    if (result < 0)
        printf("%s: %ld %s\n", what, result, strerrorname_np(errno));
    else
        printf("%s: %ld\n", what, result);
}

/* ---- deeds of a thread ---- */

static struct deed_of {
    pthread_t thread, caller;
    enum deed deed;
    int fd;
} deeds[DEEDS];
static int n_deeds;
static atomic_bool enough;

static void write_much(int fd)
{
    static const char bytes[65536];
    size_t left = MUCH;

    while (left > 0) {
        ssize_t n = write(fd, bytes, left < sizeof bytes ? left : sizeof bytes);

        if (n <= 0)
            return;
        left -= (size_t)n;
    }
}

static void read_all(int fd)
{
    char bytes[65536];
    size_t left = MUCH;
    ssize_t n;

    while (left > 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
        left -= (size_t)n;
}

static void *do_soon(void *arg)
{
    struct deed_of *d = arg;

    usleep(30000);
    switch (d->deed) {
    case WRITE_BYTE:
        (void)!write(d->fd, "x", 1);
        break;
    case WRITE_MUCH:
        write_much(d->fd);
        break;
    case READ_ALL:
        read_all(d->fd);
        break;
    case CLOSE_IT:
        close(d->fd);
        break;
    case SIGNAL_US:
        pthread_kill(d->caller, d->fd);
        break;
    case SIGNAL_OFTEN:
        while (!atomic_load(&enough)) {
            pthread_kill(d->caller, d->fd);
            usleep(20000);
        }
        break;
    case CONNECT_TO: {
        struct sockaddr_storage a;
        socklen_t length = sizeof a;
        int fd;

        getsockname(d->fd, (struct sockaddr *)&a, &length);
        fd = socket(a.ss_family, SOCK_STREAM, 0);
        connect(fd, (struct sockaddr *)&a, length);
        close(fd);
    }
    }
    return NULL;
}

void soon(enum deed deed, int fd)
{
    struct deed_of *d = &deeds[n_deeds++];

    d->deed = deed;
    d->fd = fd;
    d->caller = pthread_self();
    if (pthread_create(&d->thread, NULL, do_soon, d) != 0)
        abort();
}

void done_soon(void)
{
    atomic_store(&enough, true);
    while (n_deeds > 0)
        pthread_join(deeds[--n_deeds].thread, NULL);
    atomic_store(&enough, false);
}

/* ---- */

int64_t begin_watch(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void tell_waited(const char *what, int64_t begun, int milliseconds)
{
    int64_t waited = begin_watch() - begun;

    printf("%s: has waited %s\n", what,
           waited >= (int64_t)milliseconds * 1000000 ? "long enough"
                                                     : "too short");
}

void tell_flags(const char *what, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    printf("%s: %s\n", what, flags & O_NONBLOCK ? "O_NONBLOCK" : "blocking");
}

void make_pair(int type, int fds[2])
{
    if (socketpair(AF_UNIX, type, 0, fds) != 0)
        abort();
}

void close_pair(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void *run_all(void *arg)
{
    sockets();
    streams();
    pipes();
    polls();
    times();
    files();
    processes();
    pointers();
    by_number();
    masks();
    thread_locks();
    return arg;
}

static bool over;

static void *tick(void *arg)
{
    intptr_t n = 0;

    while (!over && green_sleep(10 * GREEN_MS) == 0)
        n++;
    (void)arg;
    return (void *)n;
}

/* One that is to be patched from outside is linked without the patch library. */
#pragma weak green_patch_all
#pragma weak green_patch_verify

static void patch(void)
{
    if (green_patch_all && green_patch_all() == 0 && green_patch_verify() == 0)
        return;
    perror("conform: cannot patch");
    exit(1);
}

static int run_beside_ticker(void)
{
    green_t *g, *ticker;

    ticker = green_spawn(tick, NULL);
    g = green_spawn(run_all, NULL);
    if (!g || !ticker || green_join(g, NULL, GREEN_FOREVER) != 0)
        abort();
    interrupted();
    over = true;
    green_join(ticker, NULL, GREEN_FOREVER);
    printf("%s\n",
           (intptr_t)green_value(ticker) > 20 ? "ticked" : "stood still");
    green_release(g);
    green_release(ticker);
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "patched") == 0)
        patch();
    if (argc > 1)
        return run_beside_ticker();
    run_all(NULL);
    interrupted();
    printf("plain\n");
    return 0;
}
