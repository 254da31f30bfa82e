/* SPDX-License-Identifier: MIT */
/* test_pool.c - many tasks, a few at a time: room and who gets it, maps, and what
 * kill and close do to those who wait. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sys.h"

static green_pool_t pool;
static green_event_t gate;
static int running, most, calls;

static void set_up(size_t max)
{
    clock_take();
    green_pool_init(&pool, max);
    green_event_init(&gate);
    running = most = calls = 0;
}

static void tear_down(void)
{
    check_equal(running, 0);
    check_equal(green_pool_size(&pool), 0);
    green_pool_destroy(&pool);
}

/* ---- tasks ---- */

static void begin_work(void)
{
    calls++;
    if (++running > most)
        most = running;
}

static void *pass_gate(void *name)
{
    begin_work();
    note_result(name, green_event_wait(&gate, GREEN_FOREVER));
    running--;
    return name;
}

static void *work_quietly(void *arg)
{
    begin_work();
    green_sleep(GREEN_MS);
    running--;
    return arg;
}

static void *fail_with(void *error)
{
    begin_work();
    green_sleep(GREEN_MS);
    running--;
    green_fail((int)(intptr_t)error, "as told");
}

static void *leave_by_exit(void *arg)
{
    green_exit(arg);
}

static void put(void *(*fn)(void *arg), const char *name)
{
    check_equal(green_pool_spawn(&pool, fn, text(name), 0), 0);
}

/* A greenlet that waits for room, and says how that ended. */
static void *spawn_and_note(void *name)
{
    note_result(name,
                green_pool_spawn(&pool, note_argument, name, GREEN_FOREVER));
    return name;
}

/* ---- room ---- */

/* gevent: test__pool.py test_execute_async */
static void the_free_count_follows_the_tasks(void **state)
{
    (void)state;
    set_up(2);
    check_equal(green_pool_free_count(&pool), 2);
    put(pass_gate, "a");
    check_equal(green_pool_free_count(&pool), 1);
    check_equal(green_pool_size(&pool), 1);
    put(work_quietly, "b");
    check_equal(green_pool_free_count(&pool), 0);
    check_equal(green_sleep(2 * GREEN_MS), 0);
    check_equal(green_pool_free_count(&pool), 1);
    green_event_set(&gate);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(green_pool_free_count(&pool), 2);
    tear_down();
}

/* gevent: test__pool.py test_non_blocking, test_timeout */
static void a_full_pool_refuses_who_does_not_wait_long_enough(void **state)
{
    uint64_t switches;

    (void)state;
    set_up(1);
    put(pass_gate, "a");
    switches = count_switches();
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, 0), ETIMEDOUT);
    check_equal(count_switches(), switches);
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, GREEN_MS), ETIMEDOUT);
    check_equal(green_pool_size(&pool), 1);
    green_event_set(&gate);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(calls, 1);
    tear_down();
}

/* gevent: test__pool.py testSpawnAndWait */
static void a_second_task_waits_until_the_first_has_ended(void **state)
{
    (void)state;
    set_up(1);
    put(work_quietly, "a");
    check_equal(green_pool_spawn(&pool, work_quietly, NULL, GREEN_FOREVER), 0);
    check_equal(calls, 1);
    check_fails(green_pool_join(&pool, GREEN_US), ETIMEDOUT);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(calls, 2);
    check_equal(most, 1);
    tear_down();
}

static void a_task_begins_as_a_greenlet_that_was_just_spawned(void **state)
{
    uint64_t switches;
    green_t *g;

    (void)state;
    set_up(2);
    g = spawn(note_argument, text("before"));
    switches = count_switches();
    put(note_argument, "task");
    check_equal(count_switches(), switches);
    check_log("");
    settle();
    check_log("before task");
    finish(g);
    tear_down();
}

/* gevent: test__pool.py TestPool0 */
static void a_pool_for_none_never_begins(void **state)
{
    void *in[1] = {NULL};

    (void)state;
    set_up(0);
    check_equal(green_pool_free_count(&pool), 0);
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, 0), ETIMEDOUT);
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, GREEN_MS), ETIMEDOUT);
    check_fails(green_pool_map(&pool, pass_gate, in, NULL, 1, GREEN_MS),
                ETIMEDOUT);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(calls, 0);
    tear_down();
}

