/* SPDX-License-Identifier: MIT */
/* test_guard.c - guards, on every kind of kernel there is.
 *
 * What a kernel can do is found out once per process, so each test has one of
 * its own, and replaces the calls that the older kernel would lack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "child.h"
#include "guard.h"
#include "switch.h"
#include "sys.h"

enum { GUARDS = 5 };

static char *area; /* GUARDS times a guard, and as much between */
static struct iovec guards[GUARDS];
static unsigned mappings;
static int calls;

static void make_area(void)
{
    const size_t size = green__guard_size();
    unsigned i;

    area = mmap(NULL, 2 * GUARDS * size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    for (i = 0; i < GUARDS; i++)
        guards[i] = (struct iovec){area + 2 * i * size, size};
    memset(area, 1, 2 * GUARDS * size);
}

/* Ask the kernel, which does not raise a signal. */
static bool is_writable(char *at)
{
    int ends[2];
    bool writable;

    CHECK(pipe(ends) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    writable = read(ends[0], at, 1) == 1;
    CHECK(writable || errno == EFAULT);
    close(ends[0]);
    close(ends[1]);
    return writable;
}

/* Of guard i: each page of it, and nothing beside it. */
static bool is_guarded(unsigned i)
{
    const size_t size = green__guard_size();
    char *guard = guards[i].iov_base;
    bool first = is_writable(guard);
    size_t at;

    for (at = 0; at < size; at += green__page())
        CHECK(is_writable(guard + at) == first);
    CHECK(is_writable(guard + size - 1) == first);
    CHECK(is_writable(guard + size));
    CHECK(i == 0 || is_writable(guard - 1));
    return !first;
}

static void check_all_guarded(uint64_t expected_failures)
{
    unsigned i;

    make_area();
    CHECK(green__guard(guards, GUARDS, &mappings) == expected_failures);
    for (i = 0; i < GUARDS; i++)
        CHECK(is_guarded(i) == !(expected_failures >> i & 1));
}

/* ---- kernels ---- */

static ssize_t lacking_many(const struct iovec *ranges, size_t n, int advice)
{
    (void)ranges, (void)n, (void)advice;
    errno = ENOSYS;
    return -1;
}

static ssize_t partial_many(const struct iovec *ranges, size_t n, int advice)
{
    CHECK(n > 1);
    calls++;
    CHECK(madvise(ranges[0].iov_base, ranges[0].iov_len, advice) == 0);
    return (ssize_t)ranges[0].iov_len;
}

static int lacking_advice(void *at, size_t size, int advice)
{
    (void)at, (void)size, (void)advice;
    errno = EINVAL;
    return -1;
}

static int lying_advice(void *at, size_t size, int advice)
{
    (void)at, (void)size, (void)advice;
    return 0;
}

static int failing_protect(void *at, size_t size, int protection)
{
    (void)at, (void)size, (void)protection;
    calls++;
    errno = ENOMEM;
    return -1;
}

static int second_fails(void *at, size_t size, int protection)
{
    return ++calls == 2 ? failing_protect(at, size, protection)
                        : mprotect(at, size, protection);
}

static bool kernel_has_guards(void)
{
    char *page = mmap(NULL, green__page(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool has = madvise(page, green__page(), 102) == 0 && !is_writable(page);

    munmap(page, green__page());
    return has && !green__on_valgrind();
}

/* ---- tests ---- */

static void guard_here(void)
{
    check_all_guarded(0);
    CHECK((mappings == 0) == kernel_has_guards());
}

static void a_guard_cannot_be_written_and_its_neighbours_can(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(guard_here)));
}

static void guard_one_by_one(void)
{
    green__sys.madvise_many = lacking_many;
    check_all_guarded(0);
    CHECK((mappings == 0) == kernel_has_guards());
}

static void guards_do_without_advice_for_many_ranges(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(guard_one_by_one)));
}

static void guard_partially(void)
{
    if (!kernel_has_guards())
        return;
    green__sys.madvise_many = partial_many;
    check_all_guarded(0);
    CHECK(calls == 1);
    CHECK(mappings == 0);
}

