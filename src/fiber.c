/* SPDX-License-Identifier: MIT */
/* fiber.c - layer 2: tell the sanitizers which stack runs.
 *
 * The runtime of a sanitizer is in the program, not in the library: its
 * functions are weak here, and those that are there are called.
 *
 * The thread's own stack has no bounds that we know.  AddressSanitizer and
 * MemorySanitizer do, and tell them to the greenlet that arrives from it. */
#include "fiber.h"
#include <signal.h>
#include "sys.h"

#define WEAK __attribute__((weak))

void __sanitizer_start_switch_fiber(void **fake, const void *low,
                                    size_t size) WEAK;
void __sanitizer_finish_switch_fiber(void *fake, const void **low,
                                     size_t *size) WEAK;
void __msan_start_switch_fiber(const void *low, size_t size) WEAK;
void __msan_finish_switch_fiber(const void **low, size_t *size) WEAK;
void __asan_unpoison_memory_region(const volatile void *at, size_t n) WEAK;
void *__tsan_get_current_fiber(void) WEAK;
void *__tsan_create_fiber(unsigned flags) WEAK;
void __tsan_switch_to_fiber(void *fiber, unsigned flags) WEAK;
void __tsan_destroy_fiber(void *fiber) WEAK;

/* Of this thread: the greenlet that was left last; where its own stack is, known
 * since it was left for the first time; and for ThreadSanitizer, its signal mask
 * while it is amid a switch, and whether that goes to a new fiber. */
static _Thread_local struct {
    green_t *left;
    const void *low;
    size_t size;
    sigset_t mask;
    bool is_new;
} here __attribute__((tls_model("initial-exec")));

bool green__fiber_active(void)
{
    return __sanitizer_start_switch_fiber || __msan_start_switch_fiber ||
           __tsan_switch_to_fiber;
}

static const void *stack_of(green_t *g, size_t *size)
{
    if (!g->stack) {
        *size = here.size;
        return here.low;
    }
    *size = green__stack_size(g->stack_class);
    return green__stack_low(g->stack_class, g->stack);
}

/* ---- ThreadSanitizer and signals ----
 *
 * It keeps a signal for the fiber to which it came, until that makes a call that
 * it knows: a fiber that is left with one may never make any.  And a signal is lost
 * that comes while it makes a place for them, in the first call of a fiber that
 * may wait (so does that of gcc 12 and of clang 14).
 *
 * So no signal comes from before a fiber is left until the next one has its place.
 * Holding them lets in those that were kept.  Those that are somebody's own fault
 * are never kept, and must not be held. */

static void hold_signals(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    sigset_t held;
    size_t i;

    sigfillset(&held);
    for (i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&held, faults[i]);
    pthread_sigmask(SIG_BLOCK, &held, &here.mask);
}

static void let_signals_in(void)
{
    if (here.is_new)
        green__sys.poll(NULL, 0, 0); /* it may wait, the place is made */
    here.is_new = false;
    pthread_sigmask(SIG_SETMASK, &here.mask, NULL);
}

void green__fiber_open(void)
{
    if (!__tsan_switch_to_fiber)
        return;
    hold_signals();
    here.is_new = true;
    let_signals_in();
}

/* ---- from one to another ---- */

/* ThreadSanitizer counts calls and returns for each fiber, so this one must
 * not be counted: it is called by one and returns to another. */
__attribute__((no_sanitize("thread"))) static inline void
switch_tsan(green_t *from, green_t *to)
{
    if (!from->fiber)
        from->fiber = __tsan_get_current_fiber();
    hold_signals();
    here.is_new = !to->fiber;
    if (!to->fiber)
        to->fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(to->fiber, 0);
}

__attribute__((no_sanitize("thread"))) void
green__fiber_leave(green_t *from, green_t *to, bool for_good)
{
    size_t size;
    const void *low = stack_of(to, &size);

    here.left = from;
    if (__sanitizer_start_switch_fiber)
        __sanitizer_start_switch_fiber(for_good ? NULL : &from->fake_stack, low,
                                       size);
    if (__msan_start_switch_fiber)
        __msan_start_switch_fiber(low, size);
    if (!__tsan_switch_to_fiber)
        return;
    switch_tsan(from, to);
    if (for_good)
        green__fiber_free(from);
}

void green__fiber_arrive(green_t *self)
{
    const void *low = NULL;
    size_t size = 0;

    if (__sanitizer_finish_switch_fiber)
        __sanitizer_finish_switch_fiber(self->fake_stack, &low, &size);
    if (__msan_finish_switch_fiber)
        __msan_finish_switch_fiber(&low, &size);
    if (here.left == &self->hub->main && size) {
        here.low = low;
        here.size = size;
    }
    if (__tsan_switch_to_fiber)
        let_signals_in();
}

/* AddressSanitizer has not seen how the frames on the thread's stack went. */
void green__fiber_unwound(green_t *from, green_t *main)
{
    if (from != main) {
        green__fiber_leave(from, main, true);
        green__fiber_arrive(main);
    }
    if (__asan_unpoison_memory_region && here.size)
        __asan_unpoison_memory_region(here.low, here.size);
}

void green__fiber_free(green_t *g)
{
    if (g->fiber && g != &g->hub->main)
        __tsan_destroy_fiber(g->fiber);
    g->fiber = NULL;
    g->fake_stack = NULL;
}
