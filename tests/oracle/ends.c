/* SPDX-License-Identifier: MIT */
/* ends.c - what is a greenlet's own, and what happens at its end; its twin is
 * ends.py. */
#include "oracle.h"

#include <sys/wait.h>
#include <unistd.h>

static void goes(void *name)
{
    say("gone: %s", (const char *)name);
}

static green_local_t own = GREEN_LOCAL_INIT(NULL);
static green_local_t going = GREEN_LOCAL_INIT(goes);
static green_event_t event = GREEN_EVENT_INIT;

static void *keep(void *name)
{
    green_local_set(&own, name);
    green_yield();
    say("%s has %s", (const char *)name, (char *)green_local_get(&own));
    return NULL;
}

static void each_has_its_own_value(void)
{
    green_local_set(&own, text("main"));
    start_each(keep, "ab");
    join_all();
    say("main has %s", (char *)green_local_get(&own));
}

static void *look(void *name)
{
    say("%s has %s", (const char *)name,
        green_local_get(&own) ? (char *)green_local_get(&own) : "nothing");
    return NULL;
}

static void a_value_is_not_inherited(void)
{
    green_local_set(&own, text("main"));
    start(look, "child");
    join_all();
}

static void *keep_until_told(void *name)
{
    green_local_set(&going, name);
    green_event_wait(&event, GREEN_FOREVER);
    return NULL;
}

static void values_go_with_their_greenlets(void)
{
    start_each(keep_until_told, "ab");
    green_yield();
    green_event_set(&event);
    join_all();
    say("joined");
}

static void speak(void *word)
{
    say("%s", (const char *)word);
}

static void *clean_up(void *name)
{
    green_defer(speak, text("outer"));
    green_defer(speak, text("inner"));
    outcome(name, green_event_wait(&event, GREEN_FOREVER));
    return NULL;
}

static void the_latest_clean_up_comes_first(void)
{
    start(clean_up, "g");
    green_event_set(&event);
    join_all();
    say("joined");
}

static void a_killed_one_cleans_up_too(void)
{
    start(clean_up, "g");
    green_yield();
    kill_all();
    say("killed");
}

static void *wait_event(void *name)
{
    outcome(name, green_event_wait(&event, GREEN_FOREVER));
    return NULL;
}

static void main_waits_for_what_nobody_will_do(void)
{
    start(wait_event, "g");
    outcome("main", green_join(nth(0), NULL, GREEN_FOREVER));
    say("main goes on");
}

static void main_may_then_do_it_itself(void)
{
    start(wait_event, "g");
    outcome("main", green_join(nth(0), NULL, GREEN_FOREVER));
    green_event_set(&event);
    join_all();
}

static void *speak_once(void *word)
{
    speak(word);
    return NULL;
}

static void *spawn_another(void *name)
{
    speak(name);
    green_go(speak_once, text("another"));
    return NULL;
}

static void main_lets_the_others_run_until_none_is_left(void)
{
    green_options_t later = {.delay = TICK};

    green_go(spawn_another, text("one"));
    green_release(green_spawn_with(&later, speak_once, text("delayed")));
    outcome("main", green_run(GREEN_FOREVER));
}

static void *sleep_long(void *unused)
{
    green_sleep(LONG);
    return unused;
}

static void main_does_not_wait_longer_than_it_wants(void)
{
    green_go(sleep_long, NULL);
    outcome("main", green_run(TICK));
}

static green_event_t events[3];

static void *wait_as(void *name)
{
    green_event_wait(&events[*(char *)name - 'a'], GREEN_FOREVER);
    say("%s ends", (const char *)name);
    return NULL;
}

static void greenlets_in_the_order_they_end(void)
{
    green_t *left[3];
    int names[] = {'a', 'b', 'c'};
    size_t n = 3;
    int i;

    start_each(wait_as, "abc");
    for (i = 0; i < 3; i++)
        left[i] = nth((size_t)i);
    green_event_set(&events[2]);
    green_event_set(&events[0]);
    green_event_set(&events[1]);
    while (n > 0 && (i = green_join_any(left, n, GREEN_FOREVER)) >= 0) {
        say("ended: %c", names[i]);
        left[i] = left[--n];
        names[i] = names[n];
    }
}

/* ---- where the order differs ---- */

static void some_are_left_that_never_end(void)
{
    start(wait_event, "g");
    outcome("main", green_run(GREEN_FOREVER));
}

static void a_fork_with_a_greenlet_ready(void)
{
    pid_t child;

    start(speak_once, "ready one");
    if ((child = green_fork()) == 0) {
        green_yield();
        say("child");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    say("parent");
    join_all();
}

const struct program end_programs[] = {
    PROGRAM(each_has_its_own_value),
    PROGRAM(a_value_is_not_inherited),
    PROGRAM(values_go_with_their_greenlets),
    PROGRAM(the_latest_clean_up_comes_first),
    PROGRAM(a_killed_one_cleans_up_too),
    PROGRAM(main_waits_for_what_nobody_will_do),
    PROGRAM(main_may_then_do_it_itself),
    PROGRAM(main_lets_the_others_run_until_none_is_left),
    PROGRAM(main_does_not_wait_longer_than_it_wants),
    PROGRAM(greenlets_in_the_order_they_end),
    PROGRAM(some_are_left_that_never_end),
    PROGRAM(a_fork_with_a_greenlet_ready),
    {NULL, NULL}};
