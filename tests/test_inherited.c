/* SPDX-License-Identifier: MIT */
/* test_inherited.c - locals whose values come with each greenlet that is
 * spawned. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void note_end(void *name)
{
    note("~%s", (const char *)name);
}

static green_local_t noted = GREEN_LOCAL_INIT(note_end);

/* The value is a text of our own that grows by a letter with each copy. */
static void *copy_text(void *value)
{
    char *copy = malloc(16);

    snprintf(copy, 16, "%s'", (char *)value);
    note("+%s", copy);
    return copy;
}

static void end_text(void *value)
{
    note("~%s", (char *)value);
    free(value);
}

static green_local_t family = GREEN_LOCAL_INHERITED_INIT(copy_text, end_text);

static void *note_family(void *arg)
{
    char *value = green_local_get(&family);

    note("%s", value ? value : "none");
    return arg;
}

static void have_value(const char *letters)
{
    char *value = malloc(16);

    snprintf(value, 16, "%s", letters);
    check_equal(green_local_set(&family, value), 0);
}

/* Each test of these runs as a greenlet that has a value. */
static void with_value(void *(*fn)(void *arg))
{
    check(green_local_get(&family) == NULL);
    finish(spawn(fn, NULL));
}

static void *spawn_and_change(void *arg)
{
    green_options_t later = {.delay = GREEN_US};
    green_t *gs[2];

    have_value("a");
    gs[0] = spawn(note_family, NULL);
    gs[1] = green_spawn_with(&later, note_family, NULL);
    free(green_local_get(&family));
    have_value("b");
    check_equal(green_go(note_family, NULL), 0);
    note("|");
    finish_all(gs, 2);
    return arg;
}

/* gevent: test__contextvars.py */
static void a_new_greenlet_has_a_copy_that_the_spawning_call_made(void **state)
{
    (void)state;
    with_value(spawn_and_change);
    check_log("+a' +a' +b' | a' ~a' b' ~b' a' ~a' ~b");
}

static void *spawn_note_family(void *arg)
{
    finish(spawn(note_family, NULL));
    return arg;
}

static void *spawn_two_deep(void *arg)
{
    have_value("a");
    finish(spawn(spawn_note_family, NULL));
    return arg;
}

static void a_copy_is_inherited_in_turn(void **state)
{
    (void)state;
    with_value(spawn_two_deep);
    check_log("+a' +a'' a'' ~a'' ~a' ~a");
}

static void *copy_none(void *value)
{
    return value && false ? value : NULL;
}

static green_local_t shared, dropped, plain;

static void *check_heritage(void *value)
{
    check(green_local_get(&shared) == value);
    check(green_local_get(&dropped) == NULL);
    check(green_local_get(&plain) == NULL);
    return NULL;
}

static void *spawn_check_heritage(void *value)
{
    check_equal(green_local_set(&shared, value), 0);
    check_equal(green_local_set(&dropped, value), 0);
    check_equal(green_local_set(&plain, value), 0);
    finish(spawn(check_heritage, value));
    check(green_local_get(&dropped) == value);
    return NULL;
}

static void a_copy_may_be_the_same_or_none_and_plain_ones_stay(void **state)
{
    (void)state;
    green_local_init_inherited(&shared, NULL, NULL);
    green_local_init_inherited(&dropped, copy_none, note_end);
    finish(spawn(spawn_check_heritage, text("v")));
    check_log("~v");
}

static void *link_note_family(void *arg)
{
    green_t *g = spawn(return_argument, NULL);

    have_value("a");
    check_equal(green_link_value(g, note_family, NULL), 0);
    check_equal(green_link_error(g, note_family, NULL), 0);
    finish(g);
    note("|");
    settle();
    return arg;
}

static void
one_linked_inherits_and_leaves_nothing_if_it_does_not_start(void **state)
{
    (void)state;
    with_value(link_note_family);
    check_log("+a' +a' a' ~a' ~a' | ~a");
}

static void *spawn_in_groups(void *arg)
{
    green_group_t group = GREEN_GROUP_INIT;
    green_pool_t pool = GREEN_POOL_INIT(1);

    have_value("a");
    check(green_group_spawn(&group, note_family, NULL) != NULL);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_equal(green_pool_spawn(&pool, note_family, NULL, GREEN_FOREVER), 0);
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    return arg;
}

static void members_and_tasks_inherit(void **state)
{
    (void)state;
    with_value(spawn_in_groups);
    check_log("+a' a' ~a' +a' a' ~a' ~a");
}

