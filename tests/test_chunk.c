/* SPDX-License-Identifier: MIT */
/* test_chunk.c - address space for stacks, and the list that is read without a
 * lock. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "child.h"
#include "chunk.h"
#include "guard.h"
#include "stack.h"
#include "switch.h"
#include "sys.h"

enum { MANY = 100 }; /* more than the first two blocks of the list hold */

static size_t stride;

static int set_stride(void **state)
{
    (void)state;
    stride = green__guard_size() + 16 * green__page();
    return 0;
}

/* ---- one chunk ---- */

static void slots_follow_each_other_with_a_guard_below_each(void **state)
{
    struct chunk *c = green__chunk_open(stride);
    char *last = NULL, *end;
    size_t i, n;

    (void)state;
    assert_non_null(c);
    n = green__chunk_slots(c);
    assert_true(n > 1);
    for (i = 0; i < n && i < 200; i++) {
        bool guarded = false;

        end = green__chunk_cut(c, &guarded);
        assert_true(guarded);
        if (last)
            assert_ptr_equal(end, last + stride);
        last = end;
        assert_true(green__stack_is_guard(end - stride));
        assert_true(
            green__stack_is_guard(end - stride + green__guard_size() - 1));
        assert_false(green__stack_is_guard(end - stride + green__guard_size()));
        assert_false(green__stack_is_guard(end - 1));
        end[-1] = 1;
        end[-(ptrdiff_t)stride + (ptrdiff_t)green__guard_size()] = 1;
    }
    green__chunk_close(c);
}

static void nothing_outside_the_slots_is_a_guard(void **state)
{
    struct chunk *c = green__chunk_open(stride);
    char *start, *end;
    bool guarded;
    int here;

    (void)state;
    assert_non_null(c);
    start = green__chunk_cut(c, &guarded) - stride;
    end = start + green__chunk_slots(c) * stride;
    assert_false(green__stack_is_guard(NULL));
    assert_false(green__stack_is_guard(&here));
    assert_false(green__stack_is_guard(start - 1));
    assert_true(green__stack_is_guard(start));
    assert_true(green__stack_is_guard(end - stride));
    assert_false(green__stack_is_guard(end));
    green__chunk_close(c);
    assert_false(green__stack_is_guard(start));
}

static void every_chunk_of_many_is_found(void **state)
{
    struct chunk *chunks[MANY];
    char *guards[MANY];
    bool guarded;
    int i;

    (void)state;
    for (i = 0; i < MANY; i++) {
        chunks[i] = green__chunk_open(stride);
        assert_non_null(chunks[i]);
        guards[i] = green__chunk_cut(chunks[i], &guarded) - stride;
    }
    for (i = 0; i < MANY; i += 2)
        green__chunk_close(chunks[i]);
    for (i = 0; i < MANY; i++)
        assert_int_equal(green__stack_is_guard(guards[i]), i % 2);
    for (i = 1; i < MANY; i += 2)
        green__chunk_close(chunks[i]);
}

static int allocations;

static void *counting_malloc(size_t size)
{
    allocations++;
    return malloc(size);
}

static void entries_of_closed_chunks_are_used_again(void **state)
{
    struct chunk *chunks[MANY];
    int i, round;

    (void)state;
    green__sys.malloc = counting_malloc;
    for (round = 0; round < 3; round++) {
        for (i = 0; i < MANY; i++)
            chunks[i] = green__chunk_open(stride);
        if (round == 0)
            allocations = 0;
        for (i = 0; i < MANY; i++)
            green__chunk_close(chunks[i]);
    }
    green__sys.malloc = malloc;
    if (green__on_valgrind())
        skip(); /* each chunk has a list for it */
    assert_int_equal(allocations, 0);
}

/* ---- too little ---- */

static size_t most; /* bytes that one mapping may have */
static size_t mapped;

static void *narrow_mmap(void *at, size_t size, int protection, int flags,
                         int fd, off_t offset)
{
    void *start;

    if (size > most) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    start = mmap(at, size, protection, flags, fd, offset);
    mapped += start == MAP_FAILED ? 0 : size;
    return start;
}

static int counting_munmap(void *at, size_t size)
{
    mapped -= size;
    return munmap(at, size);
}

static void narrow(size_t bytes)
{
    most = bytes;
    mapped = 0;
    green__sys.mmap = narrow_mmap;
    green__sys.munmap = counting_munmap;
}

static int widen(void **state)
{
    (void)state;
    green__sys.mmap = mmap;
    green__sys.munmap = munmap;
    return 0;
}

