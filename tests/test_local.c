/* SPDX-License-Identifier: MIT */
/* test_local.c - a variable that each greenlet has for itself. */
#include "support.h"

#include <stdlib.h>

static void note_end(void *name)
{
    note("~%s", (const char *)name);
}

static green_local_t plain = GREEN_LOCAL_INIT(NULL);
static green_local_t noted = GREEN_LOCAL_INIT(note_end);
static green_local_t other = GREEN_LOCAL_INIT(note_end);

static void *set_and_look(void *name)
{
    check(green_local_get(&plain) == NULL);
    check_equal(green_local_set(&plain, name), 0);
    green_yield();
    check(green_local_get(&plain) == name);
    return NULL;
}

static void each_greenlet_has_its_own_value_NULL_to_begin_with(void **state)
{
    green_t *gs[3];
    int mine;

    (void)state;
    check(green_local_get(&plain) == NULL);
    check_equal(green_local_set(&plain, &mine), 0);
    gs[0] = spawn(set_and_look, text("a"));
    gs[1] = spawn(set_and_look, text("b"));
    gs[2] = spawn(set_and_look, text("c"));
    finish_all(gs, 3);
    check(green_local_get(&plain) == &mine);
    check_equal(green_local_set(&plain, NULL), 0);
    check(green_local_get(&plain) == NULL);
}

static void *set_both(void *name)
{
    check_equal(green_local_set(&noted, text("first")), 0);
    check_equal(green_local_set(&noted, name), 0);
    check_equal(green_local_set(&other, text("gone")), 0);
    check_equal(green_local_set(&other, NULL), 0);
    note("%s", (const char *)name);
    return NULL;
}

/* gevent: test__local.py
 * test_locals_collected_when_greenlet_dead_but_still_referenced */
static void the_destructor_is_called_when_the_greenlet_ends(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(set_both, text("g"));
    settle();
    check_log("g ~g");
    green_release(g);
}

static void *fail_with_local(void *name)
{
    check_equal(green_local_set(&noted, name), 0);
    green_fail(EIO, NULL);
}

static void *exit_with_local(void *name)
{
    check_equal(green_local_set(&noted, name), 0);
    green_exit(NULL);
}

static void it_is_called_however_the_greenlet_ends(void **state)
{
    (void)state;
    finish(spawn(fail_with_local, text("failed")));
    finish(spawn(exit_with_local, text("exited")));
    check_log("~failed ~exited");
}

static green_local_t last = GREEN_LOCAL_INIT(note_end);

static void set_another(void *name)
{
    note("~%s", (const char *)name);
    check_equal(green_local_set(&last, text("last")), 0);
}

static green_local_t setter = GREEN_LOCAL_INIT(set_another);

static void *set_setter(void *name)
{
    check_equal(green_local_set(&setter, name), 0);
    return NULL;
}

static void a_local_set_by_a_destructor_is_destroyed_too(void **state)
{
    (void)state;
    finish(spawn(set_setter, text("first")));
    check_log("~first ~last");
}

static void *set_allocated(void *local)
{
    for (int i = 0; i < 20; i++)
        check_equal(green_local_set((green_local_t *)local + i, malloc(10)), 0);
    for (int i = 0; i < 20; i++)
        check(green_local_get((green_local_t *)local + i) != NULL);
    return NULL;
}

static void a_greenlet_may_have_many_locals(void **state)
{
    static green_local_t locals[20];
    green_t *gs[5];

    (void)state;
    for (int i = 0; i < 20; i++)
        green_local_init(&locals[i], free);
    for (int i = 0; i < 5; i++)
        gs[i] = spawn(set_allocated, locals);
    finish_all(gs, 5);
}

static void no_key_is_EINVAL(void **state)
{
    (void)state;
    check_fails(green_local_set(NULL, NULL), EINVAL);
    check(green_local_get(NULL) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(each_greenlet_has_its_own_value_NULL_to_begin_with),
        green_test(the_destructor_is_called_when_the_greenlet_ends),
        green_test(it_is_called_however_the_greenlet_ends),
        green_test(a_local_set_by_a_destructor_is_destroyed_too),
        green_test(a_greenlet_may_have_many_locals),
        green_test(no_key_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
