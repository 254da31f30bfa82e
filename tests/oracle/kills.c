/* SPDX-License-Identifier: MIT */
/* kills.c - killing greenlets in all that they may be doing; its twin is
 * kills.py.  gevent's kill(block=False) is green_kill. */
#include "oracle.h"

static green_event_t event = GREEN_EVENT_INIT;
static green_sem_t sem = GREEN_SEM_INIT(0);
static green_queue_t queue = GREEN_QUEUE_INIT(char, SIZE_MAX);

static void *sleep_long(void *name)
{
    outcome(name, green_sleep(LONG));
    say("%s cleans up", (const char *)name);
    return NULL;
}

static void *wait_event(void *name)
{
    outcome(name, green_event_wait(&event, GREEN_FOREVER));
    return NULL;
}

static void *take(void *name)
{
    outcome(name, green_sem_wait(&sem, GREEN_FOREVER));
    return NULL;
}

static void *get(void *name)
{
    char item;

    outcome(name, green_queue_get(&queue, &item, GREEN_FOREVER));
    return NULL;
}

/* As gevent's kill, which waits. */
static void end(green_t *g)
{
    green_kill(g);
    green_join(g, NULL, GREEN_FOREVER);
}

static void say_how_it_ended(const green_t *g)
{
    say(green_successful(g) ? "ended well" : "failed");
}

static void a_sleeper_cleans_up_before_its_killer_goes_on(void)
{
    start(sleep_long, "sleeper");
    green_yield();
    kill_all();
    say("killed it");
}

static void a_kill_that_does_not_wait(void)
{
    green_t *g = start(sleep_long, "sleeper");

    green_yield();
    green_kill(g);
    say("told it");
    green_yield();
    say(green_ready(g) ? "ready" : "not ready");
}

static void a_killed_waiter_leaves_the_line(void)
{
    start_each(wait_event, "abc");
    green_yield();
    end(nth(1));
    green_event_set(&event);
    join_all();
}

static void a_wait_that_was_over_is_not_undone(void)
{
    start_each(wait_event, "ab");
    green_yield();
    green_event_set(&event);
    green_kill(nth(0));
    say("set, then killed");
    join_all();
}

static void a_kill_that_came_first_counts(void)
{
    start_each(wait_event, "ab");
    green_yield();
    green_kill(nth(0));
    green_event_set(&event);
    say("killed, then set");
    join_all();
}

static void a_killed_waiter_does_not_take_the_permit(void)
{
    start_each(take, "abc");
    green_yield();
    green_kill(nth(0));
    green_sem_post(&sem);
    say("posted");
    green_yield();
    green_sem_post(&sem);
    join_all();
    say("left %ld", green_sem_value(&sem));
}

static void a_killed_getter_does_not_take_the_item(void)
{
    start_each(get, "ab");
    green_yield();
    green_kill(nth(0));
    green_queue_put(&queue, "x", GREEN_FOREVER);
    join_all();
    say("size %zu", green_queue_size(&queue));
}

static void items_stay_when_all_getters_are_killed(void)
{
    start_each(get, "ab");
    green_yield();
    kill_all();
    green_queue_put(&queue, "x", GREEN_FOREVER);
    join_all();
    say("size %zu", green_queue_size(&queue));
}

static void *yield_twice(void *name)
{
    outcome(name, green_yield());
    outcome(name, green_yield());
    return NULL;
}

static void one_that_was_ready_meets_it_at_its_next_wait(void)
{
    start(yield_twice, "g");
    green_yield();
    green_kill(nth(0));
    join_all();
}

static void *run_on(void *name)
{
    green_yield();
    say("%s ends by itself", (const char *)name);
    return NULL;
}

static void or_never_if_it_waits_no_more(void)
{
    start(run_on, "g");
    green_yield();
    green_kill(nth(0));
    join_all();
    say_how_it_ended(nth(0));
}

