/* SPDX-License-Identifier: MIT */
/* scenario.h - small programs for which the world, a kill or a clock goes wrong.
 *
 * Each uses one part of libgreen as a user would, answers every error, cleans up,
 * and looks whether anything was lost or came twice.  It may fail, saying with
 * which errno; it may not crash, hang, keep memory or descriptors, or lose what
 * it was given.  Each can be run again in the same thread. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "green.h"

struct scenario {
    const char *name;
    void (*run)(void);
    const char *environment; /* NAME=VALUE, or NULL */
    /* What an errno may become on its way, 0 at the end: of a peer that finds
     * the other one gone, of a call that goes by its timeout. */
    int consequences[12];
    long spare; /* blocks that it may keep when it takes another way */
};

extern const struct scenario *const scenarios_of_greenlets[];
extern const struct scenario *const scenarios_of_objects[];
extern const struct scenario *const scenarios_of_descriptors[];
extern const struct scenario *const scenarios_of_networks[];
extern const struct scenario *const scenarios_of_threads[];
extern const struct scenario *const scenarios_of_processes[];

/* The first errno that a call in this run failed with, or 0. */
extern int first_error;

/* Has a call succeeded?  If not, its errno is noted. */
bool went(intmax_t result);
bool made(const void *pointer);

/* An error that a call tells of otherwise. */
void failed_with(int error);

/* What follows must work: no call fails on purpose any more in this run. */
void end_faults(void);

/* What always holds; if not, the run is broken off and has found something. */
#define must(condition) must_hold((condition), #condition, __FILE__, __LINE__)
void must_hold(bool ok, const char *what, const char *file, int line);

/* ---- greenlets that are ended together ---- */

/* One more, which ends soon; false if there is no memory for it. */
bool team_add(void *(*fn)(void *arg), void *arg);

/* Wait for all.  If that fails they are killed, and waited for. */
void team_end(void);

/* Wait for all greenlets but main and the caller, whatever has become of that. */
void others_end(void);

/* Kill what is left in a pool, and destroy that. */
void pool_end(green_pool_t *pool);

/* ---- bytes that go from one to the other ---- */

struct flow {
    int from, to;         /* descriptors */
    size_t n;             /* bytes to send */
    size_t sent, arrived; /* at least so many were sent */
    bool ended;           /* the end of the stream was seen */
};

/* For greenlets: send, then shut down or close; receive up to the end. */
void *flow_send(void *flow);
void *flow_receive(void *flow);

/* What arrived was sent, and is complete unless something failed. */
void flow_check(const struct flow *f);

unsigned char flow_byte(size_t place);

#endif
