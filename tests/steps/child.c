/* SPDX-License-Identifier: MIT */
/* child.c - what is done while signals arrive. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include "../arch_checks.h"
#include "green.h"

enum { FEW = 3 };

volatile long came[2];
const char *volatile complaint;
static char alternate[65536];

static void complain(const char *what)
{
    if (!complaint)
        complaint = what;
}

/* More doubles alive than there are registers, and 2 KiB of what no context may
 * mistake for its own. */
static void spoil(void)
{
    volatile char below[2048];

    memset((char *)(uintptr_t)below, 0xa5, sizeof below);
    seed(77);
    ALL(LOAD_DOUBLE)
    double_source[0] = double_0 + double_5 + double_17;
    seed(78);
    double_source[1] = double_1 + double_2 + double_3 + double_4 + double_6 +
                       double_7 + double_8 + double_9 + double_10 + double_11 +
                       double_12 + double_13 + double_14 + double_15 +
                       double_16;
    fesetround(FE_UPWARD);
}

/* The seeds are those of who was interrupted. */
static void on_signal(int signo)
{
    uintptr_t ints[18];
    double doubles[18];
    const char here = 0;
    int error = errno;
    bool apart = &here >= alternate && &here < alternate + sizeof alternate;

    memcpy(ints, (const void *)(uintptr_t)int_source, sizeof ints);
    memcpy(doubles, (const void *)(uintptr_t)double_source, sizeof doubles);
    came[signo == APART]++;
    if (apart != (signo == APART))
        complain("a handler ran on the wrong stack");
    if (green_now() <= 0 || green_version()[0] != '0')
        complain("a call in a handler failed");
    green_has_hub();
    spoil();
    errno = error;
    memcpy((void *)(uintptr_t)int_source, ints, sizeof ints);
    memcpy((void *)(uintptr_t)double_source, doubles, sizeof doubles);
}

static void take_signals(void)
{
    const stack_t apart = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_handler = on_signal;
    sigaction(HERE, &a, NULL);
    a.sa_flags = SA_ONSTACK;
    sigaction(APART, &a, NULL);
    sigaltstack(&apart, NULL);
}

/* A greenlet that yields keeps its registers, and stays itself. */
static void *hold_and_yield(void *arg)
{
    unsigned n = *(const unsigned *)arg;
    green_t *self = green_self();

    for (int i = 0; i < FEW; i++) {
        seed(n);
        ALL(LOAD_INT)
        ALL(LOAD_DOUBLE)
        bool ok = green_yield() == 0 && green_self() == self;

        seed(n);
        ALL(TEST_INT)
        ALL(TEST_DOUBLE)
        if (!ok)
            complain("a greenlet lost a register, or is another one");
    }
    return arg;
}

/* Some begin while others wait, some on the stack of one that has just ended. */
static void use_greenlets(void)
{
    static unsigned numbers[] = {1, 2, 3, 4, 5, 6};
    green_t *gs[6];

    for (int i = 0; i < 3; i++)
        gs[i] = green_spawn(hold_and_yield, &numbers[i]);
    green_yield();
    for (int i = 3; i < 6; i++)
        gs[i] = green_spawn(hold_and_yield, &numbers[i]);
    if (green_joinall(gs, 6, GREEN_FOREVER) != 0)
        complain("a greenlet was lost");
    for (int i = 0; i < 6; i++)
        if (green_value(gs[i]) != &numbers[i])
            complain("a greenlet has another's result");
    green_releaseall(gs, 6);
}

void be_traced(void)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    take_signals();
    rounds = FEW;
    raise(SIGSTOP);
    for (int i = 0; i < ARCH_CHECKS; i++) {
        const char *failure = arch_checks[i].check();

        if (failure)
            complain(failure);
    }
    use_greenlets();
    raise(SIGSTOP);
    _exit(0);
}
