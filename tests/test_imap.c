/* SPDX-License-Identifier: MIT */
/* test_imap.c - results one by one: their order, how far tasks run ahead of who
 * takes them, failures among them, several readers, the end at any moment. */
#include <stdlib.h>
#include "dumped.h"
#include "support.h"
#include "sys.h"

#define SEEDS 10 /* more were tried */

static green_pool_t pool;
static green_event_t gate;
static int begun;

static void set_up(size_t max)
{
    clock_take();
    green_pool_init(&pool, max);
    green_event_init(&gate);
    begun = 0;
}

static void tear_down(void)
{
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    green_pool_destroy(&pool);
}

static green_imap_t *start(void *(*fn)(void *arg), void *const *in, size_t n,
                           size_t buffered, int flags)
{
    uint64_t switches = count_switches();
    green_imap_t *i = green_imap_start(&pool, fn, in, n, buffered, flags);

    check(i != NULL);
    check_equal(count_switches(), switches);
    return i;
}

/* Take all that is left, and note it. */
static void note_rest(green_imap_t *i)
{
    void *value = NULL;

    while (green_imap_next(i, &value, GREEN_FOREVER) == 0 || errno != EPIPE)
        note("%d", (int)(intptr_t)value);
}

/* ---- tasks ---- */

static void number(void **in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        in[i] = (void *)(intptr_t)(i + 1);
}

/* Sleeps as many milliseconds as it is told. */
static void *sleep_number(void *number)
{
    begun++;
    green_sleep((intptr_t)number * GREEN_MS);
    return number;
}

static void *return_at_once(void *number)
{
    begun++;
    return number;
}

static void *wait_at_gate(void *number)
{
    begun++;
    note_result("task", green_event_wait(&gate, GREEN_FOREVER));
    return number;
}

static void *fail_if_even(void *number)
{
    if ((intptr_t)number % 2 == 0)
        green_fail(EIO, "even");
    return number;
}

/* ---- order ---- */

/* gevent: test__pool.py test_imap_list_small, test_imap_random */
static void results_come_in_the_order_of_the_arguments(void **state)
{
    void *in[] = {(void *)10, (void *)1, (void *)2, (void *)7, (void *)3};
    green_imap_t *i;

    (void)state;
    set_up(3);
    i = start(sleep_number, in, 5, 0, 0);
    note_rest(i);
    check_log("10 1 2 7 3");
    green_imap_end(i);
    tear_down();
}

/* gevent: test__pool.py test_imap_unordered_sleep */
static void unordered_results_come_as_they_are_ready(void **state)
{
    void *in[] = {(void *)10, (void *)1, (void *)2};
    green_imap_t *i;

    (void)state;
    set_up(3);
    i = start(sleep_number, in, 3, 0, GREEN_IMAP_UNORDERED);
    note_rest(i);
    check_log("1 2 10");
    green_imap_end(i);
    tear_down();
}

static void with_one_task_at_a_time_that_is_the_same(void **state)
{
    void *in[] = {(void *)10, (void *)1, (void *)2};
    green_imap_t *i;

    (void)state;
    set_up(1);
    i = start(sleep_number, in, 3, 0, GREEN_IMAP_UNORDERED);
    note_rest(i);
    check_log("10 1 2");
    green_imap_end(i);
    tear_down();
}

static void the_end_stays_the_end(void **state)
{
    green_imap_t *i;

    (void)state;
    set_up(1);
    i = start(return_at_once, NULL, 0, 0, 0);
    check_fails(green_imap_next(i, NULL, GREEN_FOREVER), EPIPE);
    check_fails(green_imap_next(i, NULL, 0), EPIPE);
    green_imap_end(i);
    tear_down();
}

static void many_results_pass_through_little_room(void **state)
{
    void *in[300], *value;
    green_imap_t *i;

    (void)state;
    set_up(7);
    number(in, 300);
    i = start(return_at_once, in, 300, 5, 0);
    for (intptr_t n = 1; n <= 300; n++) {
        check_equal(green_imap_next(i, &value, GREEN_FOREVER), 0);
        check_equal((intptr_t)value, n);
    }
    check_fails(green_imap_next(i, &value, GREEN_FOREVER), EPIPE);
    green_imap_end(i);
    tear_down();
}

/* ---- how far tasks run ahead ---- */

