/* SPDX-License-Identifier: MIT */
/* waits.c - waiting for the first of several; its twin is waits.py. */
#include "oracle.h"

static green_event_t events[3];

/* The number of the event that comes first. */
static const char *first(int64_t timeout)
{
    static const char *const numbers[] = {"0", "1", "2"};
    green_case_t cases[] = {GREEN_ON_EVENT(&events[0]),
                            GREEN_ON_EVENT(&events[1]),
                            GREEN_ON_EVENT(&events[2])};
    int i = green_select(cases, 3, timeout);

    return i < 0 ? "none" : numbers[i];
}

static void *set_one(void *unused)
{
    green_event_set(&events[1]);
    say("set 1");
    return unused;
}

static void the_first_of_three_events(void)
{
    start(set_one, "");
    say("first %s", first(GREEN_FOREVER));
    join_all();
}

static void none_in_time(void)
{
    say("first %s", first(TICK));
    green_event_set(&events[0]);
    say("first %s", first(TICK));
}

static void *wait_first(void *name)
{
    const char *number = first(GREEN_FOREVER);

    say("%s has %s", (const char *)name, number);
    return NULL;
}

static void two_wait_for_the_same(void)
{
    start_each(wait_first, "ab");
    green_yield();
    green_event_set(&events[1]);
    join_all();
}

static void *steps(void *name)
{
    for (int i = ('c' - *(char *)name) * 2; i > 0; i--)
        green_yield();
    say("%s ends", (const char *)name);
    return NULL;
}

/* Of those started, the first that has ended and is not in `left` any more. */
static void say_next_ended(bool *left)
{
    green_case_t cases[3];
    int places[3], n = 0, i;

    for (i = 0; i < 3; i++)
        if (left[i]) {
            places[n] = i;
            cases[n++] = GREEN_ON_JOIN(nth((size_t)i));
        }
    i = places[green_select(cases, n, GREEN_FOREVER)];
    left[i] = false;
    say("ended: %c", 'a' + i);
}

static void greenlets_as_they_end(void)
{
    bool left[3] = {true, true, true};

    start_each(steps, "abc");
    for (int i = 0; i < 3; i++)
        say_next_ended(left);
}

static void several_ended_before_it_looks(void)
{
    bool left[3] = {true, true, true};

    start_each(steps, "abc");
    for (int i = 0; i < 3; i++) {
        for (int turn = 0; turn < 5; turn++)
            green_yield();
        say_next_ended(left);
    }
}

/* ---- where the order differs ---- */

static void one_that_is_there_already(void)
{
    green_event_set(&events[2]);
    start(set_one, "");
    say("first %s", first(GREEN_FOREVER));
    join_all();
}

const struct program wait_programs[] = {PROGRAM(the_first_of_three_events),
                                        PROGRAM(none_in_time),
                                        PROGRAM(two_wait_for_the_same),
                                        PROGRAM(greenlets_as_they_end),
                                        PROGRAM(several_ended_before_it_looks),
                                        PROGRAM(one_that_is_there_already),
                                        {NULL, NULL}};
