/* SPDX-License-Identifier: MIT */
/* test_defer.c - calls put off until a greenlet ends (src/defer.c, src/end.c):
 * what they find, and what they may still do. */
#include <pthread.h>
#include "alone.h"
#include "support.h"

/* ---- at the end of a program; before this one has a hub ---- */

static int calls;

static void count_call(void *unused)
{
    (void)unused;
    calls++;
}

/* Registered before the library's own function, it comes after that. */
static void expect_two_calls(void)
{
    if (calls != 2)
        _exit(EXIT_FAILURE);
}

static void *defer_in_thread(void *unused)
{
    CHECK(green_defer(count_call, NULL) == 0);
    return unused;
}

static void defer_in_a_thread_and_in_main(void)
{
    pthread_t thread;

    CHECK(atexit(expect_two_calls) == 0);
    CHECK(pthread_create(&thread, NULL, defer_in_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(calls == 1);
    CHECK(green_defer(count_call, NULL) == 0);
}

static void mains_calls_run_though_another_thread_deferred_before(void **state)
{
    (void)state;
    assert_true(passes_alone(defer_in_a_thread_and_in_main));
}

static void yield_and_count(void *unused)
{
    if (green_sleep(GREEN_US) == 0)
        calls += 2;
    (void)unused;
}

static void __attribute__((noinline)) begin_and_forget(void)
{
    green_scope_t s;

    green_timeout_begin(&s, 0);
}

static void return_inside_a_scope(void)
{
    CHECK(atexit(expect_two_calls) == 0);
    CHECK(green_defer(yield_and_count, NULL) == 0);
    begin_and_forget();
}

static void at_exit_the_scopes_of_main_are_over(void **state)
{
    (void)state;
    assert_true(passes_alone(return_inside_a_scope));
}

/* ---- what is deferred late ---- */

static void note_call(void *name)
{
    note("%s", (char *)name);
}

static void defer_note(void *name)
{
    check_equal(green_defer(note_call, name), 0);
}

static green_local_t local = GREEN_LOCAL_INIT(defer_note);

static void set_local(void *value)
{
    check_equal(green_local_set(&local, value), 0);
}

static void *set_then_defer(void *name)
{
    set_local(name);
    check_equal(green_defer(set_local, text("again")), 0);
    check_equal(green_defer(note_call, text("first")), 0);
    return NULL;
}

static void what_a_destructor_defers_is_called(void **state)
{
    (void)state;
    finish(spawn(set_then_defer, text("unused")));
    check_log("first again");
    check_equal(count_greenlets(), 1);
}

/* ---- scopes ---- */

static void note_sleep(void *unused)
{
    (void)unused;
    note_result("deferred", green_sleep(GREEN_US));
}

static void *exit_from_expired_scopes(void *value)
{
    green_scope_t outer, inner;

    check_equal(green_defer(note_sleep, NULL), 0);
    green_timeout_begin(&outer, 0);
    green_shield_begin(&inner, 0);
    check_fails(green_yield(), ETIMEDOUT);
    green_exit(value);
}

static void *fail_in_expired_scope(void *unused)
{
    green_scope_t scope;

    (void)unused;
    check_equal(green_defer(note_sleep, NULL), 0);
    green_timeout_begin(&scope, 0);
    green_fail(EIO, NULL);
}

static void scopes_end_with_the_functions_that_exit_leaves(void **state)
{
    (void)state;
    finish(spawn(exit_from_expired_scopes, NULL));
    finish(spawn(fail_in_expired_scope, NULL));
    check_log("deferred:ok deferred:ok");
}

static void *return_with_scope(void *unused)
{
    begin_and_forget();
    return unused;
}

static void call_with_scope(void *unused)
{
    (void)unused;
    begin_and_forget();
}

static void *defer_with_scope(void *unused)
{
    green_defer(call_with_scope, NULL);
    return unused;
}

static void *destroy_with_scope(void *value)
{
    static green_local_t careless = GREEN_LOCAL_INIT(call_with_scope);

    green_local_set(&careless, &calls);
    return value;
}

static void run_to_end(void *fn)
{
    finish(spawn(*(void *(**)(void *))fn, NULL));
}

static void returning_inside_a_scope_aborts(void **state)
{
    static const char line[] = "without ending the scope that it began";
    void *(*fns[])(void *) = {return_with_scope, defer_with_scope,
                              destroy_with_scope};
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(fns); i++)
        check_aborts(run_to_end, &fns[i], line);
}

/* ---- how a greenlet has ended ---- */

static void exit_deferred(void *value)
{
    green_exit(value);
}

static void fail_deferred(void *unused)
{
    (void)unused;
    green_fail(EPIPE, "second");
}

static void *fail_then_exit(void *value)
{
    check_equal(green_defer(exit_deferred, value), 0);
    green_fail(EIO, "first");
}

static void *exit_then_fail(void *value)
{
    check_equal(green_defer(fail_deferred, NULL), 0);
    green_exit(value);
}

static void of_several_ends_the_last_counts(void **state)
{
    green_t *g = spawn(fail_then_exit, &calls);

    (void)state;
    check(green_joinall(&g, 1, GREEN_FOREVER) == 0);
    check(green_successful(g));
    check_text(green_error_text(g), "");
    check(finish(g) == &calls);
    g = spawn(exit_then_fail, &calls);
    check_fails(green_get(g, NULL, GREEN_FOREVER), EPIPE);
    check_text(green_error_text(g), "second");
    check(finish(g) == NULL);
}

int main(void)
{
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(mains_calls_run_though_another_thread_deferred_before),
        cmocka_unit_test(at_exit_the_scopes_of_main_are_over),
    };
    const struct CMUnitTest tests[] = {
        green_test(what_a_destructor_defers_is_called),
        green_test(scopes_end_with_the_functions_that_exit_leaves),
        green_test(returning_inside_a_scope_aborts),
        green_test(of_several_ends_the_last_counts),
    };

    return cmocka_run_group_tests(alone, NULL, NULL) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
