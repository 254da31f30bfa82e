/* SPDX-License-Identifier: MIT */
/* timeouts.c - timeouts that nest, expire, or do not; its twin is timeouts.py. */
#include "oracle.h"

static green_event_t event = GREEN_EVENT_INIT;
static green_event_t gone = GREEN_EVENT_INIT;
static green_queue_t queue = GREEN_QUEUE_INIT(char, SIZE_MAX);

/* Make a call within a timeout; say whether that was the one that passed.
 * Returns what concerns those outside: 0, or -1. */
static int bounded(const char *who, int64_t timeout, int (*call)(void))
{
    green_scope_t scope;
    int r;

    green_timeout_begin(&scope, timeout);
    r = call();
    if (green_scope_end(&scope)) {
        say("%s too late", who);
        return 0;
    }
    if (r == 0)
        say("%s in time", who);
    return r;
}

static int sleep_long(void)
{
    return green_sleep(LONG);
}

static int wait_event(void)
{
    return green_event_wait(&event, GREEN_FOREVER);
}

static void a_timeout_ends_what_is_inside(void)
{
    bounded("main", TICK, sleep_long);
    say("after");
}

static void a_timeout_that_is_not_needed(void)
{
    green_event_set(&event);
    bounded("main", TICK, wait_event);
    green_sleep(2 * TICK);
    say("after");
}

static int inner_short(void)
{
    return bounded("inner", TICK, sleep_long);
}

static void the_inner_passes_first(void)
{
    bounded("outer", LONG, inner_short);
}

static int inner_long(void)
{
    return bounded("inner", LONG, sleep_long);
}

static void the_outer_passes_first(void)
{
    bounded("outer", TICK, inner_long);
}

static int middle(void)
{
    return bounded("middle", TICK, inner_long);
}

static void three_deep_the_middle_passes_first(void)
{
    bounded("outer", LONG, middle);
}

static void one_after_the_other(void)
{
    bounded("number 1", TICK, sleep_long);
    bounded("number 2", LONG, green_yield);
    bounded("number 3", TICK, sleep_long);
}

static int two_steps_and_a_sleep(void)
{
    green_sleep(TICK / 10);
    say("step 1");
    green_sleep(TICK / 10);
    say("step 2");
    return sleep_long();
}

static void many_calls_in_one_timeout(void)
{
    bounded("main", 5 * TICK, two_steps_and_a_sleep);
}

static void *wait_within(void *name)
{
    bounded(name, TICK, wait_event);
    green_event_set(&gone);
    return NULL;
}

static void *await(void *name)
{
    outcome(name, wait_event());
    return NULL;
}

static void a_timeout_is_of_one_greenlet(void)
{
    start(await, "patient");
    start(wait_within, "hasty");
    green_event_wait(&gone, GREEN_FOREVER);
    say("setting");
    green_event_set(&event);
    join_all();
}

static int get_briefly(void)
{
    char item;

    outcome("get", green_queue_get(&queue, &item, TICK));
    return 0;
}

static void a_calls_own_timeout_within_a_longer_one(void)
{
    bounded("main", LONG, get_briefly);
}

static int get_patiently(void)
{
    char item;

    return green_queue_get(&queue, &item, LONG);
}

static void a_longer_timeout_of_a_call_within_a_short_one(void)
{
    bounded("main", TICK, get_patiently);
    green_queue_put(&queue, "x", GREEN_FOREVER);
    say("size %zu", green_queue_size(&queue));
    green_queue_destroy(&queue);
}

static void join_gives_up_and_tries_again(void)
{
    green_t *g = start(await, "g");

    green_join(g, NULL, TICK);
    say(green_ready(g) ? "ready" : "not ready");
    green_event_set(&event);
    green_join(g, NULL, GREEN_FOREVER);
    say(green_ready(g) ? "ready" : "not ready");
}

static void *burn_three_ticks(void *unused)
{
    burn(3 * TICK);
    return unused;
}

static int sleep_a_tick_beside_a_burner(void)
{
    start(burn_three_ticks, "");
    return green_sleep(TICK);
}

static void a_sleep_due_with_its_timeout_has_slept(void)
{
    bounded("main", TICK * 3 / 2, sleep_a_tick_beside_a_burner);
    join_all();
}

static void *set_late(void *unused)
{
    burn(3 * TICK);
    green_event_set(&event);
    return unused;
}

static int wait_for_a_late_set(void)
{
    start(set_late, "");
    return wait_event();
}

static void what_happens_before_the_timeout_is_looked_at_counts(void)
{
    bounded("main", TICK, wait_for_a_late_set);
    join_all();
}

static void *wait_long_within(void *name)
{
    bounded(name, LONG, wait_event);
    return NULL;
}

static void many_timeouts_at_a_time(void)
{
    green_t *hasty[2];

    start(wait_long_within, "a");
    hasty[0] = start(wait_within, "b");
    start(wait_long_within, "c");
    hasty[1] = start(wait_within, "d");
    green_joinall(hasty, 2, GREEN_FOREVER);
    green_event_set(&event);
    join_all();
}

/* ---- where the order differs ---- */

static int wait_twice(void)
{
    outcome("first", green_sleep(LONG));
    return outcome("second", green_sleep(TICK)) ? 0 : -1;
}

static void expired_and_going_on(void)
{
    bounded("main", TICK, wait_twice);
}

static void a_timeout_of_zero(void)
{
    bounded("main", 0, green_yield);
}

const struct program timeout_programs[] = {
    PROGRAM(a_timeout_ends_what_is_inside),
    PROGRAM(a_timeout_that_is_not_needed),
    PROGRAM(the_inner_passes_first),
    PROGRAM(the_outer_passes_first),
    PROGRAM(three_deep_the_middle_passes_first),
    PROGRAM(one_after_the_other),
    PROGRAM(many_calls_in_one_timeout),
    PROGRAM(a_timeout_is_of_one_greenlet),
    PROGRAM(a_calls_own_timeout_within_a_longer_one),
    PROGRAM(a_longer_timeout_of_a_call_within_a_short_one),
    PROGRAM(join_gives_up_and_tries_again),
    PROGRAM(a_sleep_due_with_its_timeout_has_slept),
    PROGRAM(what_happens_before_the_timeout_is_looked_at_counts),
    PROGRAM(many_timeouts_at_a_time),
    PROGRAM(expired_and_going_on),
    PROGRAM(a_timeout_of_zero),
    {NULL, NULL}};
