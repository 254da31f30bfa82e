/* SPDX-License-Identifier: MIT */
/* barrier.c - layer 6: greenlets wait until all have come.
 *
 * Who has come is who waits: a greenlet that is killed or timed out has not come,
 * so nothing needs to be taken back. */
#include <errno.h>
#include "misuse.h"
#include "wait.h"

void green_barrier_init(green_barrier_t *b, unsigned count)
{
    if (count == 0)
        green__misuse("green_barrier_init", "a count of 0");
    *b = (green_barrier_t)GREEN_BARRIER_INIT(count);
}

static unsigned have_come(const green_barrier_t *b)
{
    const struct green_waiter *w;
    unsigned n = 0;

    for (w = b->waiters.first; w; w = w->next)
        n++;
    return n;
}

int green_barrier_wait(green_barrier_t *b, int64_t timeout)
{
    if (!b || b->count == 0) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(green__hub(), timeout))
        return -1;
    if (have_come(b) + 1 < b->count)
        return green__wait_in(&b->waiters, NULL, 0, timeout, WAIT_BARRIER,
                              (uintptr_t)b);
    green__wake_all(&b->waiters, 0);
    return 1;
}
