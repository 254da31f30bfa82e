/* SPDX-License-Identifier: MIT */
/* soak.h - what the files of the soak share.
 *
 *     soak.c     the two processes; what is said, and what is demanded
 *     served.c   the process under test: echo, HTTP, WebSocket, and a ticker
 *     clients.c  the process that plays its clients
 *     usage.c    what a process uses */
#ifndef TESTS_SOAK_H
#define TESTS_SOAK_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- usage.c ---- */

struct usage {
    double kib, mappings, descriptors;
};

/* What a process uses now. */
struct usage usage_of(pid_t process);

/* ---- served.c ---- */

enum { TICK_MS = 10, LATENESS = 24 };

/* What the two processes share. */
struct served {
    volatile int echo, web;             /* ports; 0: not yet */
    volatile uint64_t ticks[LATENESS]; /* late by less than 2^i microseconds */
};

/* Serve until SIGTERM: the status to exit with. */
int serve(struct served *s);

/* ---- clients.c ---- */

/* What the clients have seen.  The first four count exchanges that were right. */
struct seen {
    uint64_t echoes, requests, messages, churned;
    uint64_t settled;   /* clients that have done what they do once */
    uint64_t connected; /* now */
    uint64_t wrong;
    char first[160]; /* of those, what it was */
};

/* Have so many clients; they go on until they are told to stop. */
void clients_start(const struct served *s, long n, struct seen *seen);
void clients_stop(void);

#endif
