/* SPDX-License-Identifier: MIT */
/* spawns.c - beginnings, turns, sleeps, ends; its twin is spawns.py. */
#include "oracle.h"

static void *speak(void *name)
{
    say("%s", (const char *)name);
    return NULL;
}

static void spawn_does_not_switch(void)
{
    start_each(speak, "abc");
    say("spawned");
    join_all();
}

static void *grow(void *name)
{
    static char names[8][4];
    static int n;

    say("%s", (const char *)name);
    for (const char *side = "lr"; strlen(name) < 3 && *side; side++) {
        snprintf(names[n], sizeof names[n], "%s%c", (char *)name, *side);
        start(grow, names[n++]);
    }
    return NULL;
}

static void spawning_goes_breadth_first(void)
{
    start(grow, "t");
    for (int i = 0; i < 4; i++)
        green_yield();
}

static void *take_turns(void *name)
{
    for (int turn = 1; turn <= 3; turn++) {
        say("%s %d", (const char *)name, turn);
        green_yield();
    }
    return NULL;
}

static void yield_is_round_robin(void)
{
    start_each(take_turns, "abc");
    join_all();
}

static void *spawn_another(void *name)
{
    say("%s", (const char *)name);
    start(speak, "another");
    green_yield();
    say("%s again", (const char *)name);
    return NULL;
}

static void yield_goes_behind_who_is_ready(void)
{
    start(spawn_another, "a");
    green_yield();
    say("main");
    green_yield();
    say("main again");
    join_all();
}

static void *sleep_ticks(void *ticks)
{
    green_sleep((*(char *)ticks - '0') * TICK);
    say("slept %s", (const char *)ticks);
    return NULL;
}

static void sleepers_wake_by_deadline(void)
{
    start_each(sleep_ticks, "4132");
    join_all();
}

static bool spinning = true;

static void *spin(void *name)
{
    while (spinning) {
        burn(TICK / 10);
        green_yield();
    }
    return speak(name);
}

static void *stop_spinning(void *name)
{
    green_sleep(TICK);
    spinning = false;
    return speak(name);
}

static void yielding_does_not_keep_a_sleeper_asleep(void)
{
    start(spin, "spinner");
    start(stop_spinning, "sleeper");
    join_all();
}

static green_t *spawn_later(int64_t delay, const char *name)
{
    green_options_t options = {.delay = delay};

    return green_spawn_with(&options, speak, text(name));
}

static void join_both(green_t *const *gs, size_t n)
{
    green_joinall(gs, n, GREEN_FOREVER);
    green_releaseall(gs, n);
}

static void delayed_ones_start_by_delay(void)
{
    green_t *gs[3] = {spawn_later(3 * TICK, "after 3"),
                      spawn_later(1 * TICK, "after 1"),
                      spawn_later(2 * TICK, "after 2")};

    start(speak, "at once");
    join_both(gs, 3);
}

static void raw_ones_stand_in_the_same_line(void)
{
    start(speak, "a");
    green_go(speak, text("raw"));
    start(speak, "b");
    join_all();
}

static void end_of_main_ends_all(void)
{
    start(speak, "never");
    say("main ends");
}

static void *leave_a_child(void *name)
{
    start(speak, "child");
    return speak(name);
}

static void child_outlives_its_parent(void)
{
    start(leave_a_child, "parent");
    for (int i = 0; i < 3; i++)
        green_yield();
    say("main");
}

static green_t *started_one;

static void *tell_self(void *unused)
{
    (void)unused;
    say(green_self() == started_one ? "it is" : "it is not");
    return NULL;
}

static void current_is_what_spawn_returned(void)
{
    started_one = start(tell_self, "x");
    join_all();
}

static void *burst(void *name)
{
    for (int i = 0; i < 200; i++)
        green_yield();
    return speak(name);
}

static void *sleep_long(void *unused)
{
    green_sleep(LONG);
    return unused;
}

static void those_who_sleep_for_ever_hold_nobody_up(void)
{
    green_go(sleep_long, NULL);
    start_each(burst, "ab");
    join_all();
}

/* ---- where the order differs ---- */

static void equal_deadlines(void)
{
    green_t *gs[8];
    static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8"};

    for (int i = 0; i < 8; i++)
        gs[i] = spawn_later(TICK, names[i]);
    join_both(gs, 8);
}

static void *sleep_half(void *name)
{
    green_sleep(TICK / 2);
    return speak(name);
}

static void delay_counts_from_the_call(void)
{
    green_t *delayed;

    burn(2 * TICK);
    delayed = spawn_later(TICK, "delayed");
    start(sleep_half, "sleeper");
    join_both(&delayed, 1);
    join_all();
}

const struct program spawn_programs[] = {
    PROGRAM(spawn_does_not_switch),
    PROGRAM(spawning_goes_breadth_first),
    PROGRAM(yield_is_round_robin),
    PROGRAM(yield_goes_behind_who_is_ready),
    PROGRAM(sleepers_wake_by_deadline),
    PROGRAM(yielding_does_not_keep_a_sleeper_asleep),
    PROGRAM(delayed_ones_start_by_delay),
    PROGRAM(raw_ones_stand_in_the_same_line),
    PROGRAM(end_of_main_ends_all),
    PROGRAM(child_outlives_its_parent),
    PROGRAM(current_is_what_spawn_returned),
    PROGRAM(those_who_sleep_for_ever_hold_nobody_up),
    PROGRAM(equal_deadlines),
    PROGRAM(delay_counts_from_the_call),
    {NULL, NULL}};
