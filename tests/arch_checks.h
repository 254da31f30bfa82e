/* SPDX-License-Identifier: MIT */
/* arch_checks.h - what every file of arch/ must do, without a test library, so
 * that it also runs where there is none: test_arch.c wraps these checks for
 * cmocka, arch_plain.c runs them alone, on emulated CPUs.
 *
 * A check returns NULL, or what failed. */
#ifndef GREEN_ARCH_CHECKS_H
#define GREEN_ARCH_CHECKS_H

#include <fenv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unwind.h>
#include "switch.h"

#define TEXT_OF(x) #x
#define LINE_TEXT(line) TEXT_OF(line)
#define CHECK(x)                                        \
    do {                                                \
        if (!(x))                                       \
            return "line " LINE_TEXT(__LINE__) ": " #x; \
    } while (0)

/* ---- contexts: number 0 is main's, and does not use its stack ---- */

enum { CONTEXTS = 7, STACK_BYTES = 65536 };

static struct context {
    void *sp;
    _Alignas(64) char stack[STACK_BYTES];
} contexts[CONTEXTS];

static unsigned starting;        /* the number of the one that begins */
static unsigned rounds = 1000;   /* of what is done often */
static const char *side_failure; /* what was seen on another stack */

static void *top_of(unsigned n)
{
    return contexts[n].stack + STACK_BYTES;
}

/* Once, so that Valgrind does not take a switch for a jump within main's. */
static void tell_valgrind(unsigned n)
{
    const uintptr_t request[6] = {0x1501, (uintptr_t)contexts[n].stack,
                                  (uintptr_t)top_of(n)};

    if (!contexts[n].sp)
        green__valgrind(request);
    contexts[n].sp = top_of(n);
}

static void begin(unsigned n, void *(*entry)(void))
{
    tell_valgrind(n);
    starting = n;
    green__start(&contexts[0].sp, top_of(n), entry, green__control());
}

static void go(unsigned from, unsigned to)
{
    green__switch(&contexts[from].sp, contexts[to].sp);
}

static _Noreturn void finish(const char *failure)
{
    if (failure)
        side_failure = failure;
    green__leave(contexts[0].sp);
}

/* ---- registers ----
 *
 * More values are alive across a switch than any CPU has registers to keep
 * them in, and each is different in each context, so that a register that a
 * switch forgets is missed.  They come from memory that the compiler cannot
 * see through, and are compared with it again. */

#define ALL(X)                                                             \
    X(0)                                                                   \
    X(1)                                                                   \
    X(2)                                                                   \
    X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) \
        X(16) X(17)

static volatile uintptr_t int_source[18];
static volatile double double_source[18];

static void seed(unsigned n)
{
    unsigned i;

    for (i = 0; i < 18; i++) {
        int_source[i] = (uintptr_t)0x9e3779b9U * (n * 18 + i + 1);
        double_source[i] = 1.5 * (n * 18 + i) + 0.25;
    }
}

#define LOAD_INT(i) uintptr_t int_##i = int_source[i];
#define TEST_INT(i) ok = (int_##i == int_source[i]) & ok;
#define LOAD_DOUBLE(i) double double_##i = double_source[i];
#define TEST_DOUBLE(i) ok = (double_##i == double_source[i]) & ok;

__attribute__((noinline)) static bool hold_ints(unsigned from, unsigned to)
{
    bool ok = true;

    seed(from);
    ALL(LOAD_INT)
    go(from, to);
    seed(from);
    ALL(TEST_INT)
    return ok;
}

__attribute__((noinline)) static bool hold_doubles(unsigned from, unsigned to)
{
    bool ok = true;

    seed(from);
    ALL(LOAD_DOUBLE)
    go(from, to);
    seed(from);
    ALL(TEST_DOUBLE)
    return ok;
}

__attribute__((noinline)) static bool hold_frame(unsigned from, unsigned to)
{
    void *volatile frame = __builtin_frame_address(0);

    go(from, to);
    return frame == __builtin_frame_address(0);
}

