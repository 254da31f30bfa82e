/* SPDX-License-Identifier: MIT */
/* test_greenlet.c - a greenlet's life: spawn, state, end, handle, join. */
#include "support.h"

#include <fenv.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

/* ---- bodies ---- */

static void *fail_with_text(void *arg)
{
    (void)arg;
    green_fail(EIO, "disk %d of %s", 3, "array");
}

static void give_up_with(void *value)
{
    if (value)
        green_exit(value);
}

static void *exit_early(void *arg)
{
    give_up_with(arg);
    note("unreachable");
    return NULL;
}

static void *spawn_two(void *arg)
{
    note("parent");
    check_equal(green_go(note_argument, text("child1")), 0);
    check_equal(green_go(note_argument, text("child2")), 0);
    return arg;
}

static void *sleep_a_second(void *arg)
{
    check_equal(green_sleep(GREEN_SEC), 0);
    return arg;
}

/* ---- spawn ---- */

/* gevent: test__api.py TestTimers.test_spawn_is_not_cancelled */
static void
spawn_never_switches_the_child_runs_when_its_spawner_stops(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(note_argument, text("child"));
    note("spawned");
    green_yield();
    note("yielded");
    check_log("spawned child yielded");
    finish(g);
}

static void
children_run_in_the_order_of_their_spawning_breadth_first(void **state)
{
    green_t *gs[2];

    (void)state;
    gs[0] = spawn(spawn_two, NULL);
    gs[1] = spawn(note_argument, text("sibling"));
    settle();
    check_log("parent sibling child1 child2");
    finish_all(gs, 2);
}

/* gevent: test__greenlet.py TestBasic.test_spawn_non_callable */
static void spawning_what_cannot_be_fails(void **state)
{
    green_options_t options = {.delay = 5};

    (void)state;
    check(green_spawn(NULL, NULL) == NULL && errno == EINVAL);
    check(green_spawn_with(&options, NULL, NULL) == NULL && errno == EINVAL);
    check(green_spawn_with(NULL, NULL, NULL) == NULL && errno == EINVAL);
    options.copy = 1;
    check(green_spawn_with(&options, return_argument, NULL) == NULL &&
          errno == EINVAL);
    options.copy = 0;
    options.stack_size = SIZE_MAX;
    check(green_spawn_with(&options, return_argument, NULL) == NULL &&
          errno == ENOMEM);
    check_fails(green_go(NULL, NULL), EINVAL);
}

static void a_greenlet_without_a_handle_runs_and_is_gone(void **state)
{
    uint64_t before = count_greenlets();

    (void)state;
    check_equal(green_go(note_argument, text("gone")), 0);
    check_equal(count_greenlets(), before + 1);
    settle();
    check_equal(count_greenlets(), before);
    check_log("gone");
}

/* gevent: test__api.py TestTimers.test_timer_fired */
static void a_delayed_greenlet_runs_once_its_delay_has_passed(void **state)
{
    green_options_t options = {.delay = 20 * GREEN_MS};
    green_t *g;

    (void)state;
    clock_take();
    g = green_spawn_with(&options, note_argument, text("late"));
    check_equal(green_sleep(19 * GREEN_MS), 0);
    check(!green_started(g));
    note("before");
    check_equal(green_sleep(2 * GREEN_MS), 0);
    check_log("before late");
    finish(g);
}

struct number {
    max_align_t alignment;
    int value;
};

static void *note_copied_number(void *copy)
{
    struct number *number = copy;

    check_equal((uintptr_t)copy % alignof(max_align_t), 0);
    note("%d", number->value);
    number->value = 0;
    return NULL;
}

static void a_copied_argument_lives_on_the_new_stack(void **state)
{
    green_options_t options = {.copy = sizeof(struct number)};
    struct number number = {.value = 1};
    green_t *gs[2];

    (void)state;
    gs[0] = green_spawn_with(&options, note_copied_number, &number);
    number.value = 2;
    gs[1] = green_spawn_with(&options, note_copied_number, &number);
    number.value = 3;
    finish_all(gs, 2);
    check_log("1 2");
    check_equal(number.value, 3);
}

