/* SPDX-License-Identifier: MIT */
/* parked.h - layer 5: a greenlet that any thread, or a signal handler, wakes.
 *
 * For the patch library.  Who parks has the structure in its frame, and somewhere
 * a lock under which it can be found there:
 *
 *   begin, under the lock: make it known; wait; under the lock: unknown again; end
 *
 * Who finds it under the lock, makes it unknown and wakes it, all before it lets go
 * of the lock; and who was woken takes the lock once more before it ends.  So a hub
 * that is sent a message is there, though the list of hubs is not looked at. */
#ifndef GREEN_PARKED_H
#define GREEN_PARKED_H

#include "green_impl.h"

struct parked {
    struct message message; /* the first field: found from it */
    struct green_hub *hub;
    green_waiters_t waiters; /* the greenlet, as long as it waits */
    bool came;               /* it was woken */
    void (*withdraw)(struct parked *p);  /* the hub ends: make it unknown */
    struct parked *next, **link;         /* all of the hub */
};

/* The greenlet that runs is going to park: 0, or -1 with errno if its hub can't be
 * woken by others. */
GREEN_API int green__parked_begin(struct parked *p,
                                  void (*withdraw)(struct parked *p));

/* Wait until woken: 0, or -1 with errno. */
GREEN_API int green__parked_wait(struct parked *p, int64_t timeout,
                                 enum green_reason reason, uintptr_t object);

/* It is known to nobody any more. */
GREEN_API void green__parked_end(struct parked *p);

/* Is it a greenlet of this thread? */
GREEN_API bool green__parked_here(const struct parked *p);

/* Once: wake it, in this thread at once, in another by a message. */
GREEN_API void green__parked_wake(struct parked *p);

/* Once: wake it by a message.  Safe in a signal handler. */
GREEN_API void green__parked_post(struct parked *p);

/* Which greenlet of this thread runs; main is 1, also while there is no hub. */
GREEN_API uint64_t green__parked_self(void);

/* In the child of a fork, where of all greenlets only the running one is. */
void green__parked_forked(struct green_hub *h);

#endif
