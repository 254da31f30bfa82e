/* SPDX-License-Identifier: MIT */
/* once.c - layer 6: a function that is run by the first who asks for it.
 *
 *   nobody has ---> owner runs fn ---> done
 *                   |         ^
 *                   `---------'  the owner ends in fn: the longest waiter is next
 *
 * A waiter is told in its own frame that its turn has come, so nobody looks at
 * the once after fn has run: it may be gone by then.
 *
 * Invariant: nobody waits for a once that has no owner. */
#include <errno.h>
#include "end.h"
#include "wait.h"

/* Who runs fn, in its frame, which is still there when it ends below. */
struct once_run {
    struct end_call end; /* the first field: found from it */
    green_once_t *once;
};

void green_once_init(green_once_t *once)
{
    *once = (green_once_t)GREEN_ONCE_INIT;
}

static void pass_turn_on(struct end_call *call, green_t *ended)
{
    green_once_t *once = ((struct once_run *)call)->once;
    struct green_waiter *next = once->waiters.first;

    (void)ended;
    once->owner = next ? next->greenlet : NULL;
    if (!next)
        return;
    *(bool *)next->item = true;
    green__wake(next);
}

static void run_as_owner(green_once_t *once, void (*fn)(void *arg), void *arg)
{
    struct once_run run = {.end.fn = pass_turn_on, .once = once};

    green__call_at_end(once->owner, &run.end);
    fn(arg);
    list_remove(&run.end.waiter);
    once->owner = NULL;
    once->is_done = true;
    green__wake_all(&once->waiters, 0);
}

int green_once(green_once_t *once, void (*fn)(void *arg), void *arg,
               int64_t timeout)
{
    struct green_hub *h = green__hub();
    bool my_turn = false;

    if (!once || !fn) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    if (once->is_done)
        return 0;
    if (once->owner == h->current) {
        errno = EDEADLK;
        return -1;
    }
    if (!once->owner) {
        once->owner = h->current;
        my_turn = true;
    } else if (green__wait_for(&once->waiters, &my_turn, timeout, WAIT_ONCE,
                               (uintptr_t)once, &once->owner) < 0) {
        return -1;
    }
    if (my_turn)
        run_as_owner(once, fn, arg);
    return 0;
}