static void all_are_told_before_the_first_is_waited_for(void)
{
    start_each(sleep_long, "abc");
    green_yield();
    kill_all();
    say("all ended");
}

static void *kill_self(void *name)
{
    green_kill(green_self());
    say("%s goes on", (const char *)name);
    outcome(name, green_sleep(TICK));
    say("%s ends", (const char *)name);
    return NULL;
}

static void to_kill_oneself(void)
{
    start(kill_self, "g");
    join_all();
}

static void the_dead_cannot_be_killed(void)
{
    start(wait_event, "g");
    green_event_set(&event);
    join_all();
    kill_all();
    say_how_it_ended(nth(0));
}

static void *join_first(void *name)
{
    outcome(name, green_join(nth(0), NULL, GREEN_FOREVER));
    return NULL;
}

static void a_killed_joiner_does_not_concern_the_joined(void)
{
    start(wait_event, "joined");
    start_each(join_first, "ab");
    green_yield();
    end(nth(1));
    green_event_set(&event);
    join_all();
}

static void *kill_next(void *name)
{
    say("%s kills", (const char *)name);
    green_kill(nth(1));
    return NULL;
}

static void one_may_kill_another_that_is_to_run_next(void)
{
    start(sleep_long, "other");
    start(sleep_long, "victim");
    green_yield();
    start(kill_next, "killer");
    start(wait_event, "bystander");
    green_event_set(&event);
    green_yield();
    say("main");
    end(nth(0));
    join_all();
}

static void a_killed_one_has_ended_well(void)
{
    start(sleep_long, "g");
    green_yield();
    kill_all();
    say(green_ready(nth(0)) ? "ready" : "not ready");
    say_how_it_ended(nth(0));
}

/* ---- where the order differs ---- */

static void killed_before_its_first_run(void)
{
    end(start(sleep_long, "g"));
    say("killed it");
}

static void killed_before_its_delay(void)
{
    green_options_t later = {.delay = LONG};
    green_t *g = green_spawn_with(&later, sleep_long, text("g"));

    end(g);
    green_release(g);
    say("killed it");
}

static void *wait_twice(void *name)
{
    outcome(name, green_sleep(LONG));
    outcome(name, green_sleep(TICK));
    return NULL;
}

static void killed_once_and_waiting_twice(void)
{
    start(wait_twice, "g");
    green_yield();
    kill_all();
}

static void unstarted_among_the_killed(void)
{
    start(sleep_long, "started");
    green_yield();
    start(sleep_long, "unstarted");
    kill_all();
    say("all ended");
}

const struct program kill_programs[] = {
    PROGRAM(a_sleeper_cleans_up_before_its_killer_goes_on),
    PROGRAM(a_kill_that_does_not_wait),
    PROGRAM(a_killed_waiter_leaves_the_line),
    PROGRAM(a_wait_that_was_over_is_not_undone),
    PROGRAM(a_kill_that_came_first_counts),
    PROGRAM(a_killed_waiter_does_not_take_the_permit),
    PROGRAM(a_killed_getter_does_not_take_the_item),
    PROGRAM(items_stay_when_all_getters_are_killed),
    PROGRAM(one_that_was_ready_meets_it_at_its_next_wait),
    PROGRAM(or_never_if_it_waits_no_more),
    PROGRAM(all_are_told_before_the_first_is_waited_for),
    PROGRAM(to_kill_oneself),
    PROGRAM(the_dead_cannot_be_killed),
    PROGRAM(a_killed_joiner_does_not_concern_the_joined),
    PROGRAM(one_may_kill_another_that_is_to_run_next),
    PROGRAM(a_killed_one_has_ended_well),
    PROGRAM(killed_before_its_first_run),
    PROGRAM(killed_before_its_delay),
    PROGRAM(killed_once_and_waiting_twice),
    PROGRAM(unstarted_among_the_killed),
    {NULL, NULL}};
