/* SPDX-License-Identifier: MIT */
/* links.c - what follows the end of a greenlet; its twin is links.py. */
#include "oracle.h"

static green_event_t event = GREEN_EVENT_INIT;

static void *wait_event(void *name)
{
    green_event_wait(&event, GREEN_FOREVER);
    say("%s ends", (const char *)name);
    return text("value");
}

static void *fail_when_told(void *name)
{
    green_event_wait(&event, GREEN_FOREVER);
    say("%s fails", (const char *)name);
    green_fail(EIO, NULL);
}

static void *join_first(void *name)
{
    outcome(name, green_join(nth(0), NULL, GREEN_FOREVER));
    return NULL;
}

static void *speak(void *word)
{
    say("%s", (const char *)word);
    return NULL;
}

static void joiners_are_told_in_order(void)
{
    start(wait_event, "g");
    start_each(join_first, "abc");
    green_yield();
    green_event_set(&event);
    join_all();
}

static void links_are_followed_in_order(void)
{
    green_t *g = start(wait_event, "g");

    green_link(g, speak, text("one"));
    green_link(g, speak, text("two"));
    green_link(g, speak, text("three"));
    green_event_set(&event);
    join_all();
    green_yield();
}

static void link_both(green_t *g)
{
    green_link_value(g, speak, text("it went well"));
    green_link_error(g, speak, text("it failed"));
    green_link(g, speak, text("it ended"));
}

static void a_link_for_success(void)
{
    link_both(start(wait_event, "g"));
    green_event_set(&event);
    green_sleep(TICK);
}

static void a_link_for_failure(void)
{
    link_both(start(fail_when_told, "g"));
    green_event_set(&event);
    green_sleep(TICK);
}

static void a_link_after_the_end(void)
{
    green_t *g = start(wait_event, "g");

    green_event_set(&event);
    join_all();
    green_link(g, speak, text("followed"));
    say("linked");
    green_sleep(TICK);
}

static void what_a_greenlet_returned(void)
{
    void *value = NULL;
    green_t *g;

    green_event_set(&event);
    g = start(wait_event, "g");
    green_get(g, &value, GREEN_FOREVER);
    say("%s", (const char *)value);
    say("%s %s", (char *)green_value(g),
        green_ready(g) ? "ready" : "not ready");
}

static void what_a_greenlet_failed_with(void)
{
    green_t *g;

    green_event_set(&event);
    g = start(fail_when_told, "g");
    if (green_get(g, NULL, GREEN_FOREVER) < 0 && errno == EIO)
        say("get fails");
    say(green_value(g) ? "a value" : "no value");
    say(green_successful(g) ? "ended well" : "ended badly");
}

static void a_failure_concerns_nobody_else(void)
{
    start(fail_when_told, "a");
    start(wait_event, "b");
    green_event_set(&event);
    join_all();
    say("main goes on");
}

static green_future_t result = GREEN_FUTURE_INIT;

static void *fulfil(void *g)
{
    green_future_set(&result, green_value(g));
    return NULL;
}

static void a_link_that_fulfils_a_future(void)
{
    void *value = NULL;
    green_t *g = start(wait_event, "g");

    green_link(g, fulfil, g);
    green_event_set(&event);
    green_future_get(&result, &value, GREEN_FOREVER);
    say("%s", (const char *)value);
}

static void *link_again(void *g)
{
    say("first link");
    green_link(g, speak, text("link of the link"));
    return NULL;
}

static void a_link_may_link(void)
{
    green_t *g = start(wait_event, "g");

    green_link(g, link_again, g);
    green_link(g, speak, text("second link"));
    green_event_set(&event);
    green_sleep(TICK);
}

static void joinall_waits_for_the_last(void)
{
    start_each(wait_event, "ab");
    green_event_set(&event);
    join_all();
    say("all ended");
}

static void joinall_gives_up(void)
{
    green_t *both[2];

    start_each(wait_event, "ab");
    both[0] = nth(0);
    both[1] = nth(1);
    green_joinall(both, 2, TICK);
    say(green_ready(nth(0)) ? "ready" : "not ready");
    green_event_set(&event);
    join_all();
}

static const char one[] = "one";

static void a_link_that_was_taken_away(void)
{
    green_t *g = start(wait_event, "g");

    green_link(g, speak, text(one));
    green_link(g, speak, text("two"));
    green_unlink(g, speak, text(one));
    green_event_set(&event);
    green_sleep(TICK);
}

static void *unlink_one(void *g)
{
    say("first");
    green_unlink(g, speak, text(one));
    return NULL;
}

static void an_early_link_takes_a_later_one_away(void)
{
    green_t *g = start(wait_event, "g");

    green_link(g, unlink_one, g);
    green_link(g, speak, text(one));
    green_link(g, speak, text("two"));
    green_event_set(&event);
    green_sleep(TICK);
}

/* ---- where the order differs ---- */

static void a_link_before_a_joiner(void)
{
    green_link(start(wait_event, "g"), speak, text("link"));
    start(join_first, "joiner");
    green_yield();
    green_event_set(&event);
    green_sleep(TICK);
}

static void *join_self(void *name)
{
    outcome(name, green_join(green_self(), NULL, GREEN_FOREVER));
    return NULL;
}

static void a_join_of_oneself(void)
{
    start(join_self, "g");
    join_first(text("main"));
}

const struct program link_programs[] = {
    PROGRAM(joiners_are_told_in_order),
    PROGRAM(links_are_followed_in_order),
    PROGRAM(a_link_for_success),
    PROGRAM(a_link_for_failure),
    PROGRAM(a_link_after_the_end),
    PROGRAM(what_a_greenlet_returned),
    PROGRAM(what_a_greenlet_failed_with),
    PROGRAM(a_failure_concerns_nobody_else),
    PROGRAM(a_link_that_fulfils_a_future),
    PROGRAM(a_link_may_link),
    PROGRAM(joinall_waits_for_the_last),
    PROGRAM(joinall_gives_up),
    PROGRAM(a_link_that_was_taken_away),
    PROGRAM(an_early_link_takes_a_later_one_away),
    PROGRAM(a_link_before_a_joiner),
    PROGRAM(a_join_of_oneself),
    {NULL, NULL}};
