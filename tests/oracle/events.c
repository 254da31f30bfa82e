/* SPDX-License-Identifier: MIT */
/* events.c - events and futures that others wait for; its twin is events.py. */
#include "oracle.h"

static green_event_t event = GREEN_EVENT_INIT;
static green_event_t other = GREEN_EVENT_INIT;
static green_event_t gone = GREEN_EVENT_INIT;
static green_future_t result = GREEN_FUTURE_INIT;

static void *wait_event(void *name)
{
    outcome(name, green_event_wait(&event, GREEN_FOREVER));
    return NULL;
}

static void *wait_other(void *name)
{
    outcome(name, green_event_wait(&other, GREEN_FOREVER));
    return NULL;
}

static void *speak(void *name)
{
    say("%s", (const char *)name);
    return NULL;
}

static void set_wakes_all_in_order(void)
{
    start_each(wait_event, "abc");
    green_yield();
    start(speak, "before");
    green_event_set(&event);
    start(speak, "after");
    say("set");
    join_all();
}

static void clear_takes_nothing_away(void)
{
    start_each(wait_event, "ab");
    green_yield();
    green_event_set(&event);
    green_event_clear(&event);
    start(wait_event, "late");
    green_yield();
    say(green_event_is_set(&event) ? "is set" : "is not set");
    green_event_set(&event);
    join_all();
}

static void a_set_event_stops_nobody(void)
{
    green_event_set(&event);
    start(speak, "other");
    wait_event(text("first"));
    wait_event(text("second"));
    join_all();
}

static void who_asks_while_waiters_are_told_comes_after_them(void)
{
    start_each(wait_event, "ab");
    green_yield();
    green_event_set(&event);
    wait_event(text("main"));
    join_all();
}

static void *wait_briefly(void *name)
{
    outcome(name, green_event_wait(&event, TICK));
    green_event_set(&gone);
    return NULL;
}

static void who_gives_up_is_not_told(void)
{
    start(wait_briefly, "hasty");
    start(wait_event, "patient");
    green_event_wait(&gone, GREEN_FOREVER);
    say("setting");
    green_event_set(&event);
    join_all();
}

static void two_events_tell_in_the_order_they_were_set(void)
{
    start(wait_event, "a");
    start(wait_other, "b");
    start(wait_event, "c");
    green_yield();
    green_event_set(&other);
    green_event_set(&event);
    join_all();
}

static void play(const char *name, green_event_t *mine, green_event_t *theirs)
{
    for (int n = 1; n <= 3; n++) {
        green_event_wait(mine, GREEN_FOREVER);
        green_event_clear(mine);
        say("%s %d", name, n);
        green_event_set(theirs);
    }
}

static void *ping(void *name)
{
    play(name, &event, &other);
    return NULL;
}

static void *pong(void *name)
{
    play(name, &other, &event);
    return NULL;
}

static void ping_pong(void)
{
    start(ping, "ping");
    start(pong, "pong");
    green_event_set(&event);
    join_all();
}

static void *wait_then_set(void *name)
{
    wait_event(name);
    green_event_set(&other);
    green_yield();
    say("%s again", (const char *)name);
    return NULL;
}

static void a_chain_of_events(void)
{
    start(wait_other, "last");
    start(wait_then_set, "first");
    green_yield();
    green_event_set(&event);
    start(speak, "bystander");
    join_all();
}

static void *get_result(void *name)
{
    void *value = text("nothing");

    outcome(name, green_future_get(&result, &value, GREEN_FOREVER));
    say("%s has %s", (const char *)name, (const char *)value);
    return NULL;
}

static void a_result_is_for_all(void)
{
    start_each(get_result, "ab");
    green_yield();
    green_future_set(&result, text("x"));
    start(get_result, "late");
    join_all();
}

static void *get_failure(void *name)
{
    if (green_future_get(&result, NULL, GREEN_FOREVER) < 0 && errno == EIO)
        say("%s failed", (const char *)name);
    return NULL;
}

static void a_failed_result_fails_all(void)
{
    start_each(get_failure, "ab");
    green_yield();
    green_future_fail(&result, EIO);
    get_failure(text("main"));
    join_all();
}

static void *get_briefly(void *name)
{
    outcome(name, green_future_get(&result, NULL, TICK));
    green_event_set(&gone);
    return NULL;
}

static void a_result_may_come_too_late(void)
{
    start(get_briefly, "hasty");
    start(get_result, "patient");
    outcome("at once", green_future_get(&result, NULL, 0));
    green_event_wait(&gone, GREEN_FOREVER);
    green_future_set(&result, text("x"));
    join_all();
}

/* ---- where the order differs ---- */

static void result_set_twice(void)
{
    void *value = NULL;

    green_future_set(&result, text("first"));
    green_future_set(&result, text("second"));
    green_future_get(&result, &value, GREEN_FOREVER);
    say("%s", (const char *)value);
}

static void *wait_tick(void *name)
{
    outcome(name, green_event_wait(&event, 2 * TICK));
    return NULL;
}

static void *sleep_and_set(void *name)
{
    green_sleep(TICK);
    green_event_set(&event);
    return speak(name);
}

static void set_in_the_turn_of_the_timeout(void)
{
    start(wait_tick, "waiter");
    start(sleep_and_set, "setter");
    green_yield();
    burn(4 * TICK);
    join_all();
}

const struct program event_programs[] = {
    PROGRAM(set_wakes_all_in_order),
    PROGRAM(clear_takes_nothing_away),
    PROGRAM(a_set_event_stops_nobody),
    PROGRAM(who_asks_while_waiters_are_told_comes_after_them),
    PROGRAM(who_gives_up_is_not_told),
    PROGRAM(two_events_tell_in_the_order_they_were_set),
    PROGRAM(ping_pong),
    PROGRAM(a_chain_of_events),
    PROGRAM(a_result_is_for_all),
    PROGRAM(a_failed_result_fails_all),
    PROGRAM(a_result_may_come_too_late),
    PROGRAM(result_set_twice),
    PROGRAM(set_in_the_turn_of_the_timeout),
    {NULL, NULL}};
