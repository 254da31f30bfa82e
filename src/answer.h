/* SPDX-License-Identifier: MIT */
/* answer.h - layer 5: what another thread owes a greenlet. */
#ifndef GREEN_ANSWER_H
#define GREEN_ANSWER_H

#include "green_impl.h"

/* Part of something on the heap that the two have in common. */
struct answer {
    struct message message; /* the first field: found from it */
    struct green_hub *hub;
    uint64_t serial;                 /* of that hub */
    void (*drop)(struct answer *a);  /* nobody wants it: free it, in any thread */
    green_waiters_t waiters;         /* the greenlet, as long as it waits */
    struct answer *next, **link;     /* as long as it is here and not taken */
    bool left;                       /* the greenlet gave up */
    bool came;                       /* after the wait had failed, but before the
                                        greenlet knew */
};

/* Begin to expect it in this thread, whose hub can be woken from now on: 0, or
 * -1 with errno.  It is either sent or withdrawn. */
int green__answer_expect(struct answer *a, struct green_hub *h,
                         void (*drop)(struct answer *a));

/* There it is.  In any thread, which has nothing to do with it from now on. */
void green__answer_send(struct answer *a);

/* Wait for it: 0, and it is the caller's, or -1 with errno, and the caller has
 * to leave or to withdraw it. */
int green__answer_await(struct answer *a, int64_t timeout,
                        enum green_reason reason, uintptr_t object);

/* Want it no more: it is dropped, now or when it comes. */
void green__answer_leave(struct answer *a);

/* Nobody will send it: expect it no more, and drop it. */
void green__answer_withdraw(struct answer *a);

#endif
