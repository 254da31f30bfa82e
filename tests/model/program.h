/* SPDX-License-Identifier: MIT */
/* program.h - random programs, which libgreen runs and a model of it computes.
 *
 * A program is a few actors with a list of steps each; actor 0 is main, the others
 * are spawned by steps.  Both executions write down how each step ended, in the
 * order in which they ended, and when.  The two share this file and no other: the
 * model (model.c) has no stacks, no waiters in frames, no heaps, and knows only what
 * the manual says. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACTORS = 6, STEPS = 12, LINES = 400, CASES = 3 };
enum { SEMS = 2, MUTEXES = 2, CONDS = 2, EVENTS = 2, QUEUES = 4 };
enum { ROOM = 2, POOL_ROOM = 1, BACKLOG = 64, PARTY = 3 };

/* Queue 0 has ROOM places, 1 is a channel, 2 a lifo of ROOM, 3 without bound. */

enum verb {
    SPAWN,
    YIELD,
    SLEEP,
    JOIN,
    GET_RESULT,
    JOIN_ANY,
    KILL,
    TIMEOUT,
    SHIELD,
    SCOPE_END,
    SEM_WAIT,
    SEM_POST,
    LOCK,
    UNLOCK,
    COND_WAIT,
    SIGNAL,
    BROADCAST,
    EVENT_SET,
    EVENT_CLEAR,
    EVENT_WAIT,
    PUT,
    GET,
    PEEK,
    CLOSE,
    TASK_DONE,
    QUEUE_JOIN,
    SELECT,
    DEFER,
    LOCAL,
    POOL_SPAWN,
    POOL_CLOSE,
    EXIT,
    FAIL,
    RDLOCK,
    WRLOCK,
    RW_UNLOCK,
    RLOCK,
    RUNLOCK,
    BARRIER,
    ADD,
    DONE,
    ALL_DONE,
    SET_FUTURE,
    FAIL_FUTURE,
    GET_FUTURE,
    LINK,
    GROUP_SPAWN,
    GROUP_JOIN,
    VERBS
};

enum case_kind {
    CASE_GET,
    CASE_PUT,
    CASE_SEM,
    CASE_EVENT,
    CASE_JOIN,
    CASE_TIMER,
    CASE_KINDS
};

/* The timeout of a step, in units of time; FOREVER has no end. */
enum { FOREVER = -1, LONGEST = 6 };

struct step {
    uint8_t verb;
    uint8_t object; /* of its kind, modulo how many there are; or an actor */
    int8_t time;
    uint8_t n_cases;
    struct {
        uint8_t kind, object;
        int8_t time;
    } cases[CASES];
};

struct program {
    int n[ACTORS];
    struct step steps[ACTORS][STEPS];
};

/* What is written down.  Step numbers from STEPS on are of what is no step. */
enum { BEGAN = STEPS, DEFERRED, DESTROYED, ENDED, RAN };
struct line {
    int actor, step;
    int result; /* what the call returned, or -errno */
    int item;   /* what it got, or 0 */
    int time;
};
struct log {
    int n;
    struct line lines[LINES];
};

/* Who rests until a time wakes up so much later, so that several alarms are due. */
int late_by(int time);

/* A program of any bytes; how many steps it has. */
int program_decode(struct program *p, const uint8_t *bytes, size_t n);
void program_print(const struct program *p);
void log_print(const struct log *l, int from);

/* invariants.c: check them at every switch from now on, or no more.  Switches that
 * are watched take another way, so every other program runs unwatched. */
void invariants_watch(bool on);

/* real.c: print the program, what it did, and which invariant does not hold. */
_Noreturn void program_gives_up(int invariant, const char *why);

void run_by_green(const struct program *p, struct log *l);
void run_by_model(const struct program *p, struct log *l);

/* Do both agree?  If not, prints the program and where they part. */
bool program_agrees(const struct program *p, bool print);

#endif
