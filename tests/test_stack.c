/* SPDX-License-Identifier: MIT */
/* test_stack.c - stacks: their sizes, their promises, their reuse. */
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
#include "stack.h"
#include "sys.h"

enum { KIB = 1024, MANY = 300 };

static struct stacks stacks;
static void *tops[MANY];

static void attach_all(int class, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        CHECK(green__stack_reserve(&stacks, class) == 0);
        tops[i] = green__stack_attach(&stacks, class);
    }
}

static void detach_all(int class, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        green__stack_detach(&stacks, class, tops[i]);
        green__stack_unreserve(&stacks, class);
    }
}

static int close_stacks(void **state)
{
    (void)state;
    green__stacks_close(&stacks);
    return 0;
}

/* ---- the world, counted, and made to fail ---- */

static struct sys plain;
static int calls;
static bool failing;
static size_t mapped;

static bool fails(void)
{
    calls++;
    if (failing)
        errno = ENOMEM;
    return failing;
}

static void *counted_malloc(size_t size)
{
    return fails() ? NULL : plain.malloc(size);
}

static void *counted_realloc(void *old, size_t size)
{
    return fails() ? NULL : plain.realloc(old, size);
}

static void *counted_mmap(void *at, size_t size, int protection, int flags,
                          int fd, off_t offset)
{
    void *start = MAP_FAILED;

    if (!fails())
        start = plain.mmap(at, size, protection, flags, fd, offset);
    mapped += start == MAP_FAILED ? 0 : size;
    return start;
}

static int counted_munmap(void *at, size_t size)
{
    calls++;
    mapped -= size;
    return plain.munmap(at, size);
}

static int counted_mprotect(void *at, size_t size, int protection)
{
    return fails() ? -1 : plain.mprotect(at, size, protection);
}

static int counted_madvise(void *at, size_t size, int advice)
{
    return fails() ? -1 : plain.madvise(at, size, advice);
}

static ssize_t counted_many(const struct iovec *ranges, size_t n, int advice)
{
    return fails() ? -1 : plain.madvise_many(ranges, n, advice);
}

static int64_t time_now;

static int64_t told_now(void)
{
    return time_now;
}

static int count_calls(void **state)
{
    (void)state;
    plain = green__sys;
    green__sys.malloc = counted_malloc;
    green__sys.realloc = counted_realloc;
    green__sys.mmap = counted_mmap;
    green__sys.munmap = counted_munmap;
    green__sys.mprotect = counted_mprotect;
    green__sys.madvise = counted_madvise;
    green__sys.madvise_many = counted_many;
    green__sys.now = told_now;
    calls = 0;
    mapped = 0;
    failing = false;
    return 0;
}

static int close_counted(void **state)
{
    failing = false;
    close_stacks(state);
    green__sys = plain;
    return mapped == 0 ? 0 : -1;
}

/* ---- sizes ---- */

static void a_class_is_the_next_power_of_two(void **state)
{
    const size_t page = green__page();
    size_t n;

    (void)state;
    for (n = 64 * KIB; n <= 64 * KIB * KIB; n *= 4) {
        assert_true(n % page == 0);
        assert_int_equal(green__stack_size(green__stack_class(n)), n);
        assert_int_equal(green__stack_size(green__stack_class(n - 1)), n);
        assert_int_equal(green__stack_size(green__stack_class(n + 1)), 2 * n);
    }
}

static void no_stack_is_tiny(void **state)
{
    (void)state;
    assert_int_equal(green__stack_class(1), green__stack_class(16 * KIB));
    assert_true(green__stack_size(green__stack_class(1)) >= 16 * KIB);
    assert_true(green__stack_class(16 * KIB + 1) >
                green__stack_class(16 * KIB));
}

static void a_size_that_cannot_be_is_refused(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(green__stack_class(SIZE_MAX), -1);
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_int_equal(green__stack_class(SIZE_MAX / 2), -1);
    assert_int_equal(errno, ENOMEM);
}

