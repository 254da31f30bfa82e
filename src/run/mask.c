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

void mask_install(uint64_t mask)
{
    kernel(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask);
}
