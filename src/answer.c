/* SPDX-License-Identifier: MIT */
/* answer.c - layer 5: what another thread owes a greenlet.
 *
 * It has two users, who asks and who answers, and the one who asked may leave
 * first.  So it lives on the heap:
 *
 *     expected ---> sent ---> taken by its greenlet
 *        |           |
 *        |           `- the greenlet has left, or its thread has: dropped
 *        `- withdrawn: dropped
 *
 * It comes as a message to the greenlet's hub.  When a thread ends its hub is
 * freed, and the next thread's may be made in the same place: an answer must not
 * be taken for one of that, so hubs have serial numbers.  `left` and `came` are
 * touched in the hub's thread only, so they need no lock.
 *
 * A thread may also end after an answer has come and before the greenlet runs
 * that wants it, so those are listed.
 *
 * Invariant: the hub's `outside` counts the answers that are expected, or sent
 * but not delivered. */
#include "answer.h"
#include "hub.h"
#include "hubs.h"
#include "wait.h"

/* The thread ends: nobody will take them. */
static void end_answers(struct green_hub *h)
{
    struct answer *a;

    while ((a = h->answers)) {
        h->answers = a->next;
        a->drop(a);
    }
}

static void list_answer(struct green_hub *h, struct answer *a)
{
    a->next = h->answers;
    a->link = &h->answers;
    if (a->next)
        a->next->link = &a->next;
    h->answers = a;
    h->end_answers = end_answers;
}

static void unlist_answer(struct answer *a)
{
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
}

/* Without a hub: the one that this was sent to is being closed. */
static void deliver_answer(struct green_hub *h, struct message *m)
{
    struct answer *a = (struct answer *)m;

    if (!h || h->serial != a->serial) {
        a->drop(a);
        return;
    }
    h->outside--;
    if (a->left) {
        a->drop(a);
        return;
    }
    list_answer(h, a);
    if (a->waiters.first)
        green__wake(a->waiters.first);
    else
        a->came = true;
}

int green__answer_expect(struct answer *a, struct green_hub *h,
                         void (*drop)(struct answer *a))
{
    if (green__hub_share(h) < 0)
        return -1;
    *a = (struct answer){.message.deliver = deliver_answer,
                         .hub = h,
                         .serial = h->serial,
                         .drop = drop};
    h->outside++;
    return 0;
}

void green__answer_send(struct answer *a)
{
    if (green__hubs_post(a->hub, &a->message) < 0)
        a->drop(a); /* its hub is gone, and the greenlet with it */
}

int green__answer_await(struct answer *a, int64_t timeout,
                        enum green_reason reason, uintptr_t object)
{
    if (green__wait_in(&a->waiters, NULL, 0, timeout, reason, object) < 0)
        return -1;
    unlist_answer(a);
    return 0;
}

void green__answer_leave(struct answer *a)
{
    if (a->came) {
        unlist_answer(a);
        a->drop(a);
    } else {
        a->left = true;
    }
}

void green__answer_withdraw(struct answer *a)
{
    a->hub->outside--;
    a->drop(a);
}