static void *map_note_family(void *arg)
{
    green_pool_t pool = GREEN_POOL_INIT(1);
    void *in[2] = {NULL};

    have_value("a");
    check_equal(green_pool_map(&pool, note_family, in, NULL, 2, GREEN_FOREVER),
                0);
    return arg;
}

static void each_task_of_a_map_inherits_from_its_caller(void **state)
{
    (void)state;
    with_value(map_note_family);
    check_log("+a' +a'' a'' ~a'' +a'' a'' ~a'' ~a' ~a");
}

static green_pool_t pool = GREEN_POOL_INIT(1);
static void *in[2];
static green_imap_t *imap;

static void *start_imap(void *arg)
{
    have_value("a");
    imap = green_imap_start(&pool, note_family, in, 2, 1, 0);
    return arg;
}

static void
those_of_an_imap_from_who_started_it_though_it_has_ended(void **state)
{
    (void)state;
    with_value(start_imap);
    check_equal(green_imap_next(imap, NULL, GREEN_FOREVER), 0);
    check_equal(green_imap_next(imap, NULL, GREEN_FOREVER), 0);
    green_imap_end(imap);
    check_log("+a' +a'' ~a a'' ~a'' +a'' a'' ~a'' ~a'");
}

static void *start_from_elsewhere(void *arg)
{
    green_watch_t *watch;

    have_value("a");
    check_equal(green_spawn_on(green_hub(), note_family, NULL), 0);
    settle();
    watch = green_signal(SIGUSR1, note_family, NULL);
    check(watch != NULL);
    raise(SIGUSR1);
    green_sleep(GREEN_MS);
    green_signal_end(watch);
    return arg;
}

static void what_comes_from_elsewhere_inherits_nothing(void **state)
{
    (void)state;
    with_value(start_from_elsewhere);
    check_log("none none ~a");
}

static void *spawn_too_large(void *arg)
{
    green_options_t large = {.stack_size = SIZE_MAX / 2};

    have_value("a");
    check(green_spawn_with(&large, note_family, NULL) == NULL);
    check_equal(errno, ENOMEM);
    return arg;
}

static void what_was_copied_for_one_that_cannot_be_is_destroyed(void **state)
{
    (void)state;
    with_value(spawn_too_large);
    check_log("+a' ~a' ~a");
}

static void *copy_after_a_look(void *value)
{
    note("%s", (char *)green_local_get(&noted));
    return value;
}

static void *spawn_with_looks(void *arg)
{
    static green_local_t looking[3];

    for (int i = 0; i < 3; i++)
        green_local_init_inherited(&looking[i], copy_after_a_look, NULL);
    check_equal(green_local_set(&noted, text("n")), 0);
    for (int i = 0; i < 3; i++)
        check_equal(green_local_set(&looking[i], arg), 0);
    finish(spawn(return_argument, NULL));
    return NULL;
}

static void a_copy_may_look_at_other_locals(void **state)
{
    int value;

    (void)state;
    finish(spawn(spawn_with_looks, &value));
    check_log("n n n ~n");
}

static void *yield_and_copy(void *value)
{
    green_yield();
    return value;
}

static void copy_by_blocking(void *arg)
{
    static green_local_t blocking;

    green_local_init_inherited(&blocking, yield_and_copy, NULL);
    check_equal(green_local_set(&blocking, arg), 0);
    spawn(return_argument, NULL);
}

static void a_copy_that_blocks_aborts(void **state)
{
    int value;

    (void)state;
    check_aborts(copy_by_blocking, &value,
                 "libgreen: the copying of an inherited local: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_new_greenlet_has_a_copy_that_the_spawning_call_made),
        green_test(a_copy_is_inherited_in_turn),
        green_test(a_copy_may_be_the_same_or_none_and_plain_ones_stay),
        green_test(one_linked_inherits_and_leaves_nothing_if_it_does_not_start),
        green_test(members_and_tasks_inherit),
        green_test(each_task_of_a_map_inherits_from_its_caller),
        green_test(those_of_an_imap_from_who_started_it_though_it_has_ended),
        green_test(what_comes_from_elsewhere_inherits_nothing),
        green_test(what_was_copied_for_one_that_cannot_be_is_destroyed),
        green_test(a_copy_may_look_at_other_locals),
        green_test(a_copy_that_blocks_aborts),
    };

    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