static void a_size_there_is_no_address_space_for_fails_at_reserve(void **state)
{
    int class = green__stack_class(SIZE_MAX >> 17);

    (void)state;
    if (class < 0)
        return;
    errno = 0;
    assert_int_equal(green__stack_reserve(&stacks, class), -1);
    assert_int_equal(errno, ENOMEM);
}

static const char *size_text;

static char *told_size(const char *name)
{
    CHECK(strcmp(name, "GREEN_STACK_SIZE") == 0);
    return (char *)(uintptr_t)size_text;
}

static size_t size_wanted;

static void ask_for_default(void)
{
    green__sys.getenv = told_size;
    CHECK(green__stack_size(green__stack_class(0)) == size_wanted);
    size_text = "1M";
    CHECK(green__stack_size(green__stack_class(0)) == size_wanted);
}

static void the_default_size_is_the_environments(void **state)
{
    const size_t usual = sizeof(void *) == 8 ? 256 * KIB : 64 * KIB;
    const size_t page = green__page();
    const struct {
        const char *text;
        size_t size;
    } cases[] = {{NULL, usual},
                 {"", usual},
                 {"131072", 128 * KIB},
                 {"128K", 128 * KIB},
                 {"100k", 128 * KIB},
                 {"2m", 2048 * KIB},
                 {"0", usual},
                 {"-1", usual},
                 {"many", usual},
                 {"128KB", usual},
                 {"128 K", usual},
                 {"K", usual},
                 {"99999999999999999999999", usual},
                 {"9999999999999M", usual},
                 {"1", page > 16 * KIB ? page : 16 * KIB}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_text = cases[i].text;
        size_wanted = cases[i].size;
        assert_true(went_well(run_in_child(ask_for_default)));
    }
}

/* ---- what a stack is ---- */

static void a_stack_is_writable_from_its_top_to_its_low_end(void **state)
{
    int class;

    (void)state;
    for (class = green__stack_class(1); class <= 20; class ++) {
        size_t size = green__stack_size(class);
        char *low, *top;
        int i;

        attach_all(class, 40);
        for (i = 0; i < 40; i++) {
            top = tops[i];
            low = green__stack_low(class, top);
            assert_int_equal((uintptr_t)top % 16, 0);
            assert_int_equal((uintptr_t)low % green__page(), 0);
            assert_true((size_t)(top - low) <= size);
            assert_true((size_t)(top - low) > size - 2 * KIB);
            low[0] = top[-1] = 1;
            assert_true(green__stack_is_guard(low - 1));
            assert_true(green__stack_is_guard(low - green__guard_size()));
            assert_false(green__stack_is_guard(low));
            assert_false(green__stack_is_guard(top - 1));
        }
        detach_all(class, 40);
    }
}

static void stacks_do_not_overlap(void **state)
{
    int class = green__stack_class(1), i;

    (void)state;
    attach_all(class, MANY);
    for (i = 0; i < MANY; i++)
        memset(green__stack_low(class, tops[i]), i & 127,
               (size_t)((char *)tops[i] -
                        (char *)green__stack_low(class, tops[i])));
    for (i = 0; i < MANY; i++) {
        assert_int_equal(((char *)tops[i])[-1], i & 127);
        assert_int_equal(*(char *)green__stack_low(class, tops[i]), i & 127);
    }
    detach_all(class, MANY);
}

static void tops_are_spread_over_the_cache(void **state)
{
    int class = green__stack_class(0), i;
    unsigned lines[64] = {0}, used = 0;

    (void)state;
    attach_all(class, 64);
    for (i = 0; i < 64; i++)
        lines[(uintptr_t)tops[i] / 64 % 64]++;
    for (i = 0; i < 64; i++) {
        used += lines[i] > 0;
        assert_true(lines[i] <= 4);
    }
    assert_true(used >= 16);
    detach_all(class, 64);
}