static void a_pool_without_bound_always_has_room(void **state)
{
    (void)state;
    set_up(SIZE_MAX);
    for (int i = 0; i < 1000; i++)
        put(work_quietly, NULL);
    check_equal(green_pool_size(&pool), 1000);
    check(green_pool_free_count(&pool) == SIZE_MAX);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(most, 1000);
    tear_down();
}

/* gevent: test__pool.py, spawners of a full pool are served first come first */
static void room_goes_to_who_has_waited_longest(void **state)
{
    green_t *g[3];

    (void)state;
    set_up(1);
    put(pass_gate, "task");
    g[0] = spawn(spawn_and_note, text("a"));
    g[1] = spawn(spawn_and_note, text("b"));
    g[2] = spawn(spawn_and_note, text("c"));
    settle();
    check_log("");
    green_event_set(&gate);
    settle();
    check_log("task:ok a:ok a b:ok b c:ok c");
    finish_all(g, 3);
    tear_down();
}

static void *end_then_ask_again(void *name)
{
    note_result(name, green_pool_spawn(&pool, return_argument, NULL, 0));
    return name;
}

/* What ends gives its place away before anybody else can run. */
static void nobody_overtakes_a_spawner_that_waits(void **state)
{
    green_t *waiting, *late;

    (void)state;
    set_up(1);
    put(pass_gate, "task");
    waiting = spawn(spawn_and_note, text("waiting"));
    settle();
    green_event_set(&gate);
    late = spawn(end_then_ask_again, text("late"));
    settle();
    check_log("task:ok late:ETIMEDOUT waiting:ok waiting");
    finish(waiting);
    finish(late);
    tear_down();
}

static void a_spawner_that_gives_up_loses_no_room(void **state)
{
    green_t *killed, *other;

    (void)state;
    set_up(1);
    put(pass_gate, "task");
    killed = spawn(spawn_and_note, text("killed"));
    other = spawn(spawn_and_note, text("other"));
    settle();
    end_by_kill(killed);
    check_log("killed:ECANCELED");
    green_event_set(&gate);
    settle();
    check_log("task:ok other:ok other");
    finish(other);
    tear_down();
}

static void who_was_given_room_before_it_was_killed_still_spawns(void **state)
{
    green_t *g;

    (void)state;
    set_up(1);
    put(pass_gate, "task");
    g = spawn(spawn_and_note, text("g"));
    settle();
    check_fails(green_pool_kill(&pool, 0), ETIMEDOUT);
    green_yield(); /* the task ends, and g has its place */
    check_equal(green_pool_size(&pool), 1);
    end_by_kill(g);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("task:ECANCELED g:ok g");
    tear_down();
}

/* gevent: test__pool.py test_reentrant, where it hangs unless run inline */
static void *spawn_into_own_pool(void *name)
{
    note_result(name, green_pool_spawn(&pool, note_argument, text("inner"),
                                       GREEN_FOREVER));
    return name;
}

static void a_task_may_wait_for_room_in_its_own_pool(void **state)
{
    (void)state;
    set_up(2);
    put(spawn_into_own_pool, "outer");
    put(pass_gate, "other");
    settle();
    check_log("");
    green_event_set(&gate);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("other:ok outer:ok inner");
    tear_down();
}

/* gevent: test__pool.py test_stderr_raising */
static void room_comes_back_however_a_task_ends(void **state)
{
    (void)state;
    set_up(1);
    check_equal(green_pool_spawn(&pool, fail_with, (void *)(intptr_t)EIO, 0),
                0);
    check_equal(green_pool_spawn(&pool, leave_by_exit, NULL, GREEN_FOREVER), 0);
    check_equal(green_pool_spawn(&pool, return_argument, NULL, GREEN_FOREVER),
                0);
    check_equal(green_pool_error(&pool), EIO);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(green_pool_free_count(&pool), 1);
    tear_down();
}

/* ---- join ---- */

