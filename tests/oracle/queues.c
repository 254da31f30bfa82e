/* SPDX-License-Identifier: MIT */
/* queues.c - queues of all kinds, and channels; its twin is queues.py. */
#include "oracle.h"

#include <ctype.h>

static int compare(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

static green_queue_t fifo = GREEN_QUEUE_INIT(char, SIZE_MAX);
static green_queue_t narrow = GREEN_QUEUE_INIT(char, 2);
static green_queue_t work = GREEN_QUEUE_INIT(char, SIZE_MAX);
static green_queue_t lifo = GREEN_LIFO_INIT(char, SIZE_MAX);
static green_queue_t priority = GREEN_PRIORITY_INIT(char, SIZE_MAX, compare);
static green_queue_t channel = GREEN_CHANNEL_INIT(char);
static green_event_t gone = GREEN_EVENT_INIT;

static int get(green_queue_t *q)
{
    char item = '-';

    green_queue_get(q, &item, GREEN_FOREVER);
    return item;
}

static void *get_fifo(void *name)
{
    say("%s gets %c", (const char *)name, get(&fifo));
    return NULL;
}

static void put_chars(green_queue_t *q, const char *items)
{
    for (; *items; items++)
        green_queue_put(q, items, GREEN_FOREVER);
}

static void get_chars(green_queue_t *q, int n)
{
    while (n-- > 0)
        say("%c", get(q));
}

static void what_was_put_first_comes_first(void)
{
    put_chars(&fifo, "abc");
    say("size %zu", green_queue_size(&fifo));
    get_chars(&fifo, 3);
}

static void getters_are_served_in_order(void)
{
    start_each(get_fifo, "abc");
    green_yield();
    put_chars(&fifo, "xyz");
    say("put");
    join_all();
}

static void *fill_narrow(void *name)
{
    for (const char *item = "wxyz"; *item; item++) {
        int r = green_queue_put(&narrow, item, GREEN_FOREVER);
        char who[32];

        snprintf(who, sizeof who, "%s puts %c:", (char *)name, *item);
        outcome(who, r);
    }
    return NULL;
}

static void get_narrow(int n)
{
    while (n-- > 0) {
        say("got %c", get(&narrow));
        green_yield();
    }
}

static void a_full_queue_holds_its_putter_up(void)
{
    start(fill_narrow, "a");
    green_yield();
    get_narrow(4);
    join_all();
}

static void *put_narrow(void *name)
{
    outcome(name, green_queue_put(&narrow, name, GREEN_FOREVER));
    return NULL;
}

static void putters_get_room_in_order(void)
{
    start_each(put_narrow, "abcde");
    green_yield();
    get_narrow(5);
    join_all();
}

static void no_waiting_says_full_or_empty(void)
{
    char item;

    outcome("put a", green_queue_put(&narrow, "a", 0));
    outcome("put b", green_queue_put(&narrow, "b", 0));
    outcome("put c", green_queue_put(&narrow, "c", 0));
    for (int i = 0; i < 3; i++)
        outcome("get", green_queue_get(&narrow, &item, 0));
}

static void one_put_wakes_one_getter(void)
{
    start_each(get_fifo, "abcd");
    green_yield();
    put_chars(&fifo, "w");
    green_yield();
    say("one");
    put_chars(&fifo, "xyz");
    join_all();
}

static void the_newest_comes_first_from_a_lifo(void)
{
    put_chars(&lifo, "abc");
    get_chars(&lifo, 2);
    put_chars(&lifo, "d");
    get_chars(&lifo, 2);
}

static void the_least_comes_first_from_a_priority_queue(void)
{
    put_chars(&priority, "cabd");
    get_chars(&priority, 3);
    put_chars(&priority, "b");
    get_chars(&priority, 2);
}

static void *send_name(void *name)
{
    say("sending %s", (const char *)name);
    green_queue_put(&channel, name, GREEN_FOREVER);
    say("sent %s", (const char *)name);
    return NULL;
}

static void *receive_one(void *name)
{
    say("%s asks", (const char *)name);
    say("%s received %c", (const char *)name, get(&channel));
    return NULL;
}

static void a_channel_with_the_putter_first(void)
{
    start(send_name, "x");
    start(receive_one, "r");
    join_all();
}

static void a_channel_with_the_getter_first(void)
{
    start(receive_one, "r");
    start(send_name, "x");
    join_all();
}

static void *do_work(void *name)
{
    for (int i = 0; i < 2; i++) {
        say("%s does %c", (const char *)name, get(&work));
        green_yield();
        green_queue_task_done(&work);
    }
    return NULL;
}

static void join_waits_for_the_work(void)
{
    put_chars(&work, "wxyz");
    start_each(do_work, "ab");
    green_queue_join(&work, GREEN_FOREVER);
    say("all done");
}

static void *get_briefly(void *name)
{
    char item;

    outcome(name, green_queue_get(&fifo, &item, TICK));
    green_event_set(&gone);
    return NULL;
}

static void who_gives_up_gets_no_item(void)
{
    start(get_briefly, "hasty");
    start(get_fifo, "patient");
    green_event_wait(&gone, GREEN_FOREVER);
    put_chars(&fifo, "x");
    join_all();
    say("size %zu", green_queue_size(&fifo));
}

static void *peek(void *name)
{
    char item = '-';

    green_queue_peek(&fifo, &item, GREEN_FOREVER);
    say("%s sees %c", (const char *)name, item);
    return NULL;
}

static void who_peeks_takes_nothing(void)
{
    start(peek, "p");
    green_yield();
    put_chars(&fifo, "x");
    green_yield();
    say("size %zu", green_queue_size(&fifo));
    get_chars(&fifo, 1);
    join_all();
}

static void *shout(void *unused)
{
    for (int i = 0; i < 3; i++) {
        char item = (char)toupper(get(&narrow));

        green_queue_put(&fifo, &item, GREEN_FOREVER);
    }
    return unused;
}

static void a_pipeline(void)
{
    start(shout, "");
    start(fill_narrow, "a");
    join_all();
    get_chars(&fifo, 3);
}

/* ---- where the order differs ---- */

static void item_taken_before_the_waiter_runs(void)
{
    char item;

    start(get_fifo, "waiter");
    green_yield();
    put_chars(&fifo, "x");
    outcome("putter", green_queue_get(&fifo, &item, 0));
    put_chars(&fifo, "y");
    join_all();
}

static void room_taken_before_the_waiter_runs(void)
{
    put_chars(&narrow, "ab");
    start(put_narrow, "c");
    green_yield();
    get(&narrow);
    outcome("getter", green_queue_put(&narrow, "d", 0));
    get_chars(&narrow, 2);
    join_all();
}

static void a_channel_with_many(void)
{
    start_each(send_name, "xyz");
    green_yield();
    start_each(receive_one, "ab");
    start(receive_one, "c");
    join_all();
}

const struct program queue_programs[] = {
    PROGRAM(what_was_put_first_comes_first),
    PROGRAM(getters_are_served_in_order),
    PROGRAM(a_full_queue_holds_its_putter_up),
    PROGRAM(putters_get_room_in_order),
    PROGRAM(no_waiting_says_full_or_empty),
    PROGRAM(one_put_wakes_one_getter),
    PROGRAM(the_newest_comes_first_from_a_lifo),
    PROGRAM(the_least_comes_first_from_a_priority_queue),
    PROGRAM(a_channel_with_the_putter_first),
    PROGRAM(a_channel_with_the_getter_first),
    PROGRAM(a_channel_with_many),
    PROGRAM(join_waits_for_the_work),
    PROGRAM(who_gives_up_gets_no_item),
    PROGRAM(who_peeks_takes_nothing),
    PROGRAM(a_pipeline),
    PROGRAM(item_taken_before_the_waiter_runs),
    PROGRAM(room_taken_before_the_waiter_runs),
    {NULL, NULL}};