static bool hold_all(unsigned from, unsigned to)
{
    bool ints = hold_ints(from, to), doubles = hold_doubles(from, to);

    return hold_frame(from, to) && ints && doubles;
}

/* Each passes on to the next; so it goes round once per hold of main's. */
static void *ring_entry(void)
{
    unsigned n = starting;

    go(n, 0);
    for (;;)
        if (!hold_all(n, (n + 1) % CONTEXTS))
            side_failure = "a register was lost on another stack";
    return NULL;
}

static const char *check_registers(void)
{
    unsigned n, i;

    side_failure = NULL;
    for (n = 1; n < CONTEXTS; n++)
        begin(n, ring_entry);
    for (i = 0; i < rounds; i++)
        CHECK(hold_all(0, 1));
    return side_failure;
}

/* What a switch into a context restores, leaving another must restore too. */
static void *leaving_entry(void)
{
    seed(99);
    finish(NULL);
    return NULL;
}

/* So must returning from the outermost function. */
static void *returning_entry(void)
{
    seed(99);
    return contexts[0].sp;
}

#define START(n, entry) \
    green__start(&contexts[0].sp, top_of(n), entry, green__control());

__attribute__((noinline)) static bool start_and_leave_ints(void *(*entry)(void))
{
    bool ok = true;

    seed(0);
    ALL(LOAD_INT)
    START(1, entry)
    seed(0);
    ALL(TEST_INT)
    return ok;
}

__attribute__((noinline)) static bool
start_and_leave_doubles(void *(*entry)(void))
{
    bool ok = true;

    seed(0);
    ALL(LOAD_DOUBLE)
    START(1, entry)
    seed(0);
    ALL(TEST_DOUBLE)
    return ok;
}

static const char *check_leaving(void)
{
    side_failure = NULL;
    CHECK(start_and_leave_ints(leaving_entry));
    CHECK(start_and_leave_doubles(leaving_entry));
    return NULL;
}

static const char *check_returning(void)
{
    CHECK(start_and_leave_ints(returning_entry));
    CHECK(start_and_leave_doubles(returning_entry));
    return NULL;
}

/* ---- beginnings ---- */

static volatile unsigned begun;

static const char *look_around(unsigned n)
{
    char *frame = __builtin_frame_address(0);
    _Alignas(16) volatile char aligned[16];

    aligned[0] = 0;
    CHECK((uintptr_t)aligned % 16 == 0);
    CHECK((uintptr_t)frame % (2 * sizeof(void *)) == 0);
    CHECK(frame > contexts[n].stack);
    CHECK(frame <= (char *)top_of(n));
    CHECK(frame > (char *)top_of(n) - 1024);
    return NULL;
}

/* Those who follow frame pointers stop at one that is 0. */
static const char *look_at_chain(void **frame)
{
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
    CHECK(frame[0] == NULL);
#endif
    CHECK(frame[1] != NULL);
    return NULL;
}

static void *looking_entry(void)
{
    const char *failure = look_at_chain(__builtin_frame_address(0));

    begun++;
    finish(failure ? failure : look_around(starting));
    return NULL;
}

static const char *check_start(void)
{
    side_failure = NULL;
    begun = 0;
    begin(1, looking_entry);
    CHECK(begun == 1);
    return side_failure;
}

static void *restarting_entry(void)
{
    if (begun++ < rounds)
        green__restart(top_of(starting), restarting_entry, green__control());
    finish(look_around(starting));
    return NULL;
}

static const char *check_restart(void)
{
    side_failure = NULL;
    begun = 0;
    begin(2, restarting_entry);
    CHECK(begun == rounds + 1);
    return side_failure;
}

/* ---- the floating-point environment ---- */

static volatile double one = 1, minus_one = -1, three = 3;
static volatile long double long_one = 1, long_minus_one = -1, long_three = 3;

/* Does the CPU round as it is told to, in each of its units?  Where numbers are
 * rounded up, a third and minus a third do not add up to nothing. */
