/* SPDX-License-Identifier: MIT */
/* mask.c - which signals all tasks block: those the kernel must keep.
 *
 * Counted per signal, since there may be ten thousand tasks. */
#include "mask.h"

enum { SIGNALS = 64 };

static unsigned blockers[SIGNALS];

static void count(uint64_t signals, unsigned by)
{
    for (; signals; signals &= signals - 1)
        blockers[__builtin_ctzll(signals)] += by;
}

void mask_set(struct task *t, uint64_t mask)
{
    uint64_t changed = t->mask ^ mask;

    if (!changed)
        return;
    count(changed & mask, 1);
    count(changed & t->mask, -1U);
    t->mask = mask;
}

void mask_forget(struct task *t)
{
    mask_set(t, 0);
}

uint64_t mask_common(void)
{
    uint64_t common = 0;

    for (int i = 0; i < SIGNALS; i++)
        if (blockers[i] >= task_count)
            common |= UINT64_C(1) << i;
    return common & ~MASK_NEVER;
}

void mask_put(struct task *t, ucontext_t *frame, uint64_t mask)
{
    mask &= ~(MASK_NEVER | SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    frame->uc_sigmask.__val[0] = mask;
    mask_set(t, mask);
}

/* ---- the kernel's ---- */

void (*mask_late)(int signal, siginfo_t *info);

static volatile uint64_t now = MASK_ALL; /* while in the engine */
static volatile bool is_open;
static volatile int aside;
static siginfo_t aside_info;

void mask_install(uint64_t mask)
{
    now = mask;
    kernel(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask);
}

void mask_open(const struct task *t)
{
    now = t->mask & ~MASK_NEVER;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    is_open = true;
}

void mask_is_closed(void)
{
    now = MASK_ALL;
    is_open = false;
}

void mask_wait(void)
{
    is_open = true;
}

bool mask_takes(int signal, const siginfo_t *info, ucontext_t *frame)
{
    if (!is_open)
        return false;
    aside_info = *info;
    aside = signal;
    frame->uc_sigmask.__val[0] = now = MASK_ALL;
    return true;
}

static void pass_aside(void)
{
    siginfo_t info = aside_info;
    int signal = aside;

    aside = 0;
    if (signal)
        mask_late(signal, &info);
}

void mask_close(void)
{
    if (now != MASK_ALL)
        mask_install(MASK_ALL);
    is_open = false;
    pass_aside();
}

/* The other way round: what comes before the end is put aside. */
bool mask_leave(const struct task *t)
{
    uint64_t wanted = t->mask & ~MASK_NEVER;

    if (aside)
        return false;
    if (now != wanted) {
        is_open = true;
        mask_install(wanted);
    }
    is_open = false;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return !aside;
}