/* gevent: test__pool.py test_imap_unordered_bounded_queue, #638 */
static void tasks_run_ahead_as_far_as_was_said(void **state)
{
    static const int flags[] = {0, GREEN_IMAP_UNORDERED};
    void *in[10];
    green_imap_t *i;

    (void)state;
    number(in, 10);
    for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
        set_up(SIZE_MAX);
        i = start(return_at_once, in, 10, 3, flags[f]);
        settle();
        check_equal(begun, 3);
        check_equal(green_imap_next(i, NULL, 0), 0);
        settle();
        check_equal(begun, 4);
        green_imap_end(i);
        tear_down();
    }
}

static void by_default_as_far_as_the_pool_is_wide(void **state)
{
    void *in[10];
    green_imap_t *i;

    (void)state;
    set_up(4);
    number(in, 10);
    i = start(return_at_once, in, 10, 0, 0);
    settle();
    check_equal(begun, 4);
    green_imap_end(i);
    tear_down();
}

static void without_bound_as_far_as_there_is_work(void **state)
{
    void *in[10];
    green_imap_t *i;

    (void)state;
    set_up(SIZE_MAX);
    number(in, 10);
    i = start(return_at_once, in, 10, SIZE_MAX, 0);
    settle();
    check_equal(begun, 10);
    green_imap_end(i);
    begun = 0;
    i = start(return_at_once, in, 10, 0, 0);
    settle();
    check_equal(begun, 10);
    green_imap_end(i);
    tear_down();
}

static void the_pool_bounds_tasks_of_all_together(void **state)
{
    void *in[6];
    green_imap_t *a, *b;

    (void)state;
    set_up(3);
    number(in, 6);
    a = start(wait_at_gate, in, 6, 6, 0);
    b = start(return_at_once, in, 6, 6, 0);
    settle();
    check_equal(green_pool_size(&pool), 3);
    check_equal(begun, 3);
    green_event_set(&gate);
    note_rest(b);
    note_rest(a);
    check_equal(begun, 12);
    check_log("task:ok task:ok task:ok task:ok task:ok 1 2 task:ok 3 4 5 6 "
              "1 2 3 4 5 6");
    green_imap_end(a);
    green_imap_end(b);
    tear_down();
}

/* ---- waiting ---- */

static void next_waits_no_longer_than_it_is_told(void **state)
{
    void *in[1] = {(void *)5}, *value = in;
    green_imap_t *i;

    (void)state;
    set_up(1);
    i = start(sleep_number, in, 1, 0, 0);
    check_fails(green_imap_next(i, &value, 0), ETIMEDOUT);
    check_fails(green_imap_next(i, &value, GREEN_MS), ETIMEDOUT);
    check(value == in);
    check_equal(green_imap_next(i, &value, 5 * GREEN_MS), 0);
    check_equal((intptr_t)value, 5);
    green_imap_end(i);
    tear_down();
}

static green_imap_t *shared;

static void *take_one(void *name)
{
    void *value = NULL;

    note_result(name, green_imap_next(shared, &value, GREEN_FOREVER));
    note("%d", (int)(intptr_t)value);
    return name;
}

static void readers_are_served_in_the_order_they_came(void **state)
{
    void *in[2];
    green_t *g[4];

    (void)state;
    set_up(2);
    number(in, 2);
    shared = start(wait_at_gate, in, 2, 0, 0);
    g[0] = spawn(take_one, text("a"));
    g[1] = spawn(take_one, text("b"));
    g[2] = spawn(take_one, text("c"));
    g[3] = spawn(take_one, text("d"));
    settle();
    green_kill(g[1]);
    settle();
    check_log("b:ECANCELED 0");
    green_event_set(&gate);
    settle();
    check_log("task:ok task:ok a:ok 1 c:ok 2 d:EPIPE 0");
    finish_all(g, 4);
    green_imap_end(shared);
    tear_down();
}

static void a_result_that_was_given_is_not_taken_back(void **state)
{
    void *in[2], *value = NULL;
    green_t *g;

    (void)state;
    set_up(1);
    number(in, 2);
    shared = start(wait_at_gate, in, 2, 0, 0);
    g = spawn(take_one, text("g"));
    settle();
    green_event_set(&gate);
    green_yield(); /* the task has ended, the reader has yet to run */
    end_by_kill(g);
    check_log("task:ok g:ok 1 task:ok");
    check_equal(green_imap_next(shared, &value, GREEN_FOREVER), 0);
    check_equal((intptr_t)value, 2);
    green_imap_end(shared);
    tear_down();
}

