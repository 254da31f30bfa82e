/* SPDX-License-Identifier: MIT */
/* select.c - layer 6: wait for the first of several things.
 *
 * First each case in turn is tried; only if none can happen now does the
 * greenlet wait, with one waiter in the queue of each.  The waiters are in the
 * caller's cases, so nothing is allocated, and those that did not happen are
 * out of their queues when the wait ends, without effect. */
#include <errno.h>
#include "block.h"
#include "hub.h"
#include "queue.h"
#include "wait.h"

/* ---- can it happen now? 0 yes, -1 with EAGAIN no, -1 with another errno: it
 * ended by that ---- */

static int when(bool ready)
{
    errno = EAGAIN;
    return ready ? 0 : -1;
}

static int try_sem(green_sem_t *s)
{
    return when(green_sem_wait(s, 0) == 0);
}

static int try_fd(const green_case_t *c)
{
    int r = green__fd_now(c->fd, c->events);

    return r < 0 ? -1 : when(r > 0);
}

static int try_case(const green_case_t *c)
{
    switch (c->kind) {
    case GREEN_CASE_JOIN:
        return when(green_ready(c->object));
    case GREEN_CASE_EVENT:
        return when(green_event_is_set(c->object));
    case GREEN_CASE_FUTURE:
        return when(green_future_is_ready(c->object));
    case GREEN_CASE_SEM:
        return try_sem(c->object);
    case GREEN_CASE_GET:
        return green__queue_take(c->object, c->item);
    case GREEN_CASE_PUT:
        return green__queue_offer(c->object, c->item);
    case GREEN_CASE_FD:
        return try_fd(c);
    default:
        return when(c->duration <= 0);
    }
}

/* ---- waiting ---- */

static void enter_queue(green_waiters_t *waiters, struct green_waiter *w,
                        void *item)
{
    w->item = item;
    list_append(waiters, w);
}

static void enter_put(green_queue_t *q, green_case_t *c)
{
    green__queue_show(q, c->item);
    enter_queue(&q->putters, &c->waiter, c->item);
}

/* Put the case's waiter into its queue: 0, or -1 if that is impossible. */
static int enter_case(struct green_hub *h, green_case_t *c)
{
    switch (c->kind) {
    case GREEN_CASE_JOIN:
        enter_queue(&((green_t *)c->object)->joiners, &c->waiter, NULL);
        break;
    case GREEN_CASE_EVENT:
        enter_queue(&((green_event_t *)c->object)->waiters, &c->waiter, NULL);
        break;
    case GREEN_CASE_FUTURE:
        enter_queue(&((green_future_t *)c->object)->waiters, &c->waiter, NULL);
        break;
    case GREEN_CASE_SEM:
        enter_queue(&((green_sem_t *)c->object)->waiters, &c->waiter, NULL);
        break;
    case GREEN_CASE_GET:
        enter_queue(&((green_queue_t *)c->object)->getters, &c->waiter,
                    c->item);
        break;
    case GREEN_CASE_PUT:
        enter_put(c->object, c);
        break;
    case GREEN_CASE_FD:
        c->waiter.detail = c->events;
        return green__fd_enter(h, c->fd, &c->waiter);
    default:
        break;
    }
    return 0;
}

/* All of the first `n` that were entered; the wait's end has emptied the queues,
 * but the hub counts who waits for descriptors. */
static void leave_all(struct green_hub *h, green_case_t *cases, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (cases[i].kind == GREEN_CASE_FD)
            green__fd_leave(h, &cases[i].waiter);
        else
            list_remove(&cases[i].waiter);
    }
}

static int enter_all(struct green_hub *h, green_case_t *cases, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        cases[i].waiter =
            (struct green_waiter){.greenlet = h->current, .index = i};
        if (enter_case(h, &cases[i]) != 0) {
            leave_all(h, cases, i);
            return -1;
        }
    }
    return 0;
}

/* The timer case that is due first; of equal ones the lowest. */
static void first_timer(const green_case_t *cases, int n, struct waiting *wait)
{
    int i;

    wait->delay = GREEN_FOREVER;
    for (i = 0; i < n; i++) {
        if (cases[i].kind != GREEN_CASE_TIMER ||
            cases[i].duration >= wait->delay)
            continue;
        wait->delay = cases[i].duration;
        wait->delay_index = i;
    }
}

static int wait_all(struct green_hub *h, green_case_t *cases, int n,
                    int64_t timeout)
{
    struct waiting wait = {.n = (unsigned)n,
                           .stride = sizeof *cases,
                           .timeout = timeout,
                           .reason = WAIT_SELECT};
    int r;

    if (enter_all(h, cases, n) < 0)
        return -1;
    wait.waiters = n > 0 ? &cases[0].waiter : NULL;
    first_timer(cases, n, &wait);
    r = green__wait(h, &wait);
    leave_all(h, cases, n);
    return r;
}

/* ---- the call ---- */

static bool is_valid(const green_case_t *cases, int n)
{
    int i;

    if (n < 0 || (n > 0 && !cases))
        return false;
    for (i = 0; i < n; i++) {
        switch (cases[i].kind) {
        case GREEN_CASE_GET:
        case GREEN_CASE_PUT:
            if (!cases[i].object || !cases[i].item)
                return false;
            break;
        case GREEN_CASE_JOIN:
        case GREEN_CASE_EVENT:
        case GREEN_CASE_FUTURE:
        case GREEN_CASE_SEM:
            if (!cases[i].object)
                return false;
            break;
        case GREEN_CASE_FD:
            if (!(cases[i].events & (GREEN_READ | GREEN_WRITE)) ||
                cases[i].events & ~(GREEN_READ | GREEN_WRITE))
                return false;
            break;
        case GREEN_CASE_TIMER:
            break;
        default:
            return false;
        }
    }
    return true;
}

/* A channel's getter goes on before its putter, here too. */
static void give_way_to_getter(struct green_hub *h, const green_case_t *c)
{
    if (c->kind == GREEN_CASE_PUT && ((green_queue_t *)c->object)->max == 0)
        green__give_way(h);
}

/* An index, with errno 0 or that by which the case ended; or -1. */
static int try_all(struct green_hub *h, const green_case_t *cases, int n,
                   int64_t timeout)
{
    int i;

    for (i = 0; i < n; i++) {
        if (try_case(&cases[i]) == 0) {
            if (timeout > 0)
                give_way_to_getter(h, &cases[i]);
            errno = 0;
            return i;
        }
        if (errno != EAGAIN)
            return errno == ENOMEM ? -1 : i;
    }
    errno = timeout > 0 ? EAGAIN : ETIMEDOUT;
    return -1;
}

int green_select(green_case_t *cases, int n, int64_t timeout)
{
    struct green_hub *h = green__hub();
    int i;

    if (!is_valid(cases, n)) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    i = try_all(h, cases, n, timeout);
    if (i >= 0 || errno != EAGAIN)
        return i;
    i = wait_all(h, cases, n, timeout);
    if (i >= 0)
        errno = 0;
    else if (errno == EPIPE || errno == EBADF)
        i = h->current->wake_index;
    return i;
}
