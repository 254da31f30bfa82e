/* SPDX-License-Identifier: MIT */
/* future.c - layer 6: a result that somebody will deliver, once.
 *
 * Invariant: nobody waits for a future that is ready. */
#include <errno.h>
#include "wait.h"

void green_future_init(green_future_t *f)
{
    *f = (green_future_t)GREEN_FUTURE_INIT;
}

static int settle_future(green_future_t *f, void *value, int error)
{
    if (!f || f->is_ready) {
        errno = f ? EALREADY : EINVAL;
        return -1;
    }
    f->is_ready = true;
    f->value = value;
    f->error = error;
    green__wake_all(&f->waiters, 0);
    return 0;
}

int green_future_set(green_future_t *f, void *value)
{
    return settle_future(f, value, 0);
}

int green_future_fail(green_future_t *f, int error)
{
    if (error != 0)
        return settle_future(f, NULL, error);
    errno = EINVAL;
    return -1;
}

bool green_future_is_ready(const green_future_t *f)
{
    return f && f->is_ready;
}

int green_future_get(green_future_t *f, void **value, int64_t timeout)
{
    if (!f) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(green__hub(), timeout))
        return -1;
    if (!f->is_ready && green__wait_in(&f->waiters, NULL, 0, timeout,
                                       WAIT_FUTURE, (uintptr_t)f) < 0)
        return -1;
    if (f->error) {
        errno = f->error;
        return -1;
    }
    if (value)
        *value = f->value;
    return 0;
}