static void join_waits_for_those_who_wait_for_room(void **state)
{
    green_t *g[2];

    (void)state;
    set_up(1);
    put(work_quietly, NULL);
    g[0] = spawn(spawn_and_note, text("a"));
    g[1] = spawn(spawn_and_note, text("b"));
    settle();
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("a:ok a b:ok b");
    finish_all(g, 2);
    tear_down();
}

static void *join_pool(void *name)
{
    note_result(name, green_pool_join(&pool, GREEN_FOREVER));
    return name;
}

static void a_task_cannot_join_its_pool(void **state)
{
    (void)state;
    set_up(1);
    put(join_pool, "task");
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("task:EDEADLK");
    tear_down();
}

static void report_nothing(void *arg)
{
    (void)arg;
}

static void main_is_told_if_there_will_never_be_room(void **state)
{
    void *in[1] = {NULL};

    (void)state;
    set_up(1);
    green_set_deadlock_fn(report_nothing, NULL);
    put(pass_gate, "task");
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, GREEN_FOREVER),
                EDEADLK);
    check_fails(green_pool_join(&pool, GREEN_FOREVER), EDEADLK);
    check_fails(green_pool_map(&pool, pass_gate, in, NULL, 1, GREEN_FOREVER),
                EDEADLK);
    green_set_deadlock_fn(NULL, NULL);
    check_equal(green_pool_kill(&pool, GREEN_FOREVER), 0);
    check_equal(calls, 1);
    tear_down();
}

/* ---- map ---- */

static void *square(void *number)
{
    intptr_t n = (intptr_t)number;

    begin_work();
    check_equal(green_sleep((7 - n % 7) * GREEN_MS), 0);
    running--;
    return (void *)(n * n);
}

static void number(void **in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        in[i] = (void *)(intptr_t)(i + 1);
}

/* gevent: test__pool.py test_map */
static void map_keeps_the_order_and_the_bound(void **state)
{
    void *in[50], *out[50];

    (void)state;
    set_up(4);
    number(in, 50);
    check_equal(green_pool_map(&pool, square, in, out, 50, GREEN_FOREVER), 0);
    for (intptr_t i = 0; i < 50; i++)
        check_equal((intptr_t)out[i], (i + 1) * (i + 1));
    check_equal(most, 4);
    check_equal(calls, 50);
    tear_down();
}

static void a_map_of_nothing_is_done(void **state)
{
    uint64_t switches = count_switches();

    (void)state;
    set_up(1);
    check_equal(green_pool_map(&pool, square, NULL, NULL, 0, GREEN_FOREVER), 0);
    check_equal(green_pool_map(&pool, square, NULL, NULL, 0, 0), 0);
    check_equal(count_switches(), switches);
    tear_down();
}

static void a_map_may_drop_its_results(void **state)
{
    void *in[5];

    (void)state;
    set_up(2);
    number(in, 5);
    check_equal(green_pool_map(&pool, square, in, NULL, 5, GREEN_FOREVER), 0);
    check_equal(calls, 5);
    tear_down();
}

static void *fail_if_even(void *number)
{
    intptr_t n = (intptr_t)number;

    calls++;
    green_sleep((10 - n) *
                GREEN_MS); /* the first in order is the last to end */
    if (n % 2 == 0)
        green_fail(n == 2 ? EIO : EBADF, "even");
    return number;
}

/* gevent: test__pool.py TestErrorInHandler.test_map */
static void a_map_with_failures_tries_all_and_fails_with_the_first(void **state)
{
    void *in[6], *out[6];

    (void)state;
    set_up(6);
    number(in, 6);
    memset(out, 0xee, sizeof out);
    check_fails(green_pool_map(&pool, fail_if_even, in, out, 6, GREEN_FOREVER),
                EIO);
    check_equal(calls, 6);
    for (intptr_t i = 0; i < 6; i++)
        check_equal((intptr_t)out[i], (i + 1) % 2 ? i + 1 : 0);
    check_equal(green_pool_error(&pool), EBADF);
    tear_down();
}