static const char *look_at_rounding(int mode)
{
    CHECK(fegetround() == mode);
    CHECK((one / three + minus_one / three > 0) == (mode == FE_UPWARD));
    CHECK((long_one / long_three + long_minus_one / long_three > 0) ==
          (mode == FE_UPWARD));
    return NULL;
}

#if defined(__x86_64__) || defined(__i386__)
static void set_flush(bool on)
{
    unsigned word = __builtin_ia32_stmxcsr();

    __builtin_ia32_ldmxcsr(on ? word | 0x8000 : word & ~0x8000U);
}
#elif defined(__aarch64__)
static void set_flush(bool on)
{
    uint64_t word;

    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    word = on ? word | 1 << 24 : word & ~(UINT64_C(1) << 24);
    __asm__ volatile("msr fpcr, %0" : : "r"(word));
}
#else
static void set_flush(bool on)
{
    (void)on;
}
#endif

static volatile double smallest_normal = 2.2250738585072014e-308, half = 0.5;

__attribute__((noinline)) static bool flushes(void)
{
    return smallest_normal * half == 0;
}

/* Some emulators, and Valgrind, do not. */
static bool can_flush(void)
{
    bool can;

    set_flush(true);
    can = flushes();
    set_flush(false);
    return can;
}

static bool flush_expected;

static void *rounding_entry(void)
{
    const char *failure = look_at_rounding(FE_TONEAREST);

    if (flushes())
        failure = "a new context flushes to zero";
    fesetround(FE_UPWARD);
    go(1, 0);
    if (!failure)
        failure = look_at_rounding(FE_UPWARD);
    fesetround(FE_TONEAREST);
    set_flush(true);
    go(1, 0);
    if (!failure)
        failure = look_at_rounding(FE_TONEAREST);
    if (flushes() != flush_expected)
        failure = "flush to zero was lost";
    fesetround(FE_DOWNWARD);
    finish(failure);
    return NULL;
}

static const char *check_rounding(void)
{
    const char *failure;
    unsigned i;

    if (green__on_valgrind())
        return NULL; /* it always rounds to the nearest */
    side_failure = NULL;
    flush_expected = can_flush();
    begin(1, rounding_entry);
    for (i = 0; i < 2; i++) {
        failure = look_at_rounding(FE_TONEAREST);
        if (failure)
            return failure;
        CHECK(!flushes());
        go(0, 1);
    }
    CHECK(!flushes());
    return side_failure ? side_failure : look_at_rounding(FE_TONEAREST);
}

static int control_seen;

static void *control_entry(void)
{
    control_seen = fegetround();
    if (begun++ == 0) {
        fesetround(FE_DOWNWARD);
        green__restart(top_of(1), control_entry, green__control());
    }
    finish(flushes() ? "flushes to zero" : NULL);
    return NULL;
}

static void *rounding_returning_entry(void)
{
    fesetround(FE_UPWARD);
    return contexts[0].sp;
}

/* A new context has the control words it was given, not its starter's, and who
 * goes on after it has its own, also if it has returned. */
static const char *check_control(void)
{
    uint64_t plain = green__control();

    side_failure = NULL;
    begun = 1;
    fesetround(FE_UPWARD);
    set_flush(true);
    green__start(&contexts[0].sp, top_of(1), control_entry, plain);
    CHECK(control_seen == FE_TONEAREST);
    CHECK(fegetround() == FE_UPWARD);
    CHECK(green__control() != plain);
    set_flush(false);
    fesetround(FE_TONEAREST);
    if (side_failure)
        return side_failure;
    begun = 0;
    begin(1, control_entry);
    CHECK(control_seen == FE_DOWNWARD);
    CHECK(fegetround() == FE_TONEAREST);
    CHECK(green__control() == plain);
    begin(1, rounding_returning_entry);
    CHECK(green__control() == plain);
    return NULL;
}

static void *flagging_entry(void)
{
    volatile double zero = 0, infinite;

    fesetround(FE_DOWNWARD);
    go(1, 0);
    infinite = one / zero;
    (void)infinite;
    finish(NULL);
    return NULL;
}

