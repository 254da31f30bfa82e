/* SPDX-License-Identifier: MIT */
/* span.h - layer 8: the caller's struct timespec, and libgreen's nanoseconds. */
#ifndef GREEN_PATCH_SPAN_H
#define GREEN_PATCH_SPAN_H

#include <time.h>
#include "memory.h"
#include "patch.h"

/* Would the kernel take it for a length of time? */
static inline bool is_span(const struct timespec *t)
{
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < GREEN_SEC;
}

/* What takes longer than the clock can count lasts for ever. */
static inline int64_t span_of(const struct timespec *t)
{
    if (t->tv_sec >= GREEN_FOREVER / GREEN_SEC - 1)
        return GREEN_FOREVER;
    return t->tv_sec * GREEN_SEC + t->tv_nsec;
}

static inline struct timespec timespec_of(int64_t span)
{
    if (span < 0)
        span = 0;
    return (struct timespec){span / GREEN_SEC, span % GREEN_SEC};
}

/* As a call is given it, NULL for GREEN_FOREVER: false if the kernel is to say
 * what is wrong with it. */
static inline bool load_span(int64_t *span, const struct timespec *from)
{
    struct timespec t;

    *span = GREEN_FOREVER;
    if (!from)
        return true;
    if (!green__load(&t, from, sizeof t) || !is_span(&t))
        return false;
    *span = span_of(&t);
    return true;
}

/* From now on. */
static inline int64_t end_of(int64_t span)
{
    int64_t now = green_now();

    return span >= GREEN_FOREVER - now ? GREEN_FOREVER : now + span;
}

static inline int64_t left_until(int64_t deadline)
{
    return deadline == GREEN_FOREVER ? deadline : deadline - green_now();
}

#endif