static void report_nothing(void *arg)
{
    (void)arg;
}

static void main_is_told_if_no_result_can_come(void **state)
{
    void *in[1] = {NULL};
    green_imap_t *i;

    (void)state;
    set_up(0);
    green_set_deadlock_fn(report_nothing, NULL);
    i = start(return_at_once, in, 1, 0, 0);
    check_fails(green_imap_next(i, NULL, GREEN_FOREVER), EDEADLK);
    green_set_deadlock_fn(NULL, NULL);
    green_imap_end(i);
    tear_down();
}

static void the_dump_says_who_waits_for_a_result(void **state)
{
    void *in[1] = {NULL};
    green_t *g;

    (void)state;
    set_up(1);
    shared = start(wait_at_gate, in, 1, 0, 0);
    g = spawn(take_one, text("g"));
    settle();
    check(dump_contains("waiting for imap 0x"));
    green_event_set(&gate);
    finish(g);
    green_imap_end(shared);
    tear_down();
}

/* ---- failures ---- */

/* gevent: test__pool.py TestErrorInHandler.test_imap */
static void a_failed_task_fails_its_turn_and_no_other(void **state)
{
    void *in[5], *value;
    green_imap_t *i;

    (void)state;
    set_up(2);
    number(in, 5);
    i = start(fail_if_even, in, 5, 0, 0);
    for (intptr_t n = 1; n <= 5; n++) {
        value = in;
        if (n % 2) {
            check_equal(green_imap_next(i, &value, GREEN_FOREVER), 0);
            check_equal((intptr_t)value, n);
        } else {
            check_fails(green_imap_next(i, &value, GREEN_FOREVER), EIO);
            check(value == in);
        }
    }
    check_fails(green_imap_next(i, &value, GREEN_FOREVER), EPIPE);
    green_imap_end(i);
    tear_down();
}

/* gevent: test__pool.py TestErrorInHandler.test_unordered */
static void so_does_it_without_order(void **state)
{
    void *in[3], *value = NULL;
    green_imap_t *i;

    (void)state;
    set_up(1);
    number(in, 3);
    i = start(fail_if_even, in, 3, 0, GREEN_IMAP_UNORDERED);
    check_equal(green_imap_next(i, &value, GREEN_FOREVER), 0);
    check_fails(green_imap_next(i, &value, GREEN_FOREVER), EIO);
    check_equal(green_imap_next(i, &value, GREEN_FOREVER), 0);
    check_fails(green_imap_next(i, &value, GREEN_FOREVER), EPIPE);
    green_imap_end(i);
    tear_down();
}

static int mallocs_left;

static void *scarce_malloc(size_t size)
{
    if (mallocs_left-- > 0)
        return malloc(size);
    errno = ENOMEM;
    return NULL;
}

static void a_task_without_memory_has_failed(void **state)
{
    void *(*usual)(size_t size) = green__sys.malloc;
    void *in[3], *value = NULL;
    green_imap_t *i;

    (void)state;
    set_up(1);
    number(in, 3);
    green__sys.malloc = scarce_malloc;
    mallocs_left = 2; /* the imap and one task */
    i = start(return_at_once, in, 3, 1, 0);
    check_equal(green_imap_next(i, &value, GREEN_FOREVER), 0);
    check_equal((intptr_t)value, 1);
    green__sys.malloc = usual;
    check_fails(green_imap_next(i, &value, GREEN_FOREVER), ENOMEM);
    check_equal(green_imap_next(i, &value, GREEN_FOREVER), 0);
    check_equal((intptr_t)value, 3);
    green_imap_end(i);
    tear_down();
}

static void without_memory_nothing_begins(void **state)
{
    void *(*usual)(size_t size) = green__sys.malloc;
    void *in[1] = {NULL};

    (void)state;
    set_up(1);
    green__sys.malloc = scarce_malloc;
    mallocs_left = 0;
    check(green_imap_start(&pool, return_at_once, in, 1, 0, 0) == NULL);
    check_equal(errno, ENOMEM);
    green__sys.malloc = usual;
    check_equal(green_pool_size(&pool), 0);
    tear_down();
}

