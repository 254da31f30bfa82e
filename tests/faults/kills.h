/* SPDX-License-Identifier: MIT */
/* kills.h - the nth time that a greenlet stops, it is killed, or its time is up.
 *
 * As if the greenlet that runs next did it first of all. */
#ifndef KILLS_H
#define KILLS_H

#include <stdbool.h>

struct kill {
    long n;       /* the nth stop, from 1; 0: nobody is killed */
    bool by_time; /* what ends is the outermost scope of that greenlet */

    long stops;   /* so far */
    bool fired;
};

/* Have it done in this thread, until kills_end. */
void kills_begin(struct kill *k);
void kills_end(void);

#endif