static void a_map_takes_turns_with_other_spawners(void **state)
{
    void *in[3] = {text("1"), text("2"), text("3")};
    green_t *g[2];

    (void)state;
    set_up(1);
    put(note_argument, "0");
    g[0] = spawn(spawn_and_note, text("a"));
    g[1] = spawn(spawn_and_note, text("b"));
    check_equal(
        green_pool_map(&pool, note_argument, in, NULL, 3, GREEN_FOREVER), 0);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("0 1 2 a:ok a b:ok b 3");
    finish_all(g, 2);
    tear_down();
}

static void *map_in_own_pool(void *name)
{
    void *in[3] = {text("1"), text("2"), text("3")};

    note_result(
        name, green_pool_map(&pool, note_argument, in, NULL, 3, GREEN_FOREVER));
    return name;
}

static void a_task_may_map_in_its_own_pool(void **state)
{
    (void)state;
    set_up(2);
    put(map_in_own_pool, "a");
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("1 2 3 a:ok");
    tear_down();
}

static void a_map_without_time_begins_nothing(void **state)
{
    void *in[1] = {NULL}, *out[1] = {&pool};

    (void)state;
    set_up(1);
    check_fails(green_pool_map(&pool, pass_gate, in, out, 1, 0), ETIMEDOUT);
    check(out[0] == &pool);
    check_equal(green_pool_size(&pool), 0);
    tear_down();
}

/* Ends at once when killed, but only then looks at its argument again. */
static void *use_argument_to_the_end(void *arg)
{
    green_scope_t shield;

    begin_work();
    note_result(arg, green_sleep(GREEN_FOREVER));
    green_shield_begin(&shield, GREEN_SEC);
    check_equal(green_sleep(GREEN_MS), 0);
    green_scope_end(&shield);
    note("%s", (char *)arg);
    running--;
    return arg;
}

/* Arrays of a caller that has gone. */
static void map_in_vain(char (*names)[2], int64_t timeout, int error)
{
    void **in = malloc(5 * sizeof *in), **out = malloc(5 * sizeof *out);

    if (!in || !out)
        abort();
    for (int i = 0; i < 5; i++)
        in[i] = names[i];
    check_fails(
        green_pool_map(&pool, use_argument_to_the_end, in, out, 5, timeout),
        error);
    for (int i = 0; i < 5; i++)
        check(!out[i]);
    free(in);
    free(out);
}

/* gevent: test__pool.py test_async_timeout */
static void a_map_that_times_out_leaves_nothing_behind(void **state)
{
    char names[5][2] = {"a", "b", "c", "d", "e"};

    (void)state;
    set_up(2);
    map_in_vain(names, GREEN_MS, ETIMEDOUT);
    check_equal(green_pool_size(&pool), 2);
    check_equal(calls, 2);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("a:ECANCELED b:ECANCELED a b");
    check_equal(calls, 2);
    tear_down();
}

static void *map_until_killed(void *names)
{
    map_in_vain(names, GREEN_FOREVER, ECANCELED);
    return NULL;
}

static void a_map_that_is_killed_leaves_nothing_behind(void **state)
{
    char names[5][2] = {"a", "b", "c", "d", "e"};
    green_t *g;

    (void)state;
    set_up(2);
    g = spawn(map_until_killed, names);
    settle();
    check_equal(calls, 2);
    end_by_kill(g);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("a:ECANCELED b:ECANCELED a b");
    tear_down();
}

static void *map_gated(void *name)
{
    void **in = malloc(2 * sizeof *in);

    if (!in)
        abort();
    in[0] = in[1] = name;
    note_result("map",
                green_pool_map(&pool, pass_gate, in, NULL, 2, GREEN_FOREVER));
    free(in);
    return NULL;
}

/* The second task is made when the map has been killed but does not know yet,
 * and has its turn after the map. */
static void tasks_of_a_map_that_is_gone_do_not_begin(void **state)
{
    green_t *g;

    (void)state;
    set_up(1);
    g = spawn(map_gated, text("task"));
    settle();
    green_event_set(&gate);
    green_kill(g);
    green_yield();
    check_equal(green_pool_size(&pool), 1);
    settle();
    check_log("task:ok map:ECANCELED");
    check_equal(calls, 1);
    finish(g);
    tear_down();
}

/* A task that ends between the end of the wait and the return of the map is
 * still heard. */
