/* SPDX-License-Identifier: MIT */
/* action.h - what the program wants done at a signal.
 *
 * The kernel has a handler of the engine's for each signal that the program
 * handles; the program's own is called by that. */
#ifndef RUN_ACTION_H
#define RUN_ACTION_H

#include "mask.h"

/* The kernel's struct sigaction. */
struct action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* The first thing: learn what was inherited. */
void action_begin(void (*engine)(int, siginfo_t *, void *));

struct action action_get(int signal);
int action_set(int signal, const struct action *wanted); /* 0 or -errno */

bool action_handles(int signal);
bool action_ignores(int signal); /* by wish or by default */

/* An alarm of the engine's own: install a handler of it. */
void action_install(int signal, void (*handler)(int, siginfo_t *, void *));

#endif
