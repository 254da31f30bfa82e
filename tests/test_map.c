/* SPDX-License-Identifier: MIT */
/* test_map.c - a function over an array, in a pool: order, failures, and what is
 * left when the wait for it ends early. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dumped.h"
#include "support.h"
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
    check_fails(green_pool_map(NULL, square, in, NULL, 1, 0), EINVAL);
    check_fails(green_pool_map(&pool, NULL, in, NULL, 1, 0), EINVAL);
    check_fails(green_pool_map(&pool, square, NULL, NULL, 1, 0), EINVAL);
    tear_down();
}

static void *join_pool(void *name)
{
    note_result(name, green_pool_join(&pool, GREEN_FOREVER));
    return name;
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
    green_event_set(&gate);
    green_event_clear(&gate);
    settle(); /* the second task was made at the end of the first */
    check_log("1:ok");
    snprintf(by_mapper, sizeof by_mapper, "by #%ju at",
             (uintmax_t)green_id(g[0]));
    check(dump_contains(by_mapper));
    green_event_set(&gate);
    finish_all(g, 3);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        green_test(a_map_in_a_pool_that_is_closed_ends_what_it_has_begun),
        green_test(items_without_memory_have_failed),
        green_test(nonsense_is_refused),
        green_test(the_dump_says_who_waits_for_what),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