static void overflow_first(void)
{
    int class = green__stack_class(1);

    attach_all(class, 1);
    ((volatile char *)green__stack_low(class, tops[0]))[-1] = 1;
}

static void overflow_far(void)
{
    int class = green__stack_class(1);

    attach_all(class, 100);
    ((volatile char *)green__stack_low(class, tops[99]))[-60 * KIB] = 1;
}

static void touching_a_guard_is_a_fault(void **state)
{
    (void)state;
    assert_true(died_of(run_in_child(overflow_first), SIGSEGV));
    assert_true(died_of(run_in_child(overflow_far), SIGSEGV));
}

/* ---- reuse ---- */

static void the_stack_given_back_last_is_taken_first(void **state)
{
    int class = green__stack_class(0);
    void *a, *b, *c;

    (void)state;
    attach_all(class, 3);
    a = tops[0], b = tops[1], c = tops[2];
    green__stack_detach(&stacks, class, b);
    green__stack_detach(&stacks, class, c);
    green__stack_detach(&stacks, class, a);
    assert_int_equal(stacks.cached, 3);
    assert_ptr_equal(green__stack_attach(&stacks, class), a);
    assert_ptr_equal(green__stack_attach(&stacks, class), c);
    assert_ptr_equal(green__stack_attach(&stacks, class), b);
    assert_int_equal(stacks.cached, 0);
    detach_all(class, 3);
}

static void reuse_makes_no_call(void **state)
{
    int class = green__stack_class(0), i;

    (void)state;
    attach_all(class, MANY);
    calls = 0;
    for (i = 0; i < 3; i++) {
        detach_all(class, MANY);
        attach_all(class, MANY);
    }
    assert_int_equal(calls, 0);
    detach_all(class, MANY);
}

static void
what_lies_on_a_stack_given_back_stays_until_it_is_taken(void **state)
{
    int class = green__stack_class(0);
    char *low;

    (void)state;
    attach_all(class, 1);
    low = green__stack_low(class, tops[0]);
    memset(low, 7, 64 * KIB);
    detach_all(class, 1);
    green__stacks_trim(&stacks);
    assert_int_equal(low[0], 7);
    assert_int_equal(low[64 * KIB - 1], 7);
}

static void classes_do_not_mix(void **state)
{
    int small = green__stack_class(64 * KIB), large = small + 1;
    void *a, *b;

    (void)state;
    assert_int_equal(green__stack_reserve(&stacks, small), 0);
    assert_int_equal(green__stack_reserve(&stacks, large), 0);
    a = green__stack_attach(&stacks, small);
    green__stack_detach(&stacks, small, a);
    b = green__stack_attach(&stacks, large);
    assert_ptr_not_equal(a, b);
    assert_true((size_t)((char *)b - (char *)green__stack_low(large, b)) >
                green__stack_size(small));
    green__stack_detach(&stacks, large, b);
    green__stack_unreserve(&stacks, small);
    green__stack_unreserve(&stacks, large);
}

/* ---- promises ---- */

static void a_promised_stack_can_be_had_when_nothing_else_can(void **state)
{
    int class = green__stack_class(0), i;

    (void)state;
    for (i = 0; i < MANY; i++)
        assert_int_equal(green__stack_reserve(&stacks, class), 0);
    failing = true;
    for (i = 0; i < MANY; i++) {
        tops[i] = green__stack_attach(&stacks, class);
        ((char *)tops[i])[-1] = 1;
    }
    for (i = 0; i < MANY; i++)
        green__stack_detach(&stacks, class, tops[i]);
    for (i = 0; i < MANY; i++)
        green__stack_unreserve(&stacks, class);
}

/* Fail at the first call that can, then the second, ... until none is left. */
static int calls_left;

static void *fail_late_malloc(size_t size)
{
    failing = calls_left-- == 0;
    return counted_malloc(size);
}

static void *fail_late_realloc(void *old, size_t size)
{
    failing = calls_left-- == 0;
    return counted_realloc(old, size);
}

