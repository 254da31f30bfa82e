/* SPDX-License-Identifier: MIT */
/* call.h - a system call of the program, and the kinds that are not the kernel's. */
#ifndef RUN_CALL_H
#define RUN_CALL_H

#include "task.h"

struct call {
    long number;
    long a[6];
    ucontext_t *frame;
    struct task *task;
    uint64_t old_mask; /* to be put back after a call with a mask of its own */
    bool has_old_mask;
    uint64_t
        tried; /* task_switches + 1 when it would have waited; 0: not tried */
};

/* Let the kernel do it, now. */
static inline long call_pass(const struct call *c)
{
    return kernel_call(c->number, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4],
                       c->a[5]);
}

/* A timespec that the program passes: nanoseconds, or -EINVAL. */
struct timespec;
int64_t call_duration(const struct timespec *t);

/* When a duration from now is over; NULL: never. */
int64_t call_deadline(const struct timespec *t);

/* When this time of this clock comes. */
int64_t call_moment(int clock, const struct timespec *t);

/* For the length of the call another mask (of 8 bytes), or NULL. */
void call_mask(struct call *c, const uint64_t *mask);

#endif
