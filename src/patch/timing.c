/* SPDX-License-Identifier: MIT */
/* timing.c - layer 8: the many ways to sleep. */
#include <sys/syscall.h>
#include <time.h>
#include "interruption.h"
#include "patch.h"
#include "span.h"

/* 0, or the error number of a kill or a scope; then with what was left of it. */
static int sleep_for(int64_t duration, struct timespec *left)
{
    int64_t end = end_of(duration);
    int saved_errno = errno, error = 0;
    struct timespec rest;

    error = (int)-green__wait_or_signal(IF_FIRST, NULL, 0, duration);
    if (error != 0) {
        rest = timespec_of(left_until(end));
        if (left && !green__store(left, &rest, sizeof rest))
            error = EFAULT;
    }
    errno = saved_errno;
    return error;
}

HOOK(nanosleep, int, hook_nanosleep,
     (const struct timespec *t, struct timespec *left));
int hook_nanosleep(const struct timespec *t, struct timespec *left)
{
    int64_t span;

    if (!t || !green__patched(GREEN_PATCH_TIME) || !load_span(&span, t))
        return (int)call_result(
            green__call(SYS_nanosleep, (long)t, (long)left, 0, 0, 0, 0));
    return (int)call_result(-sleep_for(span, left));
}
HOOK_ALIAS(__nanosleep, int, hook_nanosleep_2,
           (const struct timespec *t, struct timespec *left), nanosleep);

/* Until a time of that clock, which may be set meanwhile: then it wakes late. */
static int sleep_until(clockid_t clock, int64_t end)
{
    struct timespec now;
    int64_t left;
    int error;

    for (;;) {
        if (clock_gettime(clock, &now) != 0)
            return errno;
        left = end == GREEN_FOREVER ? end : end - span_of(&now);
        if (left <= 0)
            return 0;
        error = sleep_for(left, NULL);
        if (error != 0)
            return error;
    }
}

HOOK(clock_nanosleep, int, hook_clock_nanosleep,
     (clockid_t clock, int flags, const struct timespec *t,
      struct timespec *left));
int hook_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                         struct timespec *left)
{
    bool ours = clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME;
    int64_t span;

    if (!ours || !t || !green__patched(GREEN_PATCH_TIME) ||
        !load_span(&span, t))
        return (int)-green__call(SYS_clock_nanosleep, clock, flags, (long)t,
                                 (long)left, 0, 0);
    if (flags & TIMER_ABSTIME)
        return sleep_until(clock, span);
    return sleep_for(span, left);
}

HOOK(sleep, unsigned, hook_sleep, (unsigned seconds));
unsigned hook_sleep(unsigned seconds)
{
    struct timespec t = {(time_t)seconds, 0}, left = {0, 0};
    int saved_errno = errno;

    if (hook_nanosleep(&t, &left) == 0)
        return 0;
    errno = saved_errno;
    return (unsigned)left.tv_sec + (left.tv_nsec >= GREEN_SEC / 2);
}

HOOK(usleep, int, hook_usleep, (unsigned microseconds));
int hook_usleep(unsigned microseconds)
{
    struct timespec t = timespec_of(microseconds * GREEN_US);

    return hook_nanosleep(&t, NULL);
}

HOOK(thrd_sleep, int, hook_thrd_sleep,
     (const struct timespec *t, struct timespec *left));
int hook_thrd_sleep(const struct timespec *t, struct timespec *left)
{
    int saved_errno = errno, r = 0;

    if (hook_nanosleep(t, left) != 0)
        r = errno == EINTR ? -1 : -2;
    errno = saved_errno;
    return r;
}

HOOK(sched_yield, int, hook_sched_yield, (void));
int hook_sched_yield(void)
{
    int saved_errno = errno;

    if (!green__patched(GREEN_PATCH_TIME))
        return (int)call_result(green__call(SYS_sched_yield, 0, 0, 0, 0, 0, 0));
    green_yield();
    errno = saved_errno;
    return 0;
}
