/* SPDX-License-Identifier: MIT */
/* pending.c - signals on their way to a task, and their delivery.
 *
 * The program's handler is called like any function, on the frame with which the
 * task came into the engine, and finds in it what the kernel would show.  While
 * it runs the task is in the program again: it may trap, switch, or never return. */
#include "pending.h"
#include "memory.h"

enum { REALTIME = 32 };

void run_on(void *stack, void (*fn)(int, siginfo_t *, void *), long signal,
            siginfo_t *info, void *frame);

struct pending {
    struct pending *next;
    siginfo_t info;
    int signal;
};

static void append(struct task *t, int signal, const siginfo_t *info)
{
    struct pending **at = &t->signals, *p = memory_take(sizeof *p);

    if (!p)
        return;
    p->signal = signal;
    p->info = *info;
    while (*at)
        at = &(*at)->next;
    *at = p;
    t->pending |= SIGNAL_BIT(signal);
}

void pending_add(struct task *t, int signal, const siginfo_t *info)
{
    uint64_t bit = SIGNAL_BIT(signal);

    if (action_ignores(signal) && !((t->mask | t->waits_for) & bit))
        return;
    if (signal >= REALTIME || !(t->pending & bit))
        append(t, signal, info);
    if (bit & (~t->mask | t->waits_for))
        task_wake(t, WOKEN_SIGNAL);
}

static struct task *takes(uint64_t bit)
{
    struct task *main = task_find((int)kernel(SYS_getpid, 0, 0, 0, 0));

    if (main && !(main->mask & bit))
        return main;
    if (task_now && !(task_now->mask & bit))
        return task_now;
    for (struct task *t = task_first; t; t = t->after)
        if (!(t->mask & bit))
            return t;
    return main ? main : task_first;
}

void pending_for_process(int signal, const siginfo_t *info)
{
    pending_add(takes(SIGNAL_BIT(signal)), signal, info);
}

int pending_take(struct task *t, uint64_t of, siginfo_t *info)
{
    struct pending **at = &t->signals, *p;
    int signal;

    of &= t->pending;
    if (!of)
        return 0;
    signal = __builtin_ctzll(of) + 1;
    while ((*at)->signal != signal)
        at = &(*at)->next;
    p = *at;
    *info = p->info;
    *at = p->next;
    memory_give(p);
    for (p = t->signals; p && p->signal != signal; p = p->next)
        ;
    if (!p)
        t->pending &= ~SIGNAL_BIT(signal);
    return signal;
}

int pending_first(const struct task *t)
{
    uint64_t can = t->pending & ~t->mask;

    return can ? __builtin_ctzll(can) + 1 : 0;
}

/* The kernel's own default: most often the end. */
static void default_action(int signal)
{
    uint64_t others = MASK_ALL & ~SIGNAL_BIT(signal);

    kernel(SYS_tgkill, kernel(SYS_getpid, 0, 0, 0, 0),
           kernel(SYS_gettid, 0, 0, 0, 0), signal, 0);
    mask_install(others);
    mask_install(MASK_ALL);
}

static void *handler_stack(const struct action *a, const ucontext_t *frame)
{
    const stack_t *s = &frame->uc_stack;
    uintptr_t start = (uintptr_t)s->ss_sp,
              sp = (uintptr_t)__builtin_frame_address(0);

    if (!(a->flags & SA_ONSTACK) || !task_has_stack(s) ||
        (sp > start && sp <= start + s->ss_size))
        return NULL;
    return (void *)(start + s->ss_size);
}

static void call_handler(struct task *t, int signal, siginfo_t *info,
                         ucontext_t *frame)
{
    struct action a = action_get(signal), plain = {.mask = 0};
    uint64_t mask = t->mask | a.mask;
    void *stack = handler_stack(&a, frame);

    if (!(a.flags & SA_NODEFER))
        mask |= SIGNAL_BIT(signal);
    if (a.flags & SA_RESETHAND)
        action_set(signal, &plain);
    t->frame = NULL;
    t->call = NULL;
    mask_set(t, mask);
    mask_install(mask & ~MASK_NEVER);
    if (stack)
        run_on(stack, a.handler, signal, info, frame);
    else
        a.handler(signal, info, frame);
    mask_install(MASK_ALL);
    t->frame = frame;
    mask_put(t, frame, mask_of(frame));
}

void pending_deliver(struct task *t, ucontext_t *frame)
{
    siginfo_t info;
    int signal;

    while ((signal = pending_take(t, ~t->mask, &info)) != 0) {
        mask_close();
        if (action_handles(signal))
            call_handler(t, signal, &info, frame);
        else if (!action_ignores(signal))
            default_action(signal);
    }
}

void pending_forget(struct task *t)
{
    siginfo_t info;

    while (pending_take(t, MASK_ALL, &info) != 0)
        ;
}