static void where_address_space_is_short_chunks_are_smaller(void **state)
{
    struct chunk *c;
    bool guarded;

    (void)state;
    narrow(3 << 20);
    c = green__chunk_open(stride);
    assert_non_null(c);
    assert_true(green__chunk_slots(c) * stride <= 3 << 20);
    assert_true(green__chunk_slots(c) * stride > 1 << 20);
    green__chunk_close(c);
    assert_int_equal(mapped, 0);
    narrow(stride);
    c = green__chunk_open(stride);
    assert_non_null(c);
    assert_int_equal(green__chunk_slots(c), 1);
    green__chunk_cut(c, &guarded)[-1] = 1;
    green__chunk_close(c);
    assert_int_equal(mapped, 0);
}

static void without_address_space_there_is_no_chunk(void **state)
{
    (void)state;
    narrow(stride - 1);
    errno = 0;
    assert_null(green__chunk_open(stride));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(mapped, 0);
}

static void a_stack_larger_than_a_chunk_has_one_of_its_own(void **state)
{
    const size_t large = ((size_t)128 << 20) + green__guard_size();
    struct chunk *c = green__chunk_open(large);
    bool guarded;

    (void)state;
    assert_non_null(c);
    assert_int_equal(green__chunk_slots(c), 1);
    green__chunk_cut(c, &guarded)[-1] = 1;
    assert_true(guarded);
    green__chunk_close(c);
}

static int good_mallocs, failures;

static void *failing_malloc(size_t size)
{
    if (good_mallocs-- > 0)
        return malloc(size);
    failures++;
    errno = ENOMEM;
    return NULL;
}

/* Let the first allocation fail, then the second, until there is no further one:
 * one chunk takes few. */
static struct chunk *open_at_last(void)
{
    const size_t mapped_before = mapped;
    struct chunk *c;
    int n;

    for (n = 0; n < 10; n++) {
        const int failures_before = failures;

        good_mallocs = n;
        errno = 0;
        c = green__chunk_open(stride);
        if (c)
            return c;
        CHECK(failures == failures_before + 1 && errno == ENOMEM);
        CHECK(mapped == mapped_before);
    }
    return NULL;
}

static void fill_the_list(void)
{
    struct chunk *c = NULL, *last;
    int i;

    narrow((size_t)-1);
    green__sys.malloc = failing_malloc;
    for (i = 0; i < 2 * MANY; i++)
        CHECK((c = open_at_last()));
    CHECK(failures > 0);
    last = c;
    green__chunk_close(last);
    CHECK(open_at_last() == last);
}

static void without_memory_there_is_no_chunk_and_with_it_there_is(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(fill_the_list)));
}

/* ---- threads ---- */

static atomic_bool stop;

static void *open_and_close(void *arg)
{
    int i;

    (void)arg;
    for (i = 0; i < 300; i++) {
        struct chunk *a = green__chunk_open(stride);
        struct chunk *b = green__chunk_open(2 * stride);

        if (!a || !b || a == b)
            return (void *)(uintptr_t) "a chunk is missing";
        green__chunk_close(a);
        green__chunk_close(b);
    }
    return NULL;
}

static void *keep_looking(void *fault)
{
    const char *wrong = NULL;

    while (!atomic_load(&stop))
        if (green__stack_is_guard(&wrong) || !green__stack_is_guard(fault))
            wrong = "a wrong answer";
    return (void *)(uintptr_t)wrong;
}

static void threads_open_close_and_look_at_once(void **state)
{
    struct chunk *c = green__chunk_open(stride);
    bool guarded;
    char *guard = green__chunk_cut(c, &guarded) - stride;
    pthread_t changing[2], looking;
    void *wrong;
    int i;

    (void)state;
    assert_int_equal(pthread_create(&looking, NULL, keep_looking, guard), 0);
    for (i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&changing[i], NULL, open_and_close, NULL), 0);
    for (i = 0; i < 2; i++) {
        pthread_join(changing[i], &wrong);
        assert_null(wrong);
    }
    atomic_store(&stop, true);
    pthread_join(looking, &wrong);
    assert_null(wrong);
    green__chunk_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_follow_each_other_with_a_guard_below_each),
        cmocka_unit_test(nothing_outside_the_slots_is_a_guard),
        cmocka_unit_test(every_chunk_of_many_is_found),
        cmocka_unit_test(entries_of_closed_chunks_are_used_again),
        cmocka_unit_test_teardown(
            where_address_space_is_short_chunks_are_smaller, widen),
        cmocka_unit_test_teardown(without_address_space_there_is_no_chunk,
                                  widen),
        cmocka_unit_test(a_stack_larger_than_a_chunk_has_one_of_its_own),
        cmocka_unit_test(without_memory_there_is_no_chunk_and_with_it_there_is),
        cmocka_unit_test(threads_open_close_and_look_at_once),
    };

    return cmocka_run_group_tests(tests, set_stride, NULL);
}
