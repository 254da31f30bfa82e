/* SPDX-License-Identifier: MIT */
/* direct.c - into the engine without a trap.
 *
 * All is as after a trap, but that the kernel need not block signals (mask.h).  There is
 * a frame, of which the engine uses the registers that hold the call, the mask and the
 * alternate stack.  What the kernel would do with it at the end is done here. */
#include "direct.h"
#include "dispatch.h"
#include "hub.h"
#include "pending.h"
#include "process.h"

enum { LENGTH_OF_SYSCALL = 2 };

static void fill(ucontext_t *frame, const struct task *t)
{
    frame->uc_flags = 0;
    frame->uc_link = NULL;
    frame->uc_stack = t->stack;
    frame->uc_mcontext.fpregs = NULL;
    for (int i = 0; i < NGREG; i++)
        frame->uc_mcontext.gregs[i] = 0;
    for (size_t i = 0; i < sizeof frame->uc_sigmask.__val / sizeof(long); i++)
        frame->uc_sigmask.__val[i] = 0;
    frame->uc_sigmask.__val[0] = t->mask;
}

static void fill_call(ucontext_t *frame, long number, const long a[6])
{
    greg_t *g = frame->uc_mcontext.gregs;

    g[REG_RAX] = number;
    g[REG_RDI] = a[0];
    g[REG_RSI] = a[1];
    g[REG_RDX] = a[2];
    g[REG_R10] = a[3];
    g[REG_R8] = a[4];
    g[REG_R9] = a[5];
    g[REG_RSP] = (greg_t)__builtin_frame_address(0);
    g[REG_RIP] = (greg_t)__builtin_return_address(0);
}

/* A signal that comes now would find the alternate stack, which may be in use. */
static void enter(const struct task *t)
{
    mask_open(t);
    if (task_has_stack(&t->stack))
        mask_close();
}

/* The kernel may have another's alternate stack, if another has run. */
static void leave(struct task *t, ucontext_t *frame, uint64_t switches)
{
    if (task_switches != switches &&
        (hub_finds_stack || task_has_stack(&t->stack)))
        kernel(SYS_sigaltstack, (long)&t->stack, 0, 0, 0);
    while (!mask_leave(t)) {
        mask_close();
        pending_deliver(t, frame);
    }
}

/* A handler wants it to: musl cancels so, and does not come back. */
static void go_on_at(greg_t address)
{
    void (*fn)(void) = (void (*)(void))address;

    fn();
}

static long serve(long number, const long a[6], uint64_t tried)
{
    struct task *t = task_now;
    uint64_t switches = task_switches;
    ucontext_t frame;
    greg_t here;

    hub_finds_stack = task_has_stack(&t->stack);
    fill(&frame, t);
    do {
        fill_call(&frame, number, a);
        here = frame.uc_mcontext.gregs[REG_RIP];
        dispatch_call(&frame, tried);
        tried = 0;
    } while (frame.uc_mcontext.gregs[REG_RIP] == here - LENGTH_OF_SYSCALL);
    leave(t, &frame, switches);
    if (frame.uc_mcontext.gregs[REG_RIP] != here)
        go_on_at(frame.uc_mcontext.gregs[REG_RIP]);
    return frame.uc_mcontext.gregs[REG_RAX];
}

static bool is_ours(void)
{
    return task_now && (!process_parent ||
                        process_parent == kernel(SYS_getpid, 0, 0, 0, 0));
}

long direct_call(long number, const long a[6], uint64_t tried)
{
    if (!is_ours())
        return kernel_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    enter(task_now);
    return serve(number, a, tried);
}
