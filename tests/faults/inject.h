/* SPDX-License-Identifier: MIT */
/* inject.h - the nth call that libgreen makes of the world fails.
 *
 * Each entry of green__sys that can fail is replaced by one that counts, over
 * all threads, and fails when it is told to, with one of the errnos that the
 * manual page of its call allows.  Not among these are what the library would be
 * right to believe and what is then a lie: that there is nothing to read
 * (EAGAIN), where there is and the poller will not say so again, that nobody reads
 * a pipe any more, or what the poller has (EEXIST, ENOENT), that a descriptor of
 * the library's was closed (EBADF) or is no poller (EINVAL). */
#ifndef INJECT_H
#define INJECT_H

#include <stdatomic.h>
#include <stdbool.h>

enum fault_mode {
    FAULT_ONCE,  /* this call alone */
    FAULT_STORM, /* it and the next nine of its kind */
    FAULT_EVER,  /* all of its kind from here on; if it lacks memory, or
                    descriptors, all calls that can */
    FAULT_MODES
};

/* What is to fail, and what became of that; shared with the parent process. */
struct fault {
    long n;               /* the nth call, from 1 */
    int choice;           /* the how-manieth of its errnos, from 0 */
    enum fault_mode mode;

    atomic_long calls;    /* made while armed */
    atomic_bool fired;
    int call;             /* what failed: for fault_name */
    int choices;          /* how many errnos that has */
    int error;            /* that it failed with */
    int becomes;          /* what libgreen may make of that: ENOMEM of a mapping */
    bool lasts;           /* such an errno can last */
};

/* Put the replacements into the table, once, before other threads are there. */
void fault_install(struct fault *f);

/* From now on calls count and fail; or do neither. */
void fault_arm(bool armed);

const char *fault_name(int call);

/* What libgreen has at the moment: blocks of memory, and bytes of mappings. */
struct holding {
    long blocks, mapped;
};
struct holding fault_holding(void);

#endif
