/* SPDX-License-Identifier: MIT */
/* test_pool.c - many tasks, a few at a time: room and who gets it, and what kill
 * and close do to those who wait. */
#include <stdlib.h>
#include "support.h"
#include "sys.h"

#define SEEDS 20 /* more were tried */

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
    for (int i = 0; i < 200; i++)
        put(work_quietly, NULL);
    check_equal(green_pool_size(&pool), 200);
    check(green_pool_free_count(&pool) == SIZE_MAX);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(most, 200);
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

/* ---- kill and close ---- */

/* Takes its time when it is killed. */
static void *end_slowly(void *name)
{
    green_scope_t shield;

    note_result(name, green_sleep(GREEN_FOREVER));
    green_shield_begin(&shield, GREEN_SEC);
    check_equal(green_sleep(GREEN_MS), 0);
    green_scope_end(&shield);
    note("%s", (char *)name);
    return name;
}

/* gevent: spawners are not members, are not killed, and spawn afterwards */
static void who_waits_for_room_gets_it_after_a_kill(void **state)
{
    green_t *g[2];

    (void)state;
    set_up(2);
    put(sleep_forever, "1");
    put(end_slowly, "2");
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

static void *kill_pool(void *name)
{
    note_result(name, green_pool_kill(&pool, GREEN_FOREVER));
    return name;
}

/* The kill holds a spawner back, and is over when its greenlet does not know yet. */
static void nobody_overtakes_when_a_kill_is_given_up(void **state)
{
    green_t *killer, *g;

    (void)state;
    set_up(2);
    put(pass_gate_behind_shield, "stubborn");
    put(sleep_forever, "meek");
    settle();
    killer = spawn(kill_pool, text("killer"));
    g = spawn(spawn_and_note, text("g"));
    settle();
    check_log("meek:ECANCELED");
    check_equal(green_pool_free_count(&pool), 1);
    green_kill(killer);
    check_fails(green_pool_spawn(&pool, return_argument, NULL, 0), ETIMEDOUT);
    settle();
    check_log("killer:ECANCELED g:ok g");
    green_event_set(&gate);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    finish(killer);
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

static void nonsense_is_refused(void **state)
{
    (void)state;
    set_up(1);
    check_fails(green_pool_spawn(NULL, pass_gate, NULL, 0), EINVAL);
    check_fails(green_pool_spawn(&pool, NULL, NULL, 0), EINVAL);
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
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
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
        green_test(who_waits_for_room_gets_it_after_a_kill),
        green_test(a_busy_producer_cannot_keep_a_kill_from_ending),
        green_test(a_kill_that_times_out_lets_others_in_again),
        green_test(nobody_overtakes_when_a_kill_is_given_up),
        green_test(there_is_no_room_while_a_kill_waits),
        green_test(
            who_is_to_spawn_into_a_pool_that_is_killed_spawns_a_killed_task),
        green_test(close_turns_spawners_away_and_lets_tasks_end),
        green_test(without_memory_the_room_stays_free),
        green_test(a_spawner_without_memory_passes_its_room_on),
        green_test(nonsense_is_refused),
        green_test(destroying_a_pool_in_use_aborts),
        green_test(whatever_happens_the_bound_holds_and_no_room_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
