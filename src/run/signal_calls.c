/* SPDX-License-Identifier: MIT */
/* signal_calls.c - the program's calls that concern signals. */
#include "signal_calls.h"
#include <sys/signalfd.h>
#include <time.h>
#include "hub.h"
#include "pending.h"
#include "watch.h"

enum { SIGNALS = 64, SMALLEST_STACK = 2048 };

void run_sigreturn(long sp);

static bool is_signal(long number)
{
    return number >= 1 && number <= SIGNALS;
}

long signal_action(struct call *c)
{
    const struct action *new = (const struct action *)c->a[1];
    struct action *old = (struct action *)c->a[2], was;
    int signal = (int)c->a[0];
    long r = 0;

    if (!is_signal(signal) || c->a[3] != sizeof(uint64_t))
        return -EINVAL;
    was = action_get(signal);
    if (new)
        r = action_set(signal, new);
    if (r == 0 && old)
        *old = was;
    return r;
}

long signal_mask(struct call *c)
{
    const uint64_t *new = (const uint64_t *)c->a[1];
    uint64_t old = mask_of(c->frame), mask;

    if (c->a[3] != sizeof old)
        return -EINVAL;
    if (new) {
        mask = c->a[0] == SIG_BLOCK     ? old | *new
               : c->a[0] == SIG_UNBLOCK ? old & ~*new
                                        : *new;
        if (c->a[0] < SIG_BLOCK || c->a[0] > SIG_SETMASK)
            return -EINVAL;
        mask_put(c->task, c->frame, mask);
    }
    if (c->a[2])
        *(uint64_t *)c->a[2] = old;
    return 0;
}

/* The kernel thinks everything blocked, now. */
long signal_pending(struct call *c)
{
    uint64_t pending = 0;

    kernel(SYS_rt_sigpending, (long)&pending, sizeof pending, 0, 0);
    *(uint64_t *)c->a[0] =
        (pending & c->task->mask) | (c->task->pending & c->task->mask);
    return 0;
}

long signal_pause(struct call *c)
{
    (void)c;
    while (task_park(FOREVER) != WOKEN_SIGNAL)
        ;
    return -RESTART_IF_NO_HANDLER;
}

long signal_suspend(struct call *c)
{
    call_mask(c, (const uint64_t *)c->a[0]);
    return signal_pause(c);
}

/* ---- sigwait ---- */

static int listener = -1;

static void retry_all(void)
{
    for (struct task *t = task_first; t; t = t->after)
        if (t->waits_for)
            task_wake(t, WOKEN_DONE);
}