static void *fail_late_mmap(void *at, size_t size, int protection, int flags,
                            int fd, off_t offset)
{
    failing = calls_left <= 0;
    calls_left -= !failing;
    return counted_mmap(at, size, protection, flags, fd, offset);
}

static void a_promise_that_fails_changes_nothing(void **state)
{
    int class = green__stack_class(0), n;

    (void)state;
    green__sys.malloc = fail_late_malloc;
    green__sys.realloc = fail_late_realloc;
    green__sys.mmap = fail_late_mmap;
    for (n = 0;; n++) {
        size_t before = mapped;

        calls_left = n;
        errno = 0;
        if (green__stack_reserve(&stacks, class) == 0)
            break;
        assert_int_equal(errno, ENOMEM);
        assert_int_equal(mapped, before);
        assert_true(n < 10);
    }
    assert_true(n >= 2);
    failing = false;
    calls_left = 1000;
    ((char *)green__stack_attach(&stacks, class))[-1] = 1;
}

static int reallocs;

static void *count_realloc(void *old, size_t size)
{
    reallocs++;
    return counted_realloc(old, size);
}

/* 300 stacks of 16 MiB, in a hundred chunks. */
static void room_for_what_is_given_back_is_doubled_each_time(void **state)
{
    int class = green__stack_class(16 << 20), i;

    (void)state;
    reallocs = 0;
    green__sys.realloc = count_realloc;
    for (i = 0; i < 300; i++)
        assert_int_equal(green__stack_reserve(&stacks, class), 0);
    assert_in_range(reallocs, 1, 10);
    for (i = 0; i < 300; i++)
        green__stack_unreserve(&stacks, class);
}

static void promises_are_kept_in_any_order(void **state)
{
    int class = green__stack_class(0), i;

    (void)state;
    attach_all(class, MANY);
    detach_all(class, MANY);
    calls = 0;
    for (i = 0; i < MANY; i++)
        assert_int_equal(green__stack_reserve(&stacks, class), 0);
    assert_int_equal(calls, 0);
    for (i = 0; i < MANY; i++)
        green__stack_unreserve(&stacks, class);
}

/* ---- giving memory back ---- */

static void write_all(int class, int n, int text)
{
    int i;

    for (i = 0; i < n; i++)
        *(char *)green__stack_low(class, tops[i]) = (char)text;
}

static int count_written(int class, int n)
{
    int i, count = 0;

    for (i = 0; i < n; i++)
        count += *(char *)green__stack_low(class, tops[i]) != 0;
    return count;
}

static int ranges_told;

static ssize_t told_many(const struct iovec *ranges, size_t n, int advice)
{
    ranges_told += advice == MADV_DONTNEED ? (int)n : 0;
    return plain.madvise_many(ranges, n, advice);
}

static void idle_for(int64_t duration)
{
    int64_t end = time_now + duration;

    for (; time_now < end; time_now += 50000000)
        green__stacks_trim(&stacks);
}

static void long_idle_stacks_lose_their_memory_but_some_stay_warm(void **state)
{
    int class = green__stack_class(0);

    (void)state;
    green__sys.madvise_many = told_many;
    ranges_told = 0;
    attach_all(class, MANY);
    write_all(class, MANY, 1);
    detach_all(class, MANY);
    green__stacks_trim(&stacks);
    assert_int_equal(count_written(class, MANY), MANY);
    idle_for(60 * INT64_C(1000000000));
    assert_in_range(count_written(class, MANY), 32, 128);
    assert_int_equal(*(char *)green__stack_low(class, tops[MANY - 1]), 1);
    assert_int_equal(*(char *)green__stack_low(class, tops[0]), 0);
    idle_for(60 * INT64_C(1000000000));
    assert_in_range(ranges_told, 1, MANY);
}