static void a_killed_map_of_nothing_more_is_no_trouble(void **state)
{
    char names[5][2] = {"a", "b", "c", "d", "e"};
    green_t *g;

    (void)state;
    set_up(5);
    g = spawn(map_until_killed, names);
    settle();
    check_fails(green_pool_kill(&pool, 0), ETIMEDOUT);
    end_by_kill(g);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    tear_down();
}

static void nested_maps_stay_apart(void **state)
{
    void *in[3] = {text("1"), text("2"), text("3")};

    (void)state;
    set_up(SIZE_MAX);
    put(map_in_own_pool, "a");
    put(map_in_own_pool, "b");
    check_equal(
        green_pool_map(&pool, note_argument, in, NULL, 3, GREEN_FOREVER), 0);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("1 2 3 1 2 3 1 2 3 a:ok b:ok");
    tear_down();
}

/* ---- kill and close ---- */

static void *map_sleepers(void *arg)
{
    void *in[20];

    for (size_t i = 0; i < ARRAY_SIZE(in); i++)
        in[i] = text("t");
    note_result("map", green_pool_map(&pool, sleep_forever, in, NULL,
                                      ARRAY_SIZE(in), GREEN_FOREVER));
    return arg;
}

/* gevent: test__pool.py test_terminate */
static void after_close_a_kill_ends_maps_too(void **state)
{
    green_t *g;

    (void)state;
    set_up(2);
    g = spawn(map_sleepers, NULL);
    settle();
    green_pool_close(&pool);
    check_equal(green_pool_kill(&pool, GREEN_MS), 0);
    finish(g);
    check_log("t:ECANCELED t:ECANCELED map:EPIPE");
    tear_down();
}

static void a_map_goes_on_after_a_kill_of_its_pool(void **state)
{
    green_t *g;

    (void)state;
    set_up(15);
    g = spawn(map_sleepers, NULL);
    settle();
    check_equal(green_pool_kill(&pool, GREEN_MS), 0);
    check_equal(green_pool_size(&pool), 5);
    settle();
    check_equal(green_pool_kill(&pool, GREEN_MS), 0);
    finish(g);
    check_log("t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED "
              "t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED "
              "t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED "
              "t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED t:ECANCELED "
              "map:ok");
    tear_down();
}

/* gevent: spawners are not members, are not killed, and spawn afterwards */
static void who_waits_for_room_gets_it_after_a_kill(void **state)
{
    green_t *g[2];

    (void)state;
    set_up(2);
    put(sleep_forever, "1");
    put(use_argument_to_the_end, "2");
    g[0] = spawn(spawn_and_note, text("a"));
    g[1] = spawn(spawn_and_note, text("b"));
    settle();
    check_equal(green_pool_kill(&pool, GREEN_FOREVER), 0);
    check_log("1:ECANCELED 2:ECANCELED 2");
    settle();
    check_log("a:ok b:ok a b");
    finish_all(g, 2);
    tear_down();
}

static void *keep_spawning(void *arg)
{
    while (green_pool_spawn(&pool, work_quietly, arg, GREEN_FOREVER) == 0)
        continue;
    check_equal(errno, EPIPE);
    return arg;
}

static void a_busy_producer_cannot_keep_a_kill_from_ending(void **state)
{
    green_t *g;

    (void)state;
    set_up(3);
    g = spawn(keep_spawning, NULL);
    check_equal(green_sleep(5 * GREEN_MS), 0);
    check_equal(green_pool_kill(&pool, GREEN_FOREVER), 0);
    check(!green_ready(g));
    green_pool_close(&pool);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    finish(g);
    check_equal(most, 3);
    tear_down();
}

static void *pass_gate_behind_shield(void *name)
{
    green_scope_t shield;

    green_shield_begin(&shield, GREEN_FOREVER);
    pass_gate(name);
    green_scope_end(&shield);
    return name;
}