/* Flags are no part of the control words, or nothing would ever be equal; they
 * are the thread's, and stay when control words change. */
static const char *check_flags(void)
{
    volatile double inexact;
    uint64_t control;

    if (green__on_valgrind())
        return NULL; /* it keeps no flags */
    side_failure = NULL;
    feclearexcept(FE_ALL_EXCEPT);
    control = green__control();
    inexact = one / three;
    (void)inexact;
    CHECK(green__control() == control);
    feclearexcept(FE_ALL_EXCEPT);
    begin(1, flagging_entry);
    CHECK(!fetestexcept(FE_DIVBYZERO));
    go(0, 1);
    CHECK(fetestexcept(FE_DIVBYZERO));
    feclearexcept(FE_ALL_EXCEPT);
    return side_failure;
}

static void *trapping_entry(void)
{
    long_three = long_one / long_three;
    go(1, 0);
    long_three = long_one / long_three;
    finish(NULL);
    return NULL;
}

static void divide_by_zero(void)
{
    long_three = long_one / (long_one - long_one);
    long_three = 3;
}

/* A context that wants a signal for a division by zero must not get it for one
 * that another context made. */
static const char *check_traps(void)
{
    uint64_t trapping;

    if (feenableexcept(FE_DIVBYZERO) < 0)
        return NULL; /* this CPU does not trap */
    trapping = green__control();
    fedisableexcept(FE_DIVBYZERO);
    divide_by_zero();
    starting = 1;
    green__start(&contexts[0].sp, top_of(1), trapping_entry, trapping);
    divide_by_zero();
    go(0, 1);
    CHECK(fegetexcept() == 0);
    feclearexcept(FE_ALL_EXCEPT);
    return NULL;
}

/* ---- unwinding ---- */

static unsigned frames_seen;
static _Unwind_Reason_Code unwind_end;
static volatile int after_unwinding;

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context,
                                       void *arg)
{
    (void)arg;
    frames_seen += _Unwind_GetIP(context) != 0;
    return frames_seen < 1000 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

__attribute__((noinline)) static void unwind_deep(int depth)
{
    if (depth > 0)
        unwind_deep(depth - 1);
    else
        unwind_end = _Unwind_Backtrace(count_frame, NULL);
    after_unwinding = depth; /* not a tail call */
}

static void *unwinding_entry(void)
{
    frames_seen = 0;
    unwind_deep(10);
    finish(NULL);
    return NULL;
}

/* Eleven, the entry, and what called that. */
static const char *check_unwinding(void)
{
    begin(1, unwinding_entry);
    CHECK(unwind_end == _URC_END_OF_STACK);
    CHECK(frames_seen == 13);
    return NULL;
}

/* ---- Valgrind ---- */

static const char *check_valgrind(void)
{
    const uintptr_t running[6] = {0x1001}, unknown[6] = {0};

    CHECK(green__valgrind(running) < 3); /* how many Valgrinds we run on */
    CHECK(green__valgrind(unknown) == 0);
    return NULL;
}

/* ---- all of them ---- */

static const struct arch_check {
    const char *name;
    const char *(*check)(void);
} arch_checks[] = {
    {"a switch keeps every register that a caller relies on", check_registers},
    {"leaving a context for good restores the other's registers",
     check_leaving},
    {"returning from the outermost function restores them, too",
     check_returning},
    {"a context begins at the top of its stack, aligned", check_start},
    {"a context that is over can begin anew on the same stack", check_restart},
    {"rounding and flush to zero are a context's own", check_rounding},
    {"a context begins with the control words it was given", check_control},
    {"control words have no exception flags in them", check_flags},
    {"a context does not trap for what another did", check_traps},
    {"unwinding ends where the context began", check_unwinding},
    {"requests to Valgrind are answered with 0 by the CPU", check_valgrind},
};

enum { ARCH_CHECKS = sizeof arch_checks / sizeof arch_checks[0] };

#endif