static void ranges_that_a_call_did_not_get_to_are_guarded_too(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(guard_partially)));
}

static void guard_by_mprotect(void)
{
    green__sys.madvise = lacking_advice;
    green__sys.madvise_many = lacking_many;
    check_all_guarded(0);
    CHECK(mappings == GUARDS);
}

static void old_kernels_guard_by_mprotect(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(guard_by_mprotect)));
}

static void guard_where_advice_lies(void)
{
    green__sys.madvise = lying_advice;
    check_all_guarded(0);
    CHECK(mappings == GUARDS);
}

static void an_emulator_that_only_says_yes_is_found_out(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(guard_where_advice_lies)));
}

/* As for locked memory: the kernel has guards, but not here. */
static void guard_where_advice_is_refused(void)
{
    unsigned none = 0;

    make_area();
    CHECK(green__guard(guards, 1, &none) == 0);
    green__sys.madvise_many = lacking_many;
    green__sys.madvise = lacking_advice;
    check_all_guarded(0);
    CHECK(mappings == GUARDS);
}

static void memory_that_refuses_the_advice_is_guarded_by_mprotect(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(guard_where_advice_is_refused)));
}

static void fail_one(void)
{
    green__sys.madvise = lacking_advice;
    green__sys.madvise_many = lacking_many;
    green__sys.mprotect = second_fails;
    check_all_guarded(2);
    CHECK(mappings == GUARDS - 1);
}

static void a_guard_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(fail_one)));
}

/* It counts calls instead of making mappings, of which a test makes no 32,768. */
static int pretending_protect(void *at, size_t size, int protection)
{
    (void)at, (void)size, (void)protection;
    calls++;
    return 0;
}

static void use_up_mappings(void)
{
    unsigned i;

    green__sys.madvise = lacking_advice;
    green__sys.madvise_many = lacking_many;
    green__sys.mprotect = pretending_protect;
    make_area();
    for (i = 0; green__guard(guards, GUARDS, &mappings) == 0; i++)
        CHECK(i < 65536 / GUARDS);
    CHECK((unsigned)calls == mappings);
    CHECK(mappings >= (green__on_valgrind() ? 1000 : 8192));
    CHECK(green__guard(guards, GUARDS, &mappings) == (1 << GUARDS) - 1);
    green__guards_gone(GUARDS);
    CHECK(green__guard(guards, GUARDS, &mappings) == 0);
}

static void half_of_the_mappings_are_left_to_the_program(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(use_up_mappings)));
}

static void drop_memory(void)
{
    unsigned i;

    make_area();
    CHECK(green__advise(guards, GUARDS, MADV_DONTNEED) == 0);
    for (i = 0; i < GUARDS; i++)
        CHECK(*(char *)guards[i].iov_base == 0);
    green__sys.madvise_many = lacking_many;
    memset(area, 1, green__guard_size());
    CHECK(green__advise(guards, GUARDS, MADV_DONTNEED) == 0);
    CHECK(area[0] == 0);
    green__sys.madvise = lacking_advice;
    CHECK(green__advise(guards, GUARDS, MADV_DONTNEED) == (1 << GUARDS) - 1);
}

static void advice_reaches_every_range_or_says_which_not(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(drop_memory)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_cannot_be_written_and_its_neighbours_can),
        cmocka_unit_test(guards_do_without_advice_for_many_ranges),
        cmocka_unit_test(ranges_that_a_call_did_not_get_to_are_guarded_too),
        cmocka_unit_test(old_kernels_guard_by_mprotect),
        cmocka_unit_test(an_emulator_that_only_says_yes_is_found_out),
        cmocka_unit_test(memory_that_refuses_the_advice_is_guarded_by_mprotect),
        cmocka_unit_test(a_guard_that_cannot_be_made_is_told),
        cmocka_unit_test(half_of_the_mappings_are_left_to_the_program),
        cmocka_unit_test(advice_reaches_every_range_or_says_which_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