/* So many that the bytes for their results, counted in a size_t, would be few. */
static void more_results_than_memory_can_have_are_refused(void **state)
{
    void *in[1] = {NULL};

    (void)state;
    set_up(0);
    check(green_imap_start(&pool, return_at_once, in, SIZE_MAX / 12 + 2,
                           SIZE_MAX, 0) == NULL);
    check_equal(errno, ENOMEM);
    tear_down();
}

static void nonsense_is_refused(void **state)
{
    void *in[1] = {NULL};

    (void)state;
    set_up(1);
    check(!green_imap_start(NULL, return_at_once, in, 1, 0, 0));
    check_equal(errno, EINVAL);
    check(!green_imap_start(&pool, NULL, in, 1, 0, 0));
    check_equal(errno, EINVAL);
    check(!green_imap_start(&pool, return_at_once, NULL, 1, 0, 0));
    check_equal(errno, EINVAL);
    check(!green_imap_start(&pool, return_at_once, in, 1, 0, 2));
    check_equal(errno, EINVAL);
    check_fails(green_imap_next(NULL, NULL, 0), EINVAL);
    green_imap_end(NULL);
    tear_down();
}

/* ---- the end ---- */

static void the_end_kills_what_runs_and_drops_the_rest(void **state)
{
    void **in = malloc(10 * sizeof *in);
    green_imap_t *i;
    uint64_t switches;

    (void)state;
    if (!in)
        abort();
    set_up(2);
    number(in, 10);
    i = start(wait_at_gate, in, 10, 0, 0);
    settle();
    switches = count_switches();
    green_imap_end(i);
    free(in);
    check_equal(count_switches(), switches);
    check_equal(green_pool_size(&pool), 2);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_log("task:ECANCELED task:ECANCELED");
    check_equal(begun, 2);
    tear_down();
}

static void tasks_that_have_yet_to_run_are_dropped(void **state)
{
    void *in[4];
    green_imap_t *i;

    (void)state;
    set_up(2);
    number(in, 4);
    i = start(return_at_once, in, 4, 0, 0);
    green_imap_end(i);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    check_equal(begun, 0);
    tear_down();
}

static void an_imap_may_end_while_it_waits_for_room(void **state)
{
    void *in[2];
    green_imap_t *a, *b;

    (void)state;
    set_up(1);
    number(in, 2);
    a = start(wait_at_gate, in, 2, 0, 0);
    b = start(return_at_once, in, 2, 0, 0);
    settle();
    green_imap_end(b);
    green_event_set(&gate);
    note_rest(a);
    check_log("task:ok 1 task:ok 2");
    check_equal(begun, 2);
    green_imap_end(a);
    tear_down();
}

static void results_that_were_not_taken_are_dropped(void **state)
{
    void *in[4];
    green_imap_t *i;

    (void)state;
    set_up(2);
    number(in, 4);
    i = start(return_at_once, in, 4, 0, GREEN_IMAP_UNORDERED);
    settle();
    check_equal(green_imap_next(i, NULL, 0), 0);
    green_imap_end(i);
    tear_down();
}

static void closing_the_pool_ends_the_results(void **state)
{
    void *in[5], *value = NULL;
    green_t *g;

    (void)state;
    set_up(1);
    number(in, 5);
    shared = start(wait_at_gate, in, 5, 2, 0);
    settle();
    green_pool_close(&pool);
    g = spawn(take_one, text("g"));
    settle();
    check_log("");
    green_event_set(&gate);
    settle();
    check_log("task:ok g:ok 1");
    finish(g);
    check_fails(green_imap_next(shared, &value, GREEN_FOREVER), EPIPE);
    check_fails(green_imap_next(shared, &value, GREEN_FOREVER), EPIPE);
    green_imap_end(shared);
    shared = start(return_at_once, in, 5, 2, 0);
    check_fails(green_imap_next(shared, &value, GREEN_FOREVER), EPIPE);
    green_imap_end(shared);
    tear_down();
}

static void readers_of_a_pool_that_is_closed_are_turned_away(void **state)
{
    void *in[5];
    green_t *g[2];

    (void)state;
    set_up(0);
    number(in, 5);
    shared = start(return_at_once, in, 5, 1, 0);
    g[0] = spawn(take_one, text("a"));
    g[1] = spawn(take_one, text("b"));
    settle();
    green_pool_close(&pool);
    settle();
    check_log("a:EPIPE 0 b:EPIPE 0");
    finish_all(g, 2);
    green_imap_end(shared);
    tear_down();
}

