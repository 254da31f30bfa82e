/* SPDX-License-Identifier: MIT */
/* call.c - what several kinds of calls have in common: times and masks. */
#include "call.h"
#include <time.h>
#include "mask.h"

int64_t call_duration(const struct timespec *t)
{
    if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= SECOND)
        return -EINVAL;
    if (t->tv_sec > FOREVER / SECOND / 2)
        return FOREVER / 2;
    return t->tv_sec * (int64_t)SECOND + t->tv_nsec;
}

int64_t call_deadline(const struct timespec *t)
{
    int64_t duration;

    if (!t)
        return FOREVER;
    duration = call_duration(t);
    return duration < 0 ? duration : task_clock() + duration;
}

int64_t call_moment(int clock, const struct timespec *t)
{
    struct timespec now;
    int64_t moment = call_duration(t);

    if (moment < 0 || clock == CLOCK_MONOTONIC)
        return moment;
    kernel(SYS_clock_gettime, clock, (long)&now, 0, 0);
    moment = task_clock() + moment - now.tv_sec * (int64_t)SECOND - now.tv_nsec;
    return moment < 0 ? 0 : moment;
}

void call_mask(struct call *c, const uint64_t *mask)
{
    if (!mask)
        return;
    c->old_mask = mask_of(c->frame);
    c->has_old_mask = true;
    mask_put(c->task, c->frame, *mask);
}