static void a_trimmed_stack_can_be_used_again(void **state)
{
    int class = green__stack_class(0);

    (void)state;
    green__sys.madvise_many = told_many;
    ranges_told = 0;
    attach_all(class, MANY);
    write_all(class, MANY, 1);
    detach_all(class, MANY);
    idle_for(60 * INT64_C(1000000000));
    attach_all(class, MANY);
    write_all(class, MANY, 2);
    assert_int_equal(count_written(class, MANY), MANY);
    detach_all(class, MANY);
    idle_for(60 * INT64_C(1000000000));
    assert_in_range(count_written(class, MANY), 32, 128);
}

static void stacks_that_are_needed_again_and_again_stay_warm(void **state)
{
    int class = green__stack_class(0), i;

    (void)state;
    green__sys.madvise_many = told_many;
    ranges_told = 0;
    for (i = 0; i < 200; i++) {
        attach_all(class, MANY);
        detach_all(class, MANY);
        time_now += 10000000;
        green__stacks_trim(&stacks);
    }
    assert_int_equal(ranges_told, 0);
}

static void a_trim_is_short(void **state)
{
    int class = green__stack_class(1), i;
    void **many = plain.malloc(5000 * sizeof *many);

    (void)state;
    for (i = 0; i < 5000; i++) {
        assert_int_equal(green__stack_reserve(&stacks, class), 0);
        many[i] = green__stack_attach(&stacks, class);
    }
    for (i = 0; i < 5000; i++)
        green__stack_detach(&stacks, class, many[i]);
    plain.free(many);
    green__sys.madvise_many = told_many;
    for (i = 0; i < 100; i++) {
        time_now += INT64_C(1000000000);
        ranges_told = 0;
        green__stacks_trim(&stacks);
        assert_in_range(ranges_told, 0, 1000);
    }
}

/* ---- many ---- */

static int count_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int n = 0, c;

    while (maps && (c = getc(maps)) != EOF)
        n += c == '\n';
    if (maps)
        fclose(maps);
    return n;
}

static void attach_very_many(void)
{
    int class = green__stack_class(0), before, i;

    attach_all(class, 1);
    before = count_mappings();
    for (i = 0; i < 4000; i++) {
        CHECK(green__stack_reserve(&stacks, class) == 0);
        green__stack_attach(&stacks, class);
    }
    CHECK(stacks.unguarded == 0);
    CHECK(count_mappings() - before < 40);
}

/* ThreadSanitizer makes mappings of its own for each of ours. */
void __tsan_init(void) __attribute__((weak));

/* Where guards are mappings there are more of these; see test_guard.c. */
static void probe_only(void)
{
    struct iovec page = {mmap(NULL, green__guard_size(), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                         green__guard_size()};
    unsigned mappings = 0;

    CHECK(green__guard(&page, 1, &mappings) == 0);
    CHECK(mappings == 0);
}

static void thousands_of_guarded_stacks_need_few_mappings(void **state)
{
    (void)state;
    if (__tsan_init || WEXITSTATUS(run_in_child(probe_only)->status) != 0)
        skip();
    assert_true(went_well(run_in_child(attach_very_many)));
}

static void nothing_stays_mapped_after_close(void **state)
{
    int class = green__stack_class(0);
    char *guard;

    (void)state;
    attach_all(class, 1);
    guard = (char *)green__stack_low(class, tops[0]) - 1;
    detach_all(class, 1);
    attach_all(class + 1, MANY);
    detach_all(class + 1, MANY);
    assert_true(green__stack_is_guard(guard));
    green__stacks_close(&stacks);
    assert_false(green__stack_is_guard(guard));
    assert_int_equal(mapped, 0);
    assert_int_equal(stacks.cached, 0);
    attach_all(class, 1);
    detach_all(class, 1);
}

/* ---- no guards at all ---- */

static int no_protect(void *at, size_t size, int protection)
{
    (void)at, (void)size, (void)protection;
    errno = ENOMEM;
    return -1;
}

static int no_advice(void *at, size_t size, int advice)
{
    (void)at, (void)size, (void)advice;
    errno = EINVAL;
    return -1;
}

static ssize_t no_advice_many(const struct iovec *ranges, size_t n, int advice)
{
    (void)ranges, (void)n, (void)advice;
    errno = EINVAL;
    return -1;
}

static void take_guards_away(void)
{
    green__sys.madvise_many = no_advice_many;
    green__sys.madvise = no_advice;
    green__sys.mprotect = no_protect;
}

static void use_unguarded(void)
{
    int class = green__stack_class(0), i;

    take_guards_away();
    for (i = 0; i < 3; i++) {
        attach_all(class, 10);
        CHECK(stacks.unguarded == 10);
        ((char *)tops[0])[-1] = 1;
        ((char *)green__stack_low(class, tops[0]))[64] = 1;
        detach_all(class, 10);
    }
    green__stacks_close(&stacks);
    CHECK(stacks.unguarded == 0);
}

static void stacks_without_guards_are_counted(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(use_unguarded)));
}

