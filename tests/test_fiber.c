/* SPDX-License-Identifier: MIT */
/* test_fiber.c - what sanitizers are told of greenlets.
 *
 * This program has a sanitizer's functions, as a sanitized one would, but they
 * only note what they are told.  In a program that is sanitized itself the real
 * ones are there, and every other test is a test of this.  See also
 * test_sanitizers.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "green.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||   \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer) || \
    HAS_FEATURE(memory_sanitizer)

int main(void)
{
    return 0;
}

#else

void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t size);
void __sanitizer_finish_switch_fiber(void *fake, const void **low,
                                     size_t *size);
void __msan_start_switch_fiber(const void *low, size_t size);
void __msan_finish_switch_fiber(const void **low, size_t *size);
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_destroy_fiber(void *fiber);

/* ---- a runtime that believes what it is told ---- */

enum { CONTEXTS = 64 };

/* The stacks that were switched to, by their low ends; main's is [0]. */
static struct context {
    const char *low;
    size_t size;
    int token; /* what its fake stack pointer was when it was left; 0: none */
} contexts[CONTEXTS];

static char main_bounds[4096]; /* main's stack, so this runtime says */
static unsigned n_contexts, running, leaving_for;
static int tokens, starts, finishes, ends, msan_starts, msan_finishes;
static const char *wrong;

static void expect(bool so, const char *what)
{
    if (!so && !wrong)
        wrong = what;
}

static unsigned context_at(const char *low, size_t size)
{
    unsigned i;

    for (i = 0; i < n_contexts && contexts[i].low != low; i++)
        ;
    if (i == n_contexts && n_contexts < CONTEXTS - 1)
        contexts[n_contexts++] = (struct context){low, size, 0};
    expect(contexts[i].size == size, "a stack has two sizes");
    return i;
}

static void forget(void)
{
    memset(contexts, 0, sizeof contexts);
    contexts[0] = (struct context){main_bounds, sizeof main_bounds, 0};
    n_contexts = 1;
    running = 0;
    starts = finishes = ends = msan_starts = msan_finishes = 0;
    wrong = NULL;
}

static void *as_pointer(int token)
{
    return token ? (char *)contexts + token : NULL;
}

void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t size)
{
    starts++;
    ends += fake == NULL;
    contexts[running].token = fake ? ++tokens : 0;
    if (fake)
        *fake = as_pointer(tokens);
    leaving_for = context_at(low, size);
}

void __sanitizer_finish_switch_fiber(void *fake, const void **low, size_t *size)
{
    finishes++;
    expect(fake == as_pointer(contexts[leaving_for].token),
           "a fake stack is another's");
    *low = contexts[running].low;
    *size = contexts[running].size;
    running = leaving_for;
}

static const void *msan_low;
static size_t msan_size;

void __msan_start_switch_fiber(const void *low, size_t size)
{
    msan_starts++;
    msan_low = low;
    msan_size = size;
}

void __msan_finish_switch_fiber(const void **low, size_t *size)
{
    msan_finishes++;
    expect(msan_low == contexts[running].low, "MSan is told of another stack");
    expect(msan_size == contexts[running].size, "MSan is told another size");
    (void)low, (void)size;
}

/* Fibers are numbers; 1 is main's. */
static int fibers = 1, fiber_now = 1, fibers_alive = 1, fiber_switches;
static bool is_alive[1000] = {false, true};

void *__tsan_get_current_fiber(void)
{
    return (void *)(intptr_t)fiber_now;
}

void *__tsan_create_fiber(unsigned flags)
{
    expect(flags == 0, "a fiber with flags");
    fibers_alive++;
    is_alive[++fibers] = true;
    return (void *)(intptr_t)fibers;
}

void __tsan_switch_to_fiber(void *fiber, unsigned flags)
{
    expect(flags == 0, "a switch that does not synchronise");
    fiber_now = (int)(intptr_t)fiber;
    expect(is_alive[fiber_now], "a switch to a fiber that is not");
    fiber_switches++;
}

void __tsan_destroy_fiber(void *fiber)
{
    int f = (int)(intptr_t)fiber;

    expect(f != 1, "main's fiber was destroyed");
    expect(f != fiber_now, "the running fiber was destroyed");
    expect(is_alive[f], "a fiber was destroyed twice");
    is_alive[f] = false;
    fibers_alive--;
}

/* ---- greenlets ---- */

static const char *running_low(void)
{
    return contexts[running].low;
}

static bool is_on_running_stack(const void *local)
{
    return (uintptr_t)local - (uintptr_t)running_low() < contexts[running].size;
}

static void *yield_thrice(void *arg)
{
    char local = 0;
    int i, fiber = fiber_now;

    for (i = 0; i < 3; i++) {
        expect(is_on_running_stack(&local), "another stack runs");
        expect(fiber_now == fiber, "another fiber runs");
        green_yield();
    }
    return arg;
}

static int start_over(void **state)
{
    (void)state;
    green_self();
    forget();
    return 0;
}

static void run(int n)
{
    green_t *gs[16];
    int i;

    for (i = 0; i < n; i++)
        gs[i] = green_spawn(yield_thrice, NULL);
    assert_int_equal(green_joinall(gs, (size_t)n, GREEN_FOREVER), 0);
    green_releaseall(gs, (size_t)n);
}

static void every_switch_is_told_with_the_stack_it_goes_to(void **state)
{
    (void)state;
    run(5);
    assert_string_equal(wrong ? wrong : "", "");
    assert_true(starts >= 5 * 4);
    assert_int_equal(starts, finishes);
    assert_int_equal(n_contexts, 6);
    assert_int_equal(running, 0);
}

static void a_greenlet_that_ends_gives_its_fake_stack_up(void **state)
{
    (void)state;
    run(5);
    assert_int_equal(ends, 5);
    run(2);
    assert_int_equal(ends, 7);
}

/* A stack is used again, and the fake stack of its former owner is not. */
static void a_stack_used_again_begins_without_a_fake_stack(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 5; i++)
        run(1);
    assert_string_equal(wrong ? wrong : "", "");
    assert_int_equal(n_contexts, 2);
}

static void memory_sanitizer_is_told_the_same(void **state)
{
    (void)state;
    run(5);
    assert_string_equal(wrong ? wrong : "", "");
    assert_int_equal(msan_starts, starts);
    assert_int_equal(msan_finishes, finishes);
}

static void each_greenlet_is_a_fiber_from_its_start_to_its_end(void **state)
{
    int before = fibers, switches = fiber_switches;

    (void)state;
    run(5);
    assert_string_equal(wrong ? wrong : "", "");
    assert_int_equal(fibers, before + 5);
    assert_int_equal(fiber_switches - switches, starts);
    assert_int_equal(fiber_now, 1);
    run(1); /* those of ended greenlets go at the latest with the next end */
    assert_in_range(fibers_alive, 1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_switch_is_told_with_the_stack_it_goes_to,
                               start_over),
        cmocka_unit_test_setup(a_greenlet_that_ends_gives_its_fake_stack_up,
                               start_over),
        cmocka_unit_test_setup(a_stack_used_again_begins_without_a_fake_stack,
                               start_over),
        cmocka_unit_test_setup(memory_sanitizer_is_told_the_same, start_over),
        cmocka_unit_test_setup(
            each_greenlet_is_a_fiber_from_its_start_to_its_end, start_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
