/* SPDX-License-Identifier: MIT */
/* test_unwind.c - who looks at the frames of a greenlet sees them all, and then
 * their end.  Debuggers do it in test_gdb.sh. */
#include <execinfo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "green.h"

enum { ROOM = 200 };

static void *frames[ROOM];
static volatile int n_frames, sink;

__attribute__((noinline)) static void descend(int depth,
                                              void (*at_the_end)(void))
{
    if (depth == 0)
        at_the_end();
    else
        descend(depth - 1, at_the_end);
    sink = depth; /* not a tail call */
}

static void look(void)
{
    n_frames = backtrace(frames, ROOM);
}

static void yield_and_look(void)
{
    green_yield();
    look();
}

static void *look_at_depth(void *depth)
{
    descend((int)(intptr_t)depth, look);
    return NULL;
}

static void *look_after_yield(void *depth)
{
    descend((int)(intptr_t)depth, yield_and_look);
    return NULL;
}

static int frames_at(void *(*fn)(void *), intptr_t depth)
{
    green_t *g = green_spawn(fn, (void *)depth);

    n_frames = 0;
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    green_release(g);
    return n_frames;
}

static void a_backtrace_ends_where_the_greenlet_began(void **state)
{
    int at_0 = frames_at(look_at_depth, 0);

    (void)state;
    assert_in_range(at_0, 3, 10);
    assert_int_equal(frames_at(look_at_depth, 10), at_0 + 10);
    assert_int_equal(frames_at(look_at_depth, 100), at_0 + 100);
}

static void a_backtrace_is_the_same_after_a_switch(void **state)
{
    int at_0 = frames_at(look_after_yield, 0);

    (void)state;
    assert_in_range(at_0, 3, 10);
    assert_int_equal(frames_at(look_after_yield, 50), at_0 + 50);
}

static void frames_of_one_greenlet_are_no_frames_of_another(void **state)
{
    void *first[ROOM];
    int n, i;

    (void)state;
    n = frames_at(look_at_depth, 5);
    for (i = 0; i < n; i++)
        first[i] = frames[i];
    assert_int_equal(frames_at(look_at_depth, 5), n);
    for (i = 0; i < n; i++)
        assert_ptr_equal(frames[i], first[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backtrace_ends_where_the_greenlet_began),
        cmocka_unit_test(a_backtrace_is_the_same_after_a_switch),
        cmocka_unit_test(frames_of_one_greenlet_are_no_frames_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
