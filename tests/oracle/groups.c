/* SPDX-License-Identifier: MIT */
/* groups.c - groups, pools, and what maps over them; its twin is groups.py. */
#include "oracle.h"

#include <ctype.h>

static green_group_t group = GREEN_GROUP_INIT;
static green_pool_t pool = GREEN_POOL_INIT(2);
static green_pool_t wide = GREEN_POOL_INIT(8);
static green_event_t event = GREEN_EVENT_INIT;
static char names[][2] = {"a", "b", "c", "d"};
static void *const arguments[] = {names[0], names[1], names[2], names[3]};
static int killed;

static void *upper(const char *name)
{
    static char letters[128][2];
    char *letter = letters[*name & 127];

    *letter = (char)toupper(*name);
    return letter;
}

/* a takes four turns, b three, and so on. */
static void *steps(void *name)
{
    for (char turn = *(char *)name; turn < 'e'; turn++)
        green_yield();
    say("%s ends", (const char *)name);
    return upper(name);
}

static void *sleep_long(void *unused)
{
    if (green_sleep(LONG) < 0 && errno == ECANCELED)
        killed++;
    return unused;
}

static void *wait_event(void *name)
{
    outcome(name, green_event_wait(&event, GREEN_FOREVER));
    return NULL;
}

static void spawn_members(void *(*fn)(void *name), size_t n)
{
    for (size_t i = 0; i < n; i++)
        green_group_spawn(&group, fn, names[i]);
}

static void say_size(void)
{
    say("size %zu", green_group_size(&group));
}

static void a_group_is_joined_when_its_last_has_ended(void)
{
    spawn_members(steps, 4);
    green_group_join(&group, GREEN_FOREVER);
    say_size();
}

static void a_group_takes_in_who_exists(void)
{
    green_group_add(&group, start(wait_event, "old"));
    green_group_spawn(&group, wait_event, text("new"));
    say_size();
    green_event_set(&event);
    green_group_join(&group, GREEN_FOREVER);
    say_size();
}

static void a_group_is_killed(void)
{
    spawn_members(sleep_long, 3);
    green_yield();
    green_group_kill(&group, GREEN_FOREVER);
    say("killed %d", killed);
    say_size();
}

static void an_empty_group_is_joined_at_once(void)
{
    start(wait_event, "other");
    green_event_set(&event);
    green_group_join(&group, GREEN_FOREVER);
    say("joined");
    join_all();
}

static void spawn_tasks(void *(*fn)(void *name), size_t n)
{
    for (size_t i = 0; i < n; i++)
        green_pool_spawn(&pool, fn, names[i], GREEN_FOREVER);
}

static void say_free(void)
{
    say("free %zu", green_pool_free_count(&pool));
}

static void *spawn_in_pool(void *name)
{
    green_pool_spawn(&pool, steps, name, GREEN_FOREVER);
    say("spawned %s", (const char *)name);
    return NULL;
}

static void a_full_pool_holds_its_spawner_up(void)
{
    for (int i = 0; i < 4; i++)
        spawn_in_pool(names[i]);
    green_pool_join(&pool, GREEN_FOREVER);
}

static void spawners_get_room_in_order(void)
{
    start_each(spawn_in_pool, "abcde");
    join_all();
    green_pool_join(&pool, GREEN_FOREVER);
}

static void a_full_pool_says_so(void)
{
    spawn_tasks(wait_event, 2);
    outcome("third", green_pool_spawn(&pool, wait_event, text("c"), 0));
    say_free();
    green_event_set(&event);
    green_pool_join(&pool, GREEN_FOREVER);
    say_free();
}

static void map_over(green_pool_t *p)
{
    void *out[4];

    green_pool_map(p, steps, arguments, out, 4, GREEN_FOREVER);
    say("%s %s %s %s", (char *)out[0], (char *)out[1], (char *)out[2],
        (char *)out[3]);
}

static void a_map_has_the_order_of_its_arguments(void)
{
    map_over(&pool);
}

static void a_wide_map_ends_in_another_order(void)
{
    map_over(&wide);
}

static void take_results(green_pool_t *p, int flags)
{
    void *value;
    green_imap_t *results = green_imap_start(p, steps, arguments, 4, 4, flags);

    while (green_imap_next(results, &value, GREEN_FOREVER) == 0)
        say("got %s", (char *)value);
    green_imap_end(results);
}