static void a_kill_that_times_out_lets_others_in_again(void **state)
{
    green_t *g;

    (void)state;
    set_up(2);
    put(pass_gate_behind_shield, "stubborn");
    put(sleep_forever, "meek");
    g = spawn(spawn_and_note, text("g"));
    settle();
    check_fails(green_pool_kill(&pool, GREEN_MS), ETIMEDOUT);
    check_log("meek:ECANCELED");
    check_equal(green_pool_size(&pool), 2);
    settle();
    check_log("g:ok g");
    green_event_set(&gate);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    finish(g);
    tear_down();
}

static void *spawn_when_killed(void *name)
{
    green_scope_t shield;

    note_result(name, green_sleep(GREEN_FOREVER));
    green_shield_begin(&shield, GREEN_SEC);
    note_result("try", green_pool_spawn(&pool, note_argument, NULL, 0));
    green_scope_end(&shield);
    return name;
}

static void there_is_no_room_while_a_kill_waits(void **state)
{
    (void)state;
    set_up(5);
    put(spawn_when_killed, "a");
    settle();
    check_equal(green_pool_kill(&pool, GREEN_FOREVER), 0);
    check_log("a:ECANCELED try:ETIMEDOUT");
    put(note_argument, "b");
    settle();
    check_log("b");
    tear_down();
}

static void
who_is_to_spawn_into_a_pool_that_is_killed_spawns_a_killed_task(void **state)
{
    green_t *g;

    (void)state;
    set_up(1);
    put(return_argument, NULL);
    g = spawn(keep_spawning, NULL);
    green_yield(); /* the task has ended: its room is promised to g */
    check_equal(green_pool_size(&pool), 1);
    check_equal(calls, 0);
    check_equal(green_pool_kill(&pool, GREEN_FOREVER), 0);
    check_equal(calls, 1);
    green_pool_close(&pool);
    finish(g);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    tear_down();
}

static void close_turns_spawners_away_and_lets_tasks_end(void **state)
{
    green_t *g[2];

    (void)state;
    set_up(1);
    put(pass_gate, "task");
    g[0] = spawn(spawn_and_note, text("a"));
    g[1] = spawn(spawn_and_note, text("b"));
    settle();
    green_pool_close(&pool);
    green_pool_close(&pool);
    settle();
    check_log("a:EPIPE b:EPIPE");
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, 0), EPIPE);
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, GREEN_FOREVER), EPIPE);
    green_event_set(&gate);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("task:ok");
    finish_all(g, 2);
    tear_down();
}

static void *map_and_note(void *arg)
{
    void *in[4] = {text("1"), text("2"), text("3"), text("4")}, *out[4];

    note_result("map",
                green_pool_map(&pool, pass_gate, in, out, 4, GREEN_FOREVER));
    for (int i = 0; i < 4; i++)
        note("%s", out[i] ? (char *)out[i] : "-");
    return arg;
}

static void a_map_in_a_pool_that_is_closed_ends_what_it_has_begun(void **state)
{
    void *in[1] = {NULL}, *out[1] = {&pool};
    green_t *g;

    (void)state;
    set_up(2);
    g = spawn(map_and_note, NULL);
    settle();
    green_pool_close(&pool);
    settle();
    check_log("");
    green_event_set(&gate);
    settle();
    check_log("1:ok 2:ok map:EPIPE 1 2 - -");
    finish(g);
    check_fails(green_pool_map(&pool, pass_gate, in, out, 1, GREEN_FOREVER),
                EPIPE);
    check(out[0] == &pool);
    tear_down();
}

/* ---- failure ---- */

static int mallocs_left;

static void *scarce_malloc(size_t size)
{
    if (mallocs_left-- > 0)
        return malloc(size);
    errno = ENOMEM;
    return NULL;
}

static void without_memory_the_room_stays_free(void **state)
{
    void *(*usual)(size_t size) = green__sys.malloc;

    (void)state;
    set_up(1);
    green__sys.malloc = scarce_malloc;
    mallocs_left = 0;
    check_fails(green_pool_spawn(&pool, pass_gate, NULL, 0), ENOMEM);
    check_equal(green_pool_free_count(&pool), 1);
    green__sys.malloc = usual;
    tear_down();
}

