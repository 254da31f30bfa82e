/* SPDX-License-Identifier: MIT */
/* waitgroup.c - layer 6: wait until a count of things under way is zero. */
#include <errno.h>
#include <limits.h>
#include "misuse.h"
#include "wait.h"

void green_waitgroup_init(green_waitgroup_t *w)
{
    *w = (green_waitgroup_t)GREEN_WAITGROUP_INIT;
}

void green_waitgroup_add(green_waitgroup_t *w, long n)
{
    if (n < 0 && w->count + n < 0)
        green__misuse("green_waitgroup_add", "the count would be below zero");
    if (n > 0 && w->count > LONG_MAX - n)
        green__misuse("green_waitgroup_add", "the count would overflow");
    w->count += n;
    if (w->count == 0)
        green__wake_all(&w->waiters, 0);
}

void green_waitgroup_done(green_waitgroup_t *w)
{
    if (w->count == 0)
        green__misuse("green_waitgroup_done", "nothing is under way");
    green_waitgroup_add(w, -1);
}

int green_waitgroup_wait(green_waitgroup_t *w, int64_t timeout)
{
    if (!w) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(green__hub(), timeout))
        return -1;
    if (w->count == 0)
        return 0;
    return green__wait_in(&w->waiters, NULL, 0, timeout, WAIT_WAITGROUP,
                          (uintptr_t)w);
}