static void end_with_a_reader(void *arg)
{
    void *in[1] = {NULL};

    (void)arg;
    green_pool_init(&pool, 0);
    shared = start(return_at_once, in, 1, 0, 0);
    spawn(take_one, text("g"));
    settle();
    green_imap_end(shared);
}

static void destroy_pool_first(void *arg)
{
    (void)arg;
    green_pool_init(&pool, 1);
    shared = start(return_at_once, NULL, 0, 0, 0);
    green_pool_destroy(&pool);
}

static void ending_in_the_wrong_order_aborts(void **state)
{
    (void)state;
    check_aborts(end_with_a_reader, NULL, "libgreen: green_imap_end: ");
    check_aborts(destroy_pool_first, NULL, "libgreen: green_pool_destroy: ");
}

/* ---- by chance ---- */

static uint32_t chance;

static uint32_t roll(uint32_t n)
{
    chance = chance * 1664525 + 1013904223;
    return (chance >> 16) % n;
}

static void *do_something(void *number)
{
    for (uint32_t i = roll(3); i > 0; i--)
        green_sleep((int64_t)roll(3) * GREEN_MS);
    if (roll(4) == 0)
        green_fail(EIO, "by chance");
    return number;
}

struct reader {
    green_imap_t *imap;
    intptr_t last;
    int taken;
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    void *value;
    int error;

    do {
        value = NULL;
        error = green_imap_next(r->imap, &value, GREEN_FOREVER) ? errno : 0;
        check(error == 0 || error == EIO || error == EPIPE);
        r->taken += error != EPIPE;
        check(error || (intptr_t)value > r->last);
        r->last = error ? r->last : (intptr_t)value;
    } while (error != EPIPE);
    return arg;
}

/* Several imaps in one pool, two readers each: no result is lost or given twice,
 * and each reader sees them in order. */
static void whatever_happens_each_result_is_taken_once(void **state)
{
    void *in[30];

    (void)state;
    number(in, ARRAY_SIZE(in));
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct reader r[6] = {0};
        green_t *g[6];

        chance = seed;
        set_up(1 + seed % 5);
        for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
            r[i].imap =
                i % 2 ? r[i - 1].imap
                      : start(do_something, in, ARRAY_SIZE(in), roll(7), 0);
            g[i] = spawn(read_all, &r[i]);
        }
        finish_all(g, ARRAY_SIZE(g));
        for (size_t i = 0; i < ARRAY_SIZE(r); i += 2) {
            check_equal(r[i].taken + r[i + 1].taken, ARRAY_SIZE(in));
            green_imap_end(r[i].imap);
        }
        tear_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(results_come_in_the_order_of_the_arguments),
        green_test(unordered_results_come_as_they_are_ready),
        green_test(with_one_task_at_a_time_that_is_the_same),
        green_test(the_end_stays_the_end),
        green_test(many_results_pass_through_little_room),
        green_test(tasks_run_ahead_as_far_as_was_said),
        green_test(by_default_as_far_as_the_pool_is_wide),
        green_test(without_bound_as_far_as_there_is_work),
        green_test(the_pool_bounds_tasks_of_all_together),
        green_test(next_waits_no_longer_than_it_is_told),
        green_test(readers_are_served_in_the_order_they_came),
        green_test(a_result_that_was_given_is_not_taken_back),
        green_test(main_is_told_if_no_result_can_come),
        green_test(the_dump_says_who_waits_for_a_result),
        green_test(a_failed_task_fails_its_turn_and_no_other),
        green_test(so_does_it_without_order),
        green_test(a_task_without_memory_has_failed),
        green_test(without_memory_nothing_begins),
        green_test(more_results_than_memory_can_have_are_refused),
        green_test(nonsense_is_refused),
        green_test(the_end_kills_what_runs_and_drops_the_rest),
        green_test(tasks_that_have_yet_to_run_are_dropped),
        green_test(an_imap_may_end_while_it_waits_for_room),
        green_test(results_that_were_not_taken_are_dropped),
        green_test(closing_the_pool_ends_the_results),
        green_test(readers_of_a_pool_that_is_closed_are_turned_away),
        green_test(ending_in_the_wrong_order_aborts),
        green_test(whatever_happens_each_result_is_taken_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