static void overflow_unguarded(void)
{
    int class = green__stack_class(0);

    take_guards_away();
    attach_all(class, 2);
    memset((char *)green__stack_low(class, tops[1]) - 100, 0, 200);
    detach_all(class, 2);
}

static void an_overflow_without_a_guard_is_found_at_the_end(void **state)
{
    const struct outcome *o = run_in_child(overflow_unguarded);

    (void)state;
    assert_true(died_of(o, SIGABRT));
    assert_non_null(strstr(o->text, "libgreen: "));
    assert_non_null(strstr(o->text, "overflowed its stack"));
}

static void guard_again(void)
{
    const struct sys before = green__sys;
    int class = green__stack_class(0), i;

    attach_all(class, 1);
    take_guards_away();
    attach_all(class, 100);
    CHECK(stacks.unguarded > 50 && stacks.unguarded < 100);
    green__sys = before;
    for (i = 0; i < 150; i++)
        attach_all(class, 1);
    CHECK(stacks.unguarded < 150);
    ((volatile char *)green__stack_low(class, tops[0]))[-1] = 1;
}

static void guards_are_made_again_when_they_can_be(void **state)
{
    (void)state;
    assert_true(died_of(run_in_child(guard_again), SIGSEGV));
}

#define counted(test) \
    cmocka_unit_test_setup_teardown(test, count_calls, close_counted)
#define closed(test) cmocka_unit_test_teardown(test, close_stacks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_is_the_next_power_of_two),
        cmocka_unit_test(no_stack_is_tiny),
        cmocka_unit_test(a_size_that_cannot_be_is_refused),
        counted(a_size_there_is_no_address_space_for_fails_at_reserve),
        cmocka_unit_test(the_default_size_is_the_environments),
        closed(a_stack_is_writable_from_its_top_to_its_low_end),
        closed(stacks_do_not_overlap),
        closed(tops_are_spread_over_the_cache),
        cmocka_unit_test(touching_a_guard_is_a_fault),
        closed(the_stack_given_back_last_is_taken_first),
        counted(reuse_makes_no_call),
        counted(what_lies_on_a_stack_given_back_stays_until_it_is_taken),
        closed(classes_do_not_mix),
        counted(a_promised_stack_can_be_had_when_nothing_else_can),
        counted(a_promise_that_fails_changes_nothing),
        counted(room_for_what_is_given_back_is_doubled_each_time),
        counted(promises_are_kept_in_any_order),
        counted(long_idle_stacks_lose_their_memory_but_some_stay_warm),
        counted(a_trimmed_stack_can_be_used_again),
        counted(stacks_that_are_needed_again_and_again_stay_warm),
        counted(a_trim_is_short),
        cmocka_unit_test(thousands_of_guarded_stacks_need_few_mappings),
        counted(nothing_stays_mapped_after_close),
        cmocka_unit_test(stacks_without_guards_are_counted),
        cmocka_unit_test(an_overflow_without_a_guard_is_found_at_the_end),
        cmocka_unit_test(guards_are_made_again_when_they_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
