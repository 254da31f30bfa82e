/* SPDX-License-Identifier: MIT */
/* test_exceptions.c - the C++ exceptions that a greenlet is handling
 * (src/exceptions.c).  This program is in place of the C++ runtime: it has what
 * that keeps for each thread. */
#include "support.h"

struct globals {
    void *caught;
    unsigned uncaught;
};

struct globals *__cxa_get_globals(void);

static struct globals thread_globals;

struct globals *__cxa_get_globals(void)
{
    return &thread_globals;
}

/* As a handler that begins, waits and ends, within which another does. */
static void handle(char *exception, int depth)
{
    struct globals *g = __cxa_get_globals();
    struct globals before = *g;

    g->caught = exception;
    g->uncaught = before.uncaught + 1;
    check_equal(depth % 2 ? green_yield() : green_sleep(GREEN_US), 0);
    if (depth > 0)
        handle(exception + 1, depth - 1);
    check(g->caught == exception);
    check_equal(g->uncaught, before.uncaught + 1);
    *g = before;
}

static void *handle_many(void *exceptions)
{
    struct globals *g = __cxa_get_globals();

    check(g->caught == NULL && g->uncaught == 0);
    for (int i = 0; i < 10; i++)
        handle(exceptions, i);
    check(g->caught == NULL && g->uncaught == 0);
    return NULL;
}

static void each_greenlet_has_the_exceptions_that_it_handles(void **state)
{
    static char exceptions[5][16];
    green_t *gs[5];

    (void)state;
    for (int i = 0; i < 5; i++)
        gs[i] = spawn(handle_many, exceptions[i]);
    handle(exceptions[0], 10);
    finish_all(gs, 5);
    handle_many(exceptions[0]);
}

static void *end_in_handler(void *exception)
{
    __cxa_get_globals()->caught = exception;
    green_exit(NULL);
}

static void one_that_ends_in_a_handler_leaves_nothing_to_others(void **state)
{
    static char exception;
    green_t *gs[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(i == 1 ? end_in_handler : handle_many, &exception);
    finish_all(gs, 3);
    check(thread_globals.caught == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(each_greenlet_has_the_exceptions_that_it_handles),
        green_test(one_that_ends_in_a_handler_leaves_nothing_to_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