static void results_one_by_one_in_order(void)
{
    take_results(&wide, 0);
}

static void results_one_by_one_as_they_come(void)
{
    take_results(&wide, GREEN_IMAP_UNORDERED);
}

static void results_as_they_come_from_a_narrow_pool(void)
{
    take_results(&pool, GREEN_IMAP_UNORDERED);
}

static void *fail_if_b(void *name)
{
    green_yield();
    if (*(char *)name == 'b')
        green_fail(EIO, NULL);
    return upper(name);
}

static void a_failure_among_the_results(void)
{
    void *value;
    green_imap_t *results =
        green_imap_start(&wide, fail_if_b, arguments, 3, 3, 0);

    for (int i = 0; i < 4; i++)
        if (green_imap_next(results, &value, GREEN_FOREVER) == 0)
            say("got %s", (char *)value);
        else
            say(errno == EPIPE ? "no more" : "failed");
    green_imap_end(results);
}

static void a_pool_is_killed(void)
{
    spawn_tasks(sleep_long, 2);
    green_yield();
    green_pool_kill(&pool, GREEN_FOREVER);
    say("killed %d", killed);
    say_free();
}

static void who_waits_for_room_has_it_after_a_kill(void)
{
    spawn_tasks(sleep_long, 2);
    start(spawn_in_pool, "d");
    green_yield();
    green_pool_kill(&pool, GREEN_FOREVER);
    say("killed %d", killed);
    join_all();
    green_pool_join(&pool, GREEN_FOREVER);
}

/* ---- where the order differs ---- */

static void members_leave_by_ending(void)
{
    spawn_members(steps, 4);
    for (int i = 0; i < 5; i++) {
        green_yield();
        say_size();
    }
}

static void room_is_free_when_a_task_has_ended(void)
{
    green_pool_spawn(&pool, steps, names[0], GREEN_FOREVER);
    green_pool_spawn(&pool, steps, names[3], GREEN_FOREVER);
    for (int i = 0; i < 4; i++) {
        say_free();
        green_yield();
    }
    green_pool_join(&pool, GREEN_FOREVER);
}

static void *fail_if_a(void *name)
{
    if (*(char *)name == 'a')
        green_fail(EIO, NULL);
    return steps(name);
}

static void a_failure_in_a_map(void)
{
    if (green_pool_map(&wide, fail_if_a, arguments, NULL, 3, GREEN_FOREVER) < 0)
        say("map failed");
    green_pool_join(&wide, GREEN_FOREVER);
}

static void *count(void *name)
{
    say("%s begins", (const char *)name);
    return upper(name);
}

static void a_slow_reader_of_results(void)
{
    void *value = text("nothing");
    green_imap_t *results = green_imap_start(&wide, count, arguments, 4, 2, 0);

    for (int i = 0; i < 4; i++) {
        for (int turn = 0; turn < 5; turn++)
            green_yield();
        green_imap_next(results, &value, GREEN_FOREVER);
        say("got %s", (char *)value);
    }
    green_imap_end(results);
}

const struct program group_programs[] = {
    PROGRAM(a_group_is_joined_when_its_last_has_ended),
    PROGRAM(a_group_takes_in_who_exists),
    PROGRAM(a_group_is_killed),
    PROGRAM(an_empty_group_is_joined_at_once),
    PROGRAM(a_full_pool_holds_its_spawner_up),
    PROGRAM(spawners_get_room_in_order),
    PROGRAM(a_full_pool_says_so),
    PROGRAM(a_map_has_the_order_of_its_arguments),
    PROGRAM(a_wide_map_ends_in_another_order),
    PROGRAM(results_one_by_one_in_order),
    PROGRAM(results_one_by_one_as_they_come),
    PROGRAM(results_as_they_come_from_a_narrow_pool),
    PROGRAM(a_failure_among_the_results),
    PROGRAM(a_pool_is_killed),
    PROGRAM(who_waits_for_room_has_it_after_a_kill),
    PROGRAM(members_leave_by_ending),
    PROGRAM(room_is_free_when_a_task_has_ended),
    PROGRAM(a_failure_in_a_map),
    PROGRAM(a_slow_reader_of_results),
    {NULL, NULL}};
