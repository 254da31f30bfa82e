/* SPDX-License-Identifier: MIT */
/* queue_store.c - layer 6: where a queue keeps its items: fifo, lifo, priority.
 *
 * One array that doubles up to the queue's bound, so an unused queue costs
 * nothing.  A fifo uses it as a ring from `first`, a lifo as a stack, a priority
 * queue as a binary heap.  There each item is followed by the number of its
 * put, so that equal ones come out in the order they came in:
 *
 *   | item | padding | number |   one slot; slots are aligned as items are */
#include "queue_store.h"
#include <errno.h>
#include <string.h>
#include "sys.h"

/* Bytes from one slot to the next. */
static size_t stride(const green_queue_t *q)
{
    size_t align = q->item_size & (~q->item_size + 1);

    if (q->kind != QUEUE_PRIORITY)
        return q->item_size;
    if (align < sizeof(uint64_t))
        align = sizeof(uint64_t);
    return (q->item_size + sizeof(uint64_t) + align - 1) / align * align;
}

static char *slot(const green_queue_t *q, size_t i)
{
    return q->items + i * stride(q);
}

/* ---- the heap ---- */

static uint64_t put_number(const green_queue_t *q, size_t i)
{
    uint64_t number;

    memcpy(&number, slot(q, i + 1) - sizeof number, sizeof number);
    return number;
}

static bool comes_before(const green_queue_t *q, size_t a, size_t b)
{
    int order = q->compare(slot(q, a), slot(q, b));

    return order ? order < 0 : put_number(q, a) < put_number(q, b);
}

static void swap_slots(const green_queue_t *q, size_t a, size_t b)
{
    char *x = slot(q, a), *y = slot(q, b), byte;
    size_t n;

    for (n = stride(q); n > 0; n--) {
        byte = *x;
        *x++ = *y;
        *y++ = byte;
    }
}

static void sift_up(const green_queue_t *q, size_t i)
{
    for (; i > 0 && comes_before(q, i, (i - 1) / 2); i = (i - 1) / 2)
        swap_slots(q, i, (i - 1) / 2);
}

static void sift_down(const green_queue_t *q)
{
    size_t i = 0, child;

    while ((child = 2 * i + 1) < q->count) {
        if (child + 1 < q->count && comes_before(q, child + 1, child))
            child++;
        if (!comes_before(q, child, i))
            break;
        swap_slots(q, i, child);
        i = child;
    }
}

/* ---- all kinds ---- */

/* A fifo that wrapped round has its older part at the end of the old room: move
 * that to the end of the new. */
static void unwrap(green_queue_t *q, size_t room)
{
    size_t older = q->room - q->first;

    if (q->first + q->count <= q->room)
        return;
    memmove(slot(q, room - older), slot(q, q->first), older * stride(q));
    q->first = room - older;
}

static int grow(green_queue_t *q)
{
    size_t room = q->room ? q->room * 2 : 8, size;
    char *items;

    if (room > q->max)
        room = q->max;
    size = q->item_size < PTRDIFF_MAX / 4 ? stride(q) : PTRDIFF_MAX;
    if (room >= PTRDIFF_MAX / (size + 1)) {
        errno = ENOMEM;
        return -1;
    }
    items = green__sys.realloc(q->items, room * size + 1);
    if (!items)
        return -1;
    q->items = items;
    unwrap(q, room);
    q->room = room;
    return 0;
}

int green__store_push(green_queue_t *q, const void *item)
{
    size_t at = q->count;
    uint64_t number;

    if (q->count == q->room && grow(q) < 0)
        return -1;
    if (q->kind == QUEUE_FIFO)
        at =
            at < q->room - q->first ? q->first + at : at - (q->room - q->first);
    green__copy_item(q, slot(q, at), item);
    q->count++;
    if (q->kind != QUEUE_PRIORITY)
        return 0;
    number = q->put_count++;
    memcpy(slot(q, at + 1) - sizeof number, &number, sizeof number);
    sift_up(q, at);
    return 0;
}

const void *green__store_front(const green_queue_t *q)
{
    return slot(q, q->kind == QUEUE_LIFO ? q->count - 1 : q->first);
}

void green__store_pop(green_queue_t *q, void *item)
{
    green__copy_item(q, item, green__store_front(q));
    q->count--;
    if (q->kind == QUEUE_FIFO && ++q->first == q->room)
        q->first = 0;
    if (q->kind == QUEUE_PRIORITY) {
        swap_slots(q, 0, q->count);
        sift_down(q);
    }
}

void green__store_free(green_queue_t *q)
{
    green__sys.free(q->items);
    q->items = NULL;
    q->room = q->first = q->count = 0;
}
