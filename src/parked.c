/* SPDX-License-Identifier: MIT */
/* parked.c - layer 5: a greenlet that any thread, or a signal handler, wakes.
 *
 * Invariant: the hub's `outside` counts those that are parked, since what others
 * may do to wake them is not known here. */
#include "parked.h"
#include "hub.h"
#include "mail.h"
#include "wait.h"

static void wake(struct parked *p)
{
    p->came = true;
    if (p->waiters.first)
        green__wake(p->waiters.first);
}

/* Without a hub, it is being closed: nobody will run on. */
static void deliver(struct green_hub *h, struct message *m)
{
    if (h)
        wake((struct parked *)m);
}

static void end_parked(struct green_hub *h)
{
    struct parked *p;

    for (p = h->parked_ones; p; p = p->next)
        p->withdraw(p);
    h->parked_ones = NULL;
}

int green__parked_begin(struct parked *p, void (*withdraw)(struct parked *p))
{
    struct green_hub *h = green__hub();

    if (!h || green__hub_share(h) < 0)
        return -1;
    *p = (struct parked){.message.deliver = deliver,
                         .hub = h,
                         .withdraw = withdraw,
                         .next = h->parked_ones,
                         .link = &h->parked_ones};
    if (p->next)
        p->next->link = &p->next;
    h->parked_ones = p;
    h->end_parked = end_parked;
    h->outside++;
    return 0;
}

int green__parked_wait(struct parked *p, int64_t timeout,
                       enum green_reason reason, uintptr_t object)
{
    if (p->came)
        return 0;
    return green__wait_in(&p->waiters, NULL, 0, timeout, reason, object);
}

void green__parked_end(struct parked *p)
{
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    p->hub->outside--;
}

bool green__parked_here(const struct parked *p)
{
    return p->hub == green__current_hub;
}

void green__parked_wake(struct parked *p)
{
    if (green__parked_here(p))
        wake(p);
    else
        green__mail_push(p->hub, &p->message);
}

void green__parked_post(struct parked *p)
{
    green__mail_push(p->hub, &p->message);
}

uint64_t green__parked_self(void)
{
    struct green_hub *h = green__current_hub;

    return h ? h->current->id : 1;
}

void green__parked_forked(struct green_hub *h)
{
    h->parked_ones = NULL;
}