static void *use_much_stack(void *arg)
{
    volatile char big[1024 * 1024];

    for (size_t i = 0; i < sizeof big; i += 1024)
        big[i] = 1;
    return big[1024] ? arg : NULL;
}

static void a_stack_is_as_large_as_asked_for(void **state)
{
    green_options_t options = {.stack_size = 2 * 1024 * 1024};
    int one;

    (void)state;
    check(finish(green_spawn_with(&options, use_much_stack, &one)) == &one);
}

static void *count_up(void *count)
{
    green_yield();
    ++*(int *)count;
    return NULL;
}

/* Is there in a program that ThreadSanitizer watches, to which a greenlet is
 * as dear as a thread. */
void __tsan_init(void) __attribute__((weak));

static void ten_thousand_greenlets_live_at_once(void **state)
{
    static green_t *gs[10000];
    size_t n = __tsan_init ? 100 : ARRAY_SIZE(gs);
    int count = 0;

    (void)state;
    for (size_t i = 0; i < n; i++)
        gs[i] = spawn(count_up, &count);
    check_equal(count_greenlets(), n + 1);
    finish_all(gs, n);
    check_equal(count, n);
}

/* ---- state and end ---- */

/* gevent: test__greenlet.py TestBasic.test_simple_exit, and
 * TestDeadPropertyDuringSwitch by what the greenlet sees of itself */
static void *look_at_self(void *arg)
{
    check(green_started(green_self()));
    check(!green_ready(green_self()));
    green_yield();
    return arg;
}

static void the_state_of_a_greenlet_that_returns(void **state)
{
    int value;
    green_t *g;

    (void)state;
    g = spawn(look_at_self, &value);
    check(!green_started(g) && !green_ready(g) && !green_successful(g));
    green_yield();
    check(green_started(g) && !green_ready(g) && !green_successful(g));
    check(green_value(g) == NULL);
    settle();
    check(green_started(g) && green_ready(g) && green_successful(g));
    check(!green_killed(g) && green_value(g) == &value);
    check_equal(green_error(g), 0);
    green_release(g);
}

/* gevent: test__greenlet.py TestBasic.test_error_exit */
static void the_state_of_a_greenlet_that_fails(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(fail_with_text, NULL);
    settle();
    check(green_ready(g) && !green_successful(g) && !green_killed(g));
    check(green_value(g) == NULL);
    check_equal(green_error(g), EIO);
    check_text(green_error_text(g), "disk 3 of array");
    green_release(g);
}

static void exit_ends_a_greenlet_from_inside_a_call_with_its_value(void **state)
{
    int value;

    (void)state;
    check(finish(spawn(exit_early, &value)) == &value);
    check_log("");
}

static void exit_in_child(void *arg)
{
    green_exit(arg);
}

static void fail_in_child(void *arg)
{
    (void)arg;
    green_fail(EIO, "no");
}

static void main_cannot_exit_or_fail(void **state)
{
    (void)state;
    check_aborts(exit_in_child, NULL, "green_exit");
    check_aborts(fail_in_child, NULL, "green_fail");
}

static void *spawner(void *arg)
{
    green_go(sleep_a_second, NULL);
    return arg;
}

static void the_end_of_a_spawner_leaves_its_children_alone(void **state)
{
    (void)state;
    clock_take();
    finish(spawn(spawner, NULL));
    check_equal(count_greenlets(), 2);
    check_equal(green_sleep(2 * GREEN_SEC), 0);
    check_equal(count_greenlets(), 1);
}

/* ---- errno and rounding are the greenlet's own ---- */

static void *keep_errno(void *arg)
{
    check_equal(errno, 0);
    errno = EXDEV;
    green_yield();
    check_equal(errno, EXDEV);
    return arg;
}

