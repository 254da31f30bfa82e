/* SPDX-License-Identifier: MIT */
/* mail.c - layer 4: what other threads send a hub.
 *
 * A message is pushed on the hub's list, by whoever knows that the hub exists
 * (hubs.c); the hub takes all at once by an atomic exchange, without a lock, and
 * puts them into its inbox.  Each sender's messages are delivered in its order.
 *
 * Most of them make somebody ready.  Senders may be faster than the hub, and what
 * waits is smaller as a message than as a greenlet: so a turn delivers no more
 * than will run in it while PLENTY are ready.
 *
 *   awake   what a push does
 *   true    push: the hub looks before it rests
 *   false   push, set awake, write to the pipe: the hub rests or is about to */
#include "mail.h"
#include "sys.h"

enum { PLENTY = 1024 };

void green__mail_open(struct green_hub *h)
{
    h->wake_fds[0] = h->wake_fds[1] = -1;
    atomic_store(&h->awake, true);
}

/* ---- in the hub's thread ---- */

/* Put what has come behind what is there, the oldest first. */
static void collect_mail(struct green_hub *h)
{
    struct message *m = atomic_exchange(&h->mail, NULL), *newest = m;
    struct message *oldest = NULL, *next;

    if (!m)
        return;
    for (; m; m = next) {
        next = m->next;
        m->next = oldest;
        oldest = m;
    }
    if (h->inbox)
        h->inbox_last->next = oldest;
    else
        h->inbox = oldest;
    h->inbox_last = newest;
}

void green__mail_hold(struct green_hub *h, struct message *m)
{
    if (!h->inbox)
        h->inbox_last = m;
    m->next = h->inbox;
    h->inbox = m;
}

static bool is_busy(const struct green_hub *h)
{
    return h->tail - h->head >= PLENTY;
}

/* At least as many as the turn lasts switches, or nothing would ever arrive
 * where greenlets are many. */
void green__mail_deliver(struct green_hub *h)
{
    struct message *m, *next;
    int n;

    if (atomic_load_explicit(&h->mail, memory_order_relaxed))
        collect_mail(h);
    for (n = 0; (m = h->inbox) && (n < h->turn_length || !is_busy(h)); n++) {
        h->inbox = next = m->next;
        m->deliver(h, m);
        if (h->inbox != next)
            break; /* it is held */
    }
}

static void drop_mail(struct green_hub *h)
{
    struct message *m;

    collect_mail(h);
    while ((m = h->inbox)) {
        h->inbox = m->next;
        m->deliver(NULL, m);
    }
}

static void close_pipe(struct green_hub *h)
{
    if (h->wake_fds[0] < 0)
        return;
    green__sys.close(h->wake_fds[0]);
    green__sys.close(h->wake_fds[1]);
    h->wake_fds[0] = h->wake_fds[1] = -1;
}

void green__mail_close(struct green_hub *h)
{
    drop_mail(h);
    close_pipe(h);
}

/* ---- in any thread ---- */

/* Safe in a signal handler, also in one that interrupts it. */
void green__mail_push(struct green_hub *h, struct message *m)
{
    m->next = atomic_load(&h->mail);
    while (!atomic_compare_exchange_weak(&h->mail, &m->next, m))
        continue;
    if (!atomic_exchange(&h->awake, true))
        green__ring(h->wake_fds[1]);
}

/* ---- resting, and being woken ---- */

bool green__mail_before_rest(struct green_hub *h)
{
    if (h->wake_fds[0] >= 0)
        atomic_store(&h->awake, false);
    return h->inbox || atomic_load(&h->mail);
}

void green__mail_after_rest(struct green_hub *h)
{
    atomic_store_explicit(&h->awake, true, memory_order_relaxed);
}

int green__mail_pipe(struct green_hub *h)
{
    return h->wake_fds[0] >= 0 ? 0 : green__sys.pipe(h->wake_fds);
}

void green__mail_forked(struct green_hub *h)
{
    bool had_pipe = h->wake_fds[0] >= 0;

    drop_mail(h);
    close_pipe(h);
    atomic_store(&h->awake, true);
    h->is_shut = false;
    if (had_pipe)
        (void)green__mail_pipe(h); /* two numbers are free: nothing is short */
}

void green__mail_woken(struct green_hub *h)
{
    char bytes[16];

    while (green__sys.read(h->wake_fds[0], bytes, sizeof bytes) ==
           (ssize_t)sizeof bytes)
        continue;
}
