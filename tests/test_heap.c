/* SPDX-License-Identifier: MIT */
/* test_heap.c - the heap of deadlines, against a list that is kept sorted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "heap.h"
#include "sys.h"

enum { OWNERS = 300, STEPS = 60000 };

struct owner {
    uint32_t place;
    int64_t deadline;
};

static struct owner owners[OWNERS];

/* The model: the owners in the heap, in the order they must leave it. */
static struct owner *sorted[OWNERS];
static size_t n_sorted;

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)(random_state >> 33) % n;
}

static void model_insert(struct owner *o)
{
    size_t i = n_sorted++;

    for (; i > 0 && sorted[i - 1]->deadline > o->deadline; i--)
        sorted[i] = sorted[i - 1];
    sorted[i] = o;
}

static void model_remove(const struct owner *o)
{
    size_t i = 0;

    while (sorted[i] != o)
        i++;
    memmove(&sorted[i], &sorted[i + 1], (--n_sorted - i) * sizeof sorted[0]);
}

static void set_deadline(struct heap *h, struct owner *o, int64_t deadline)
{
    o->deadline = deadline;
    green__heap_insert(h, deadline, &o->place, o);
    model_insert(o);
}

static void drop(struct heap *h, struct owner *o)
{
    green__heap_remove(h, &o->place);
    model_remove(o);
}

static void assert_like_model(const struct heap *h)
{
    assert_int_equal(h->n, n_sorted);
    if (n_sorted)
        assert_ptr_equal(h->entries[0].owner, sorted[0]);
}

/* place == index + 1, and no child before its parent. */
static void assert_sound(const struct heap *h)
{
    for (uint32_t i = 0; i < h->n; i++) {
        const struct heap_entry *e = &h->entries[i];
        const struct heap_entry *parent = &h->entries[i ? (i - 1) / 4 : 0];

        assert_int_equal(*e->place, i + 1);
        assert_true(parent->deadline <= e->deadline);
    }
}

static int start_empty(void **state)
{
    static struct heap heap;

    memset(owners, 0, sizeof owners);
    n_sorted = 0;
    memset(&heap, 0, sizeof heap);
    *state = &heap;
    return green__heap_reserve(&heap, OWNERS);
}

static int free_heap(void **state)
{
    struct heap *h = *state;

    free(h->entries);
    return 0;
}

/* ---- tests ---- */

static void random_insertions_and_removals_keep_the_order(void **state)
{
    struct heap *h = *state;

    for (uint64_t seed = 1; seed <= 3; seed++) {
        random_state = seed;
        for (int step = 0; step < STEPS / 3; step++) {
            struct owner *o = &owners[random_below(OWNERS)];

            if (o->place)
                drop(h, o);
            else
                set_deadline(h, o, random_below(50));
            assert_like_model(h);
            if (step % 100 == 0)
                assert_sound(h);
        }
    }
}

static void all_leave_in_order_after_random_removals(void **state)
{
    struct heap *h = *state;

    random_state = 42;
    for (int i = 0; i < OWNERS; i++)
        set_deadline(h, &owners[i], random_below(20));
    for (int i = 0; i < OWNERS; i += 3)
        drop(h, &owners[i]);
    while (n_sorted) {
        assert_like_model(h);
        drop(h, h->entries[0].owner);
    }
    assert_int_equal(h->n, 0);
}

static void equal_deadlines_leave_in_the_order_they_came(void **state)
{
    struct heap *h = *state;

    for (int i = 0; i < OWNERS; i++)
        green__heap_insert(h, 7, &owners[i].place, &owners[i]);
    for (int i = 0; i < OWNERS; i++) {
        assert_ptr_equal(h->entries[0].owner, &owners[i]);
        green__heap_remove(h, &owners[i].place);
    }
}

static void one_that_comes_back_goes_behind_its_equals(void **state)
{
    struct heap *h = *state;

    for (int i = 0; i < 3; i++)
        set_deadline(h, &owners[i], 5);
    drop(h, &owners[0]);
    set_deadline(h, &owners[0], 5);
    for (int i = 1; i <= 3; i++) {
        assert_ptr_equal(h->entries[0].owner, &owners[i % 3]);
        drop(h, &owners[i % 3]);
    }
}

static void the_extreme_deadlines_are_in_order_too(void **state)
{
    static const int64_t deadlines[] = {INT64_MAX, 0, INT64_MIN, -1,
                                        INT64_MAX - 1};
    struct heap *h = *state;

    for (int i = 0; i < 5; i++)
        set_deadline(h, &owners[i], deadlines[i]);
    while (n_sorted) {
        assert_like_model(h);
        drop(h, sorted[0]);
    }
}

static void a_removed_owner_has_place_zero(void **state)
{
    struct heap *h = *state;

    for (int i = 0; i < 10; i++)
        set_deadline(h, &owners[i], i);
    drop(h, &owners[4]);
    assert_int_equal(owners[4].place, 0);
    drop(h, &owners[9]);
    assert_int_equal(owners[9].place, 0);
    assert_sound(h);
}

static void reserving_keeps_what_is_there(void **state)
{
    struct heap *h = *state;

    for (int i = 0; i < 10; i++)
        set_deadline(h, &owners[i], 10 - i);
    assert_int_equal(green__heap_reserve(h, 100000), 0);
    assert_true(h->room >= 100000);
    assert_like_model(h);
    assert_sound(h);
}

static void *no_memory(void *old, size_t size)
{
    (void)old, (void)size;
    errno = ENOMEM;
    return NULL;
}

static void without_memory_nothing_changes(void **state)
{
    struct heap *h = *state;
    const struct heap before = *h;

    set_deadline(h, &owners[0], 1);
    green__sys.realloc = no_memory;
    errno = 0;
    assert_int_equal(green__heap_reserve(h, h->room + 1), -1);
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(green__heap_reserve(h, h->room), 0);
    green__sys.realloc = realloc;
    assert_ptr_equal(h->entries, before.entries);
    assert_int_equal(h->room, before.room);
    assert_like_model(h);
}

#define HEAP_TEST(test) \
    cmocka_unit_test_setup_teardown(test, start_empty, free_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HEAP_TEST(random_insertions_and_removals_keep_the_order),
        HEAP_TEST(all_leave_in_order_after_random_removals),
        HEAP_TEST(equal_deadlines_leave_in_the_order_they_came),
        HEAP_TEST(one_that_comes_back_goes_behind_its_equals),
        HEAP_TEST(the_extreme_deadlines_are_in_order_too),
        HEAP_TEST(a_removed_owner_has_place_zero),
        HEAP_TEST(reserving_keeps_what_is_there),
        HEAP_TEST(without_memory_nothing_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