/* gevent: test__exc_info.py test1 */
static void errno_belongs_to_the_greenlet(void **state)
{
    green_t *gs[3];

    (void)state;
    errno = ENOTTY;
    for (int i = 0; i < 2; i++)
        gs[i] = spawn(keep_errno, NULL);
    gs[2] = spawn(fail_with_text, NULL);
    check_equal(errno, ENOTTY);
    check_equal(green_joinall(gs, 3, GREEN_FOREVER), 0);
    check_equal(errno, ENOTTY);
    green_releaseall(gs, 3);
    check_equal(errno, ENOTTY);
}

static void *round_upward(void *arg)
{
    check_equal(fegetround(), FE_TONEAREST);
    fesetround(FE_UPWARD);
    green_yield();
    check_equal(fegetround(), FE_UPWARD);
    return arg;
}

static void the_rounding_mode_belongs_to_the_greenlet(void **state)
{
    green_t *gs[2];

    (void)state;
    gs[0] = spawn(round_upward, NULL);
    gs[1] = spawn(round_upward, NULL);
    green_yield();
    check_equal(fegetround(), FE_TONEAREST);
    finish_all(gs, 2);
    check_equal(fegetround(), FE_TONEAREST);
}

/* ---- handles, ids, names ---- */

static void
a_handle_outlives_its_greenlet_by_as_long_as_it_is_held(void **state)
{
    int value;
    green_t *g;

    (void)state;
    g = spawn(return_argument, &value);
    check(green_retain(g) == g);
    settle();
    green_release(g);
    finish_all((green_t *[]){spawn(return_argument, NULL)}, 1);
    check(green_value(g) == &value);
    green_release(g);
}

static void releasing_never_kills(void **state)
{
    (void)state;
    green_release(NULL);
    green_release(spawn(note_argument, text("ran")));
    settle();
    check_log("ran");
}

static void an_id_is_never_used_twice_and_main_is_1(void **state)
{
    uint64_t last = green_id(green_self());

    (void)state;
    check_equal(last, 1);
    for (int i = 0; i < 1000; i++) {
        green_t *g = spawn(return_argument, NULL);

        check(green_id(g) > last);
        last = green_id(g);
        finish(g);
    }
}

static void *rename_self(void *arg)
{
    char name[8] = "second";

    check_text(green_name(green_self()), "first");
    green_set_name(name);
    memset(name, 'x', sizeof name - 1);
    check_text(green_name(green_self()), "second");
    return arg;
}

static void names_are_copied(void **state)
{
    char name[8] = "first";
    green_options_t options = {.name = name};
    green_t *g;

    (void)state;
    g = green_spawn_with(&options, rename_self, NULL);
    memset(name, 'x', sizeof name - 1);
    finish(g);
}

static void *note_self(void *out)
{
    *(green_t **)out = green_self();
    return NULL;
}

static void self_is_the_running_greenlet(void **state)
{
    green_t *seen = NULL, *g;

    (void)state;
    g = spawn(note_self, &seen);
    settle();
    check(seen == g && green_self() != g);
    finish(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(spawn_never_switches_the_child_runs_when_its_spawner_stops),
        green_test(children_run_in_the_order_of_their_spawning_breadth_first),
        green_test(spawning_what_cannot_be_fails),
        green_test(a_greenlet_without_a_handle_runs_and_is_gone),
        green_test(a_delayed_greenlet_runs_once_its_delay_has_passed),
        green_test(a_copied_argument_lives_on_the_new_stack),
        green_test(a_stack_is_as_large_as_asked_for),
        green_test(ten_thousand_greenlets_live_at_once),
        green_test(the_state_of_a_greenlet_that_returns),
        green_test(the_state_of_a_greenlet_that_fails),
        green_test(exit_ends_a_greenlet_from_inside_a_call_with_its_value),
        green_test(main_cannot_exit_or_fail),
        green_test(the_end_of_a_spawner_leaves_its_children_alone),
        green_test(errno_belongs_to_the_greenlet),
        green_test(the_rounding_mode_belongs_to_the_greenlet),
        green_test(a_handle_outlives_its_greenlet_by_as_long_as_it_is_held),
        green_test(releasing_never_kills),
        green_test(an_id_is_never_used_twice_and_main_is_1),
        green_test(names_are_copied),
        green_test(self_is_the_running_greenlet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
