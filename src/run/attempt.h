/* SPDX-License-Identifier: MIT */
/* attempt.h - a call on a descriptor that may wait, tried without waiting. */
#ifndef RUN_ATTEMPT_H
#define RUN_ATTEMPT_H

#include "call.h"
#include "watch.h"

struct attempt {
    long (*once)(struct attempt *a); /* its result, -EAGAIN if it would wait */
    struct call *call;
    int fd;
    uint32_t events;
    int option;                      /* SO_RCVTIMEO, SO_SNDTIMEO or 0 */
    int64_t deadline;                /* 0: not asked for yet */
    size_t done;                     /* bytes, of a call that goes on until all are */
};

long attempt(struct attempt *a);

/* The same for a call that is `whole` bytes long and waits until all are done. */
long attempt_all(struct attempt *a, size_t whole);

bool attempt_ready(int fd, uint32_t events);
bool attempt_may_wait(int fd); /* O_NONBLOCK is not set */

/* A system call with O_NONBLOCK set for its duration, where it was not. */
long attempt_in_window(struct attempt *a, long (*call)(struct attempt *a));

#endif