static void a_spawner_without_memory_passes_its_room_on(void **state)
{
    void *(*usual)(size_t size) = green__sys.malloc;
    green_t *g[2], *joiner;

    (void)state;
    set_up(1);
    put(pass_gate, "task");
    g[0] = spawn(spawn_and_note, text("a"));
    g[1] = spawn(spawn_and_note, text("b"));
    joiner = spawn(join_pool, text("joiner"));
    settle();
    green__sys.malloc = scarce_malloc;
    mallocs_left = 0;
    green_event_set(&gate);
    settle();
    check_log("task:ok a:ENOMEM b:ENOMEM joiner:ok");
    green__sys.malloc = usual;
    finish_all(g, 2);
    finish(joiner);
    tear_down();
}

static void items_without_memory_have_failed(void **state)
{
    void *(*usual)(size_t size) = green__sys.malloc;
    void *in[4], *out[4];

    (void)state;
    set_up(SIZE_MAX);
    number(in, 4);
    green__sys.malloc = scarce_malloc;
    mallocs_left = 2;
    check_fails(green_pool_map(&pool, square, in, out, 4, GREEN_FOREVER),
                ENOMEM);
    green__sys.malloc = usual;
    check_equal((intptr_t)out[0], 1);
    check_equal((intptr_t)out[1], 4);
    check(!out[2] && !out[3]);
    check_equal(green_pool_size(&pool), 0);
    tear_down();
}

static void nonsense_is_refused(void **state)
{
    void *in[1] = {NULL};

    (void)state;
    set_up(1);
    check_fails(green_pool_spawn(NULL, square, NULL, 0), EINVAL);
    check_fails(green_pool_spawn(&pool, NULL, NULL, 0), EINVAL);
    check_fails(green_pool_map(NULL, square, in, NULL, 1, 0), EINVAL);
    check_fails(green_pool_map(&pool, NULL, in, NULL, 1, 0), EINVAL);
    check_fails(green_pool_map(&pool, square, NULL, NULL, 1, 0), EINVAL);
    check_fails(green_pool_join(NULL, 0), EINVAL);
    check_fails(green_pool_kill(NULL, 0), EINVAL);
    tear_down();
}

static void destroy_with_a_task(void *arg)
{
    (void)arg;
    green_pool_init(&pool, 1);
    put(return_argument, NULL);
    green_pool_destroy(&pool);
}

static void destroy_with_a_spawner(void *arg)
{
    (void)arg;
    green_pool_init(&pool, 0);
    spawn(spawn_and_note, NULL);
    settle();
    green_pool_destroy(&pool);
}

static void destroying_a_pool_in_use_aborts(void **state)
{
    (void)state;
    check_aborts(destroy_with_a_task, NULL, "libgreen: green_pool_destroy: ");
    check_aborts(destroy_with_a_spawner, NULL,
                 "libgreen: green_pool_destroy: ");
}

static bool dump_contains(const char *words)
{
    char dump[4096];
    int fds[2];
    ssize_t n;

    make_pipe(fds);
    green_dump(fds[1]);
    n = read(fds[0], dump, sizeof dump - 1);
    dump[n > 0 ? n : 0] = '\0';
    close_both(fds);
    return strstr(dump, words) != NULL;
}

static void the_dump_says_who_waits_for_what(void **state)
{
    char by_mapper[32];
    green_t *g[3];

    (void)state;
    set_up(1);
    g[0] = spawn(map_and_note, NULL);
    g[1] = spawn(spawn_and_note, text("a"));
    g[2] = spawn(join_pool, text("j"));
    settle();
    check(dump_contains("waiting for room in pool 0x"));
    check(dump_contains("waiting for tasks of pool 0x"));
    snprintf(by_mapper, sizeof by_mapper, "by #%ju at",
             (uintmax_t)green_id(g[0]));
    check(dump_contains(by_mapper));
    green_event_set(&gate);
    finish_all(g, 3);
    tear_down();
}

/* ---- by chance ---- */

static uint32_t chance;

static uint32_t roll(uint32_t n)
{
    chance = chance * 1664525 + 1013904223;
    return (chance >> 16) % n;
}

static void *do_something(void *arg)
{
    begin_work();
    for (uint32_t i = roll(4); i > 0; i--)
        green_sleep((int64_t)roll(3) * GREEN_MS);
    running--;
    if (roll(5) == 0)
        green_fail(EIO, "by chance");
    return arg;
}

