/* SPDX-License-Identifier: MIT */
/* oracle.h - what the libgreen half of the oracle shares; say.py is its twin.
 *
 * Each program is there twice, in NAME.py for gevent and in NAME.c, and says what
 * happens, one line for each event.  Time is simulated here: no program needs
 * the machine to be fast. */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdio.h>
#include <string.h>
#include "../support.h"

#define TICK (50 * GREEN_MS)
#define LONG (60 * GREEN_SEC) /* never passes */

struct program {
    const char *name;
    void (*run)(void);
};

/* A line of the tables below: each program is called as its function. */
#define PROGRAM(function)   \
    {                       \
#function, function \
    }

/* By theme; each ends with a NULL. */
extern const struct program spawn_programs[], event_programs[], lock_programs[],
    queue_programs[], kill_programs[], timeout_programs[], link_programs[],
    group_programs[], wait_programs[], descriptor_programs[], end_programs[];

/* Say one event. */
void say(const char *format, ...) GREEN_FORMAT(1, 2);

/* Say how who's call ended; true if it did what it was to do. */
bool outcome(const char *who, intmax_t result);

/* Spawn fn, once or for each letter of names, and keep the handles. */
green_t *start(void *(*fn)(void *arg), const char *name);
void start_each(void *(*fn)(void *arg), const char *names);

/* The one that was started n-th, from 0 on. */
green_t *nth(size_t n);

/* Join all that were started; kill them, and join them. */
void join_all(void);
void kill_all(void);

/* Keep everybody else from running for so long. */
void burn(int64_t duration);

#endif
