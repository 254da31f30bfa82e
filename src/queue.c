/* SPDX-License-Identifier: MIT */
/* queue.c - layer 6: queues of items, copied in and out.
 *
 * An item goes to the longest waiting getter at once, and is stored only when
 * none waits; room that a get makes goes to the longest waiting putter at once.
 * So nobody overtakes, and a getter or putter that is killed or timed out has
 * either been served or leaves no trace.  A channel is a queue without store.
 *
 * Invariants:
 *   1. A getter waits only while the queue is empty and no putter waits; a putter
 *      only while it is full and no getter waits.
 *   2. `unfinished` counts the items taken in and not yet reported by task_done. */
#include "queue.h"
#include <errno.h>
#include <string.h>
#include "misuse.h"
#include "queue_store.h"
#include "wait.h"

static void queue_init(green_queue_t *q, size_t item_size, size_t max,
                       enum queue_kind kind)
{
    memset(q, 0, sizeof *q);
    q->item_size = item_size;
    q->max = max;
    q->kind = (int)kind;
}

void green_queue_init(green_queue_t *q, size_t item_size, size_t max)
{
    queue_init(q, item_size, max, QUEUE_FIFO);
}

void green_lifo_init(green_queue_t *q, size_t item_size, size_t max)
{
    queue_init(q, item_size, max, QUEUE_LIFO);
}

void green_priority_init(green_queue_t *q, size_t item_size, size_t max,
                         int (*compare)(const void *a, const void *b))
{
    if (!compare)
        green__misuse("green_priority_init", "no function to compare with");
    queue_init(q, item_size, max, QUEUE_PRIORITY);
    q->compare = compare;
}

/* ---- without waiting ---- */

/* The longest waiting getter, after serving those before it that only peek. */
static struct green_waiter *next_getter(green_queue_t *q, const void *item)
{
    struct green_waiter *w;

    while ((w = q->getters.first) && w->detail == QUEUE_PEEK) {
        green__copy_item(q, w->item, item);
        green__wake(w);
    }
    return w;
}

void green__queue_show(green_queue_t *q, const void *item)
{
    next_getter(q, item);
}

static bool has_getter(const green_queue_t *q)
{
    const struct green_waiter *w = q->getters.first;

    while (w && w->detail == QUEUE_PEEK)
        w = w->next;
    return w != NULL;
}

int green__queue_offer(green_queue_t *q, const void *item)
{
    struct green_waiter *getter;

    if (q->closed) {
        errno = EPIPE;
        return -1;
    }
    if (!q->getters.first || !has_getter(q)) {
        if (q->count >= q->max) {
            errno = EAGAIN;
            return -1;
        }
        if (green__store_push(q, item) < 0)
            return -1;
    }
    q->unfinished++;
    getter = q->getters.first ? next_getter(q, item) : NULL;
    if (getter) {
        green__copy_item(q, getter->item, item);
        green__wake(getter);
    }
    return 0;
}

/* There is room again: the longest waiting putter's item moves in. */
static void refill(green_queue_t *q)
{
    struct green_waiter *putter = q->putters.first;

    if (!putter || green__store_push(q, putter->item) < 0)
        return; /* the store does not shrink, so there is memory */
    q->unfinished++;
    green__wake(putter);
}

int green__queue_take(green_queue_t *q, void *item)
{
    struct green_waiter *putter = q->putters.first;

    if (q->count > 0) {
        green__store_pop(q, item);
        refill(q);
        return 0;
    }
    if (putter) {
        green__copy_item(q, item, putter->item);
        q->unfinished++;
        green__wake(putter);
        return 0;
    }
    errno = q->closed ? EPIPE : EAGAIN;
    return -1;
}

static int look_at_front(const green_queue_t *q, void *item)
{
    const void *front = q->count > 0       ? green__store_front(q)
                        : q->putters.first ? q->putters.first->item
                                           : NULL;

    if (front) {
        green__copy_item(q, item, front);
        return 0;
    }
    errno = q->closed ? EPIPE : EAGAIN;
    return -1;
}

/* ---- waiting ---- */

static bool is_invalid(const void *q, const void *item)
{
    if (q && item)
        return false;
    errno = EINVAL;
    return true;
}

/* A channel's getter goes on before its putter does. */
int green_queue_put(green_queue_t *q, const void *item, int64_t timeout)
{
    if (is_invalid(q, item) || green__refused(green__hub(), timeout))
        return -1;
    if (green__queue_offer(q, item) == 0)
        return q->max == 0 && timeout > 0 ? green__pass() : 0;
    if (errno != EAGAIN)
        return -1;
    if (timeout > 0)
        green__queue_show(q, item);
    return green__wait_in(&q->putters, (void *)(uintptr_t)item, 0, timeout,
                          WAIT_PUT, (uintptr_t)q);
}

int green_queue_get(green_queue_t *q, void *item, int64_t timeout)
{
    if (is_invalid(q, item) || green__refused(green__hub(), timeout))
        return -1;
    if (green__queue_take(q, item) == 0)
        return 0;
    if (errno != EAGAIN)
        return -1;
    return green__wait_in(&q->getters, item, QUEUE_GET, timeout, WAIT_GET,
                          (uintptr_t)q);
}

int green_queue_peek(green_queue_t *q, void *item, int64_t timeout)
{
    if (is_invalid(q, item) || green__refused(green__hub(), timeout))
        return -1;
    if (look_at_front(q, item) == 0)
        return 0;
    if (errno != EAGAIN)
        return -1;
    return green__wait_in(&q->getters, item, QUEUE_PEEK, timeout, WAIT_GET,
                          (uintptr_t)q);
}

size_t green_queue_size(const green_queue_t *q)
{
    return q ? q->count : 0;
}

/* ---- its end, and that of its items ---- */

void green_queue_close(green_queue_t *q)
{
    if (!q)
        return;
    q->closed = true;
    green__wake_all(&q->getters, EPIPE);
    green__wake_all(&q->putters, EPIPE);
}

void green_queue_discard(green_queue_t *q)
{
    green_queue_close(q);
    if (!q)
        return;
    green__store_free(q);
    q->unfinished = 0;
    green__wake_all(&q->joiners, 0);
}

int green_queue_task_done(green_queue_t *q)
{
    if (!q || q->unfinished == 0) {
        errno = EINVAL;
        return -1;
    }
    if (--q->unfinished == 0)
        green__wake_all(&q->joiners, 0);
    return 0;
}

int green_queue_join(green_queue_t *q, int64_t timeout)
{
    if (is_invalid(q, q) || green__refused(green__hub(), timeout))
        return -1;
    if (q->unfinished == 0)
        return 0;
    return green__wait_in(&q->joiners, NULL, 0, timeout, WAIT_QUEUE,
                          (uintptr_t)q);
}

void green_queue_destroy(green_queue_t *q)
{
    if (!q)
        return;
    if (q->getters.first || q->putters.first || q->joiners.first)
        green__misuse("green_queue_destroy", "a greenlet waits in the queue");
    green__store_free(q);
}