static void *use_pool(void *arg)
{
    void *in[8] = {&pool}, *out[8];

    for (int i = 0; i < 10; i++) {
        int64_t timeout = (int64_t)roll(6) * GREEN_MS;

        switch (roll(4)) {
        case 0:
            green_pool_map(&pool, do_something, in, out, roll(9), timeout);
            break;
        case 1:
            green_pool_join(&pool, timeout);
            break;
        case 2:
            if (roll(4) == 0)
                green_pool_kill(&pool, timeout);
            break;
        default:
            green_pool_spawn(&pool, do_something, NULL, timeout);
        }
    }
    return arg;
}

static void whatever_happens_the_bound_holds_and_no_room_is_lost(void **state)
{
    green_t *g[10];

    (void)state;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        size_t max = 1 + seed % 4;

        chance = seed;
        set_up(max);
        for (size_t i = 0; i < ARRAY_SIZE(g); i++)
            g[i] = spawn(use_pool, NULL);
        for (int i = 0; i < 5; i++) {
            check_equal(green_sleep((int64_t)roll(10) * GREEN_MS), 0);
            green_kill(g[roll(ARRAY_SIZE(g))]);
        }
        finish_all(g, ARRAY_SIZE(g));
        check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
        check_equal(green_pool_free_count(&pool), max);
        check((size_t)most <= max);
        tear_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(the_free_count_follows_the_tasks),
        green_test(a_full_pool_refuses_who_does_not_wait_long_enough),
        green_test(a_second_task_waits_until_the_first_has_ended),
        green_test(a_task_begins_as_a_greenlet_that_was_just_spawned),
        green_test(a_pool_for_none_never_begins),
        green_test(a_pool_without_bound_always_has_room),
        green_test(room_goes_to_who_has_waited_longest),
        green_test(nobody_overtakes_a_spawner_that_waits),
        green_test(a_spawner_that_gives_up_loses_no_room),
        green_test(who_was_given_room_before_it_was_killed_still_spawns),
        green_test(a_task_may_wait_for_room_in_its_own_pool),
        green_test(room_comes_back_however_a_task_ends),
        green_test(join_waits_for_those_who_wait_for_room),
        green_test(a_task_cannot_join_its_pool),
        green_test(main_is_told_if_there_will_never_be_room),
        green_test(map_keeps_the_order_and_the_bound),
        green_test(a_map_of_nothing_is_done),
        green_test(a_map_may_drop_its_results),
        green_test(a_map_with_failures_tries_all_and_fails_with_the_first),
        green_test(a_map_takes_turns_with_other_spawners),
        green_test(a_task_may_map_in_its_own_pool),
        green_test(a_map_without_time_begins_nothing),
        green_test(a_map_that_times_out_leaves_nothing_behind),
        green_test(a_map_that_is_killed_leaves_nothing_behind),
        green_test(tasks_of_a_map_that_is_gone_do_not_begin),
        green_test(a_killed_map_of_nothing_more_is_no_trouble),
        green_test(nested_maps_stay_apart),
        green_test(after_close_a_kill_ends_maps_too),
        green_test(a_map_goes_on_after_a_kill_of_its_pool),
        green_test(who_waits_for_room_gets_it_after_a_kill),
        green_test(a_busy_producer_cannot_keep_a_kill_from_ending),
        green_test(a_kill_that_times_out_lets_others_in_again),
        green_test(there_is_no_room_while_a_kill_waits),
        green_test(
            who_is_to_spawn_into_a_pool_that_is_killed_spawns_a_killed_task),
        green_test(close_turns_spawners_away_and_lets_tasks_end),
        green_test(a_map_in_a_pool_that_is_closed_ends_what_it_has_begun),
        green_test(without_memory_the_room_stays_free),
        green_test(a_spawner_without_memory_passes_its_room_on),
        green_test(items_without_memory_have_failed),
        green_test(nonsense_is_refused),
        green_test(destroying_a_pool_in_use_aborts),
        green_test(the_dump_says_who_waits_for_what),
        green_test(whatever_happens_the_bound_holds_and_no_room_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
