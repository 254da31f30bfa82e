/* SPDX-License-Identifier: MIT */
/* pipes.c - a byte goes round through pipes, and stops at closed ones. */
#include <green.h>
#include <stddef.h>
#include <sys/socket.h>
#include "programs.h"

enum { STATIONS = 8, ROUNDS = 20 };

static int pipes[STATIONS][2];

/* The first one ends it, the others by and by see it end. */
static void *hands_on(void *arg)
{
    int n = *(int *)arg, left = n ? -1 : ROUNDS;
    char byte;

    while (left-- != 0 && green_read(pipes[n][0], &byte, 1) == 1)
        green_write(pipes[(n + 1) % STATIONS][1], &byte, 1);
    green_close(pipes[(n + 1) % STATIONS][1]);
    return arg;
}

static void go_round(void)
{
    int numbers[STATIONS];
    green_t *gs[STATIONS];

    for (int i = 0; i < STATIONS; i++) {
        numbers[i] = i;
        green_pipe(pipes[i]);
        gs[i] = green_spawn(hands_on, &numbers[i]);
    }
    green_yield();
    green_write(pipes[0][1], "x", 1);
    green_joinall(gs, STATIONS, GREEN_FOREVER);
    green_releaseall(gs, STATIONS);
    for (int i = 0; i < STATIONS; i++)
        green_close(pipes[i][0]);
}

static void *reads(void *fd)
{
    char byte;

    while (green_read(*(int *)fd, &byte, 1) == 1)
        continue;
    return fd;
}

/* Several wait for one descriptor; its end wakes them all, in their order. */
static void close_under_waiters(void)
{
    int ends[2];
    green_t *gs[STATIONS];

    green_socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    for (int i = 0; i < STATIONS; i++)
        gs[i] = green_spawn(reads, &ends[0]);
    green_yield();
    green_close(ends[0]);
    green_joinall(gs, STATIONS, GREEN_FOREVER);
    green_releaseall(gs, STATIONS);
    green_close(ends[1]);
}

void run_pipes(void)
{
    go_round();
    close_under_waiters();
}
