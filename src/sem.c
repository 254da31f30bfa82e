/* SPDX-License-Identifier: MIT */
/* sem.c - layer 6: a counting semaphore.
 *
 * A permit that is posted goes to the longest waiting at once; only when nobody
 * waits is it added to the value.  So value > 0 implies that nobody waits. */
#include <errno.h>
#include <limits.h>
#include "misuse.h"
#include "wait.h"

void green_sem_init(green_sem_t *s, long value)
{
    if (value < 0)
        green__misuse("green_sem_init", "a value below zero");
    *s = (green_sem_t)GREEN_SEM_INIT(value);
}

int green_sem_wait(green_sem_t *s, int64_t timeout)
{
    struct green_hub *h = green__hub();

    if (!s) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    if (s->value > 0) {
        s->value--;
        return 0;
    }
    return green__wait_in(&s->waiters, NULL, 0, timeout, WAIT_SEM,
                          (uintptr_t)s);
}

void green_sem_post(green_sem_t *s)
{
    if (!s)
        return;
    if (s->waiters.first)
        green__wake(s->waiters.first);
    else if (s->value == LONG_MAX)
        green__misuse("green_sem_post", "the value would overflow");
    else
        s->value++;
}

long green_sem_value(const green_sem_t *s)
{
    return s ? s->value : 0;
}