/* Those who wait must be told, and nobody else must be given the signals. */
static void listen_for_all(void)
{
    uint64_t all = 0;
    bool is_new = listener < 0 || !watch_is_ours(listener);

    for (struct task *t = task_first; t; t = t->after)
        all |= t->waits_for;
    hub_kept = all & ~MASK_NEVER;
    listener = (int)kernel(SYS_signalfd4, is_new ? -1 : listener, (long)&all,
                           sizeof all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (is_new && listener >= 0) {
        listener = watch_hide(listener);
        hub_listen(listener, retry_all);
    }
}

static enum woken await_signals(struct task *t, uint64_t set, int64_t deadline)
{
    enum woken why;

    t->waits_for = set;
    listen_for_all();
    why = task_park(deadline);
    t->waits_for = 0;
    listen_for_all();
    return why;
}

static long take_signal(struct task *t, uint64_t set, siginfo_t *info)
{
    struct timespec none = {0, 0};
    uint64_t of_kernel = set & ~MASK_NEVER;
    int signal = pending_take(t, set, info);

    if (signal)
        return signal;
    return kernel(SYS_rt_sigtimedwait, (long)&of_kernel, (long)info,
                  (long)&none, sizeof of_kernel);
}

long signal_timedwait(struct call *c)
{
    uint64_t set = *(const uint64_t *)c->a[0];
    int64_t deadline = call_deadline((const struct timespec *)c->a[2]);
    enum woken why = WOKEN_DONE;
    siginfo_t info;
    long r;

    if (deadline < 0)
        return deadline;
    while ((r = take_signal(c->task, set, &info)) == -EAGAIN) {
        if (why == WOKEN_TIMEOUT)
            return r;
        if (why == WOKEN_SIGNAL && pending_first(c->task))
            return -EINTR;
        why = await_signals(c->task, set, deadline);
    }
    if (r > 0 && c->a[1])
        *(siginfo_t *)c->a[1] = info;
    return r;
}

/* ---- to one thread ---- */

static long send_to(int tid, int signal, const siginfo_t *info)
{
    struct task *t = task_find(tid);

    if (!t)
        return -ESRCH;
    if (signal < 0 || signal > SIGNALS)
        return -EINVAL;
    if (signal != 0)
        pending_add(t, signal, info);
    return 0;
}

static long send_plainly(int tid, int signal)
{
    siginfo_t info = {.si_signo = signal, .si_code = SI_TKILL};

    info.si_pid = (int)kernel(SYS_getpid, 0, 0, 0, 0);
    info.si_uid = (unsigned)kernel(SYS_getuid, 0, 0, 0, 0);
    return send_to(tid, signal, &info);
}

static bool is_this_process(long pid)
{
    return pid == kernel(SYS_getpid, 0, 0, 0, 0);
}

static bool is_beyond_us(long signal)
{
    return signal == SIGKILL || signal == SIGSTOP;
}

long signal_tgkill(struct call *c)
{
    if (!is_this_process(c->a[0]))
        return call_pass(c);
    if (is_beyond_us(c->a[2]) && task_find((int)c->a[1]))
        return kernel(SYS_kill, c->a[0], c->a[2], 0, 0);
    return send_plainly((int)c->a[1], (int)c->a[2]);
}

long signal_tkill(struct call *c)
{
    if (!task_find((int)c->a[0]))
        return call_pass(c);
    if (is_beyond_us(c->a[1]))
        return kernel(SYS_kill, kernel(SYS_getpid, 0, 0, 0, 0), c->a[1], 0, 0);
    return send_plainly((int)c->a[0], (int)c->a[1]);
}

long signal_queue(struct call *c)
{
    siginfo_t info;

    if (!is_this_process(c->a[0]))
        return call_pass(c);
    info = *(const siginfo_t *)c->a[3];
    info.si_signo = (int)c->a[2];
    return send_to((int)c->a[1], (int)c->a[2], &info);
}

/* ---- stacks and frames ---- */

static bool is_on(const stack_t *s, uintptr_t sp)
{
    uintptr_t start = (uintptr_t)s->ss_sp;

    return task_has_stack(s) && sp > start && sp <= start + s->ss_size;
}

/* The frame brings the alternate stack back. */
long signal_altstack(struct call *c)
{
    stack_t *s = &c->frame->uc_stack;
    const stack_t *new = (const stack_t *)c->a[0];
    bool on = is_on(s, (uintptr_t)c->frame->uc_mcontext.gregs[REG_RSP]);
    stack_t old = *s;

    old.ss_flags = !task_has_stack(s) ? SS_DISABLE : on ? SS_ONSTACK : 0;
    if (new) {
        if (on)
            return -EPERM;
        if (new->ss_flags & ~(SS_DISABLE | SS_ONSTACK | (int)(1U << 31)))
            return -EINVAL;
        if (!(new->ss_flags &SS_DISABLE) && new->ss_size < SMALLEST_STACK)
            return -ENOMEM;
        *s = *new;
        s->ss_flags &= ~SS_ONSTACK;
    }
    if (c->a[1])
        *(stack_t *)c->a[1] = old;
    return 0;
}

long signal_return(struct call *c)
{
    run_sigreturn(c->frame->uc_mcontext.gregs[REG_RSP]);
    return 0;
}
