/* SPDX-License-Identifier: MIT */
/* test_hooks.c - functions that are told what greenlets do. */
#include "support.h"

#include <pthread.h>
#include <string.h>

static const char *name_of(const green_t *g)
{
    return green_id(g) == 1 ? "main" : green_name(g);
}

static void note_spawn(green_t *g, void *arg)
{
    note("%s+%s", (const char *)arg, name_of(g));
}

static void note_switch(green_t *from, green_t *to, void *arg)
{
    note("%s%s>%s", (const char *)arg, name_of(from), name_of(to));
    errno = EILSEQ;
}

static void note_end(green_t *g, void *arg)
{
    note("%s-%s", (const char *)arg, name_of(g));
}

static void set_all(const char *arg)
{
    green_hooks_t hooks = {.on_spawn = note_spawn,
                           .on_switch = note_switch,
                           .on_end = note_end,
                           .arg = text(arg)};

    check_equal(green_set_hooks(&hooks), 0);
}

static green_t *spawn_named(const char *name, void *(*fn)(void *arg), void *arg)
{
    green_options_t options = {.name = name};

    return green_spawn_with(&options, fn, arg);
}

static void *yield_once(void *arg)
{
    green_yield();
    return arg;
}

static void all_that_greenlets_do_is_told_in_order(void **state)
{
    green_t *gs[2];

    (void)state;
    set_all("");
    gs[0] = spawn_named("a", yield_once, NULL);
    gs[1] = spawn_named("b", return_argument, NULL);
    finish_all(gs, 2);
    check_equal(green_set_hooks(NULL), 0);
    check_log("+a +b main>a a>b -b b>a -a a>main");
}

static void without_hooks_nothing_is_told(void **state)
{
    (void)state;
    set_all("");
    check_equal(green_set_hooks(NULL), 0);
    finish(spawn(yield_once, NULL));
    check_log("");
}

static void some_may_be_left_out(void **state)
{
    green_hooks_t ends = {.on_end = note_end, .arg = text("")};
    green_hooks_t none = {.arg = NULL};

    (void)state;
    check_equal(green_set_hooks(&ends), 0);
    finish(spawn_named("a", yield_once, NULL));
    check_log("-a");
    check_equal(green_set_hooks(&none), 0);
    finish(spawn_named("b", yield_once, NULL));
    check_log("");
    green_set_hooks(NULL);
}

static void later_hooks_take_the_place_of_earlier(void **state)
{
    (void)state;
    set_all("1");
    set_all("2");
    finish(spawn_named("a", return_argument, NULL));
    green_set_hooks(NULL);
    check_log("2+a 2main>a 2-a 2a>main");
}

static void check_end(green_t *g, void *arg)
{
    check(green_ready(g));
    check(green_value(g) == arg);
    check_equal(green_error(g), 0);
    note("end");
}

static void *join_and_note(void *g)
{
    void *value = NULL;

    green_join(g, &value, GREEN_FOREVER);
    note("joined");
    return value;
}

static void at_its_end_a_greenlet_has_its_result(void **state)
{
    green_hooks_t hooks = {.on_end = check_end, .arg = text("result")};
    green_t *g, *joiner;

    (void)state;
    g = spawn(return_argument, hooks.arg);
    joiner = spawn(join_and_note, g);
    green_set_hooks(&hooks);
    check_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    green_set_hooks(NULL);
    finish(joiner);
    green_release(g);
    check_log("end joined end");
}

static void the_handle_is_good_at_the_last_switch(void **state)
{
    green_hooks_t hooks = {.on_switch = note_switch, .arg = text("")};

    (void)state;
    green_release(spawn_named("gone", return_argument, NULL));
    green_set_hooks(&hooks);
    settle();
    green_set_hooks(NULL);
    check_log("main>gone gone>main");
}

static void a_link_that_never_was_has_an_end(void **state)
{
    green_t *g = spawn(return_argument, NULL);
    green_hooks_t hooks = {
        .on_spawn = note_spawn, .on_end = note_end, .arg = text("")};

    (void)state;
    green_set_hooks(&hooks);
    check_equal(green_link_error(g, return_argument, NULL), 0);
    finish(g);
    green_set_hooks(NULL);
    check_log("+ - -");
}

static void a_hook_may_change_errno(void **state)
{
    green_hooks_t hooks = {.on_switch = note_switch, .arg = text("")};
    green_t *g = spawn(return_argument, NULL);

    (void)state;
    green_set_hooks(&hooks);
    errno = EXDEV;
    green_yield();
    check_equal(errno, EXDEV);
    green_set_hooks(NULL);
    finish(g);
}

static void *spawn_in_thread(void *arg)
{
    finish(spawn(return_argument, NULL));
    return arg;
}

static void each_thread_has_its_own(void **state)
{
    pthread_t thread;

    (void)state;
    set_all("");
    check_equal(pthread_create(&thread, NULL, spawn_in_thread, NULL), 0);
    check_equal(pthread_join(thread, NULL), 0);
    green_set_hooks(NULL);
    check_log("");
}

static void yield_hook(green_t *g, void *arg)
{
    (void)g, (void)arg;
    green_yield();
}

static void block_in_hook(void *arg)
{
    green_hooks_t hooks = {.on_spawn = yield_hook};

    (void)arg;
    green_set_hooks(&hooks);
    spawn(return_argument, NULL);
}

static void a_hook_that_blocks_aborts(void **state)
{
    (void)state;
    check_aborts(block_in_hook, NULL, "a hook: it blocked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(all_that_greenlets_do_is_told_in_order),
        green_test(without_hooks_nothing_is_told),
        green_test(some_may_be_left_out),
        green_test(later_hooks_take_the_place_of_earlier),
        green_test(at_its_end_a_greenlet_has_its_result),
        green_test(the_handle_is_good_at_the_last_switch),
        green_test(a_link_that_never_was_has_an_end),
        green_test(a_hook_may_change_errno),
        green_test(each_thread_has_its_own),
        green_test(a_hook_that_blocks_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
