/* SPDX-License-Identifier: MIT */
/* process.c - new processes, and new programs.
 *
 * A forked child has the task that forked, and is dispatched anew.  A child that
 * shares the memory (vfork, posix_spawn) runs without us until it executes or ends;
 * it uses the stack on which we stand, so what lies there is put aside. */
#include "process.h"
#include <linux/sched.h>
#include "hub.h"
#include "mask.h"
#include "memory.h"
#include "option.h"
#include "pending.h"
#include "preempt.h"
#include "thread.h"
#include "watch.h"

long run_child(long number, const long *arguments, const greg_t *gregs,
               const uint64_t *mask);
void run_on(void *stack, void (*fn)(void *), void *argument);

int process_parent;

enum { SHARED_STACK = 32 * 1024, BELOW = 4096 };

/* ---- a copy ---- */

static void forget_others(struct task *me)
{
    for (struct task *t = task_first; t; t = t->after)
        if (t != me)
            mask_forget(t);
    pending_forget(me);
    task_forget_others(hub_run);
}

static void begin_child(struct task *me)
{
    forget_others(me);
    task_set_tid(me, (int)kernel(SYS_gettid, 0, 0, 0, 0));
    watch_start();
    hub_kept = 0;
    process_parent = 0;
    option_stats &= option_follow;
    preempt_start();
    kernel_dispatch();
}

static long copy(struct call *c)
{
    long r;

    watch_share_all();
    r = call_pass(c);
    if (r == 0)
        begin_child(c->task);
    return r;
}

long process_fork(struct call *c)
{
    return copy(c);
}

/* ---- a child in our memory ---- */

struct shared {
    struct call *call;
    long number;
    long arguments[6];
    gregset_t gregs;
    uint64_t mask;
    char *low; /* of what the child may overwrite */
    size_t size;
    char *aside;
    long result;
};

static void share_on_stack(void *argument)
{
    struct shared *s = argument;

    memcpy(s->aside, s->low, s->size);
    s->result = run_child(s->number, s->arguments, s->gregs, &s->mask);
    memcpy(s->low, s->aside, s->size);
}

/* The child begins where the program is, with this stack or, if 0, the same;
 * ends_first: we go on when it has left our memory. */
static long share(struct call *c, long number, unsigned long stack,
                  bool ends_first)
{
    long sp = c->frame->uc_mcontext.gregs[REG_RSP];
    struct shared *s = memory_take(sizeof *s);
    char *room = memory_take(SHARED_STACK);
    long r = -ENOMEM;

    if (s && room) {
        s->number = number;
        memcpy(s->arguments, c->a, sizeof s->arguments);
        memcpy(s->gregs, c->frame->uc_mcontext.gregs, sizeof s->gregs);
        s->gregs[REG_RAX] = 0;
        if (stack)
            s->gregs[REG_RSP] = (long)stack;
        s->mask = mask_of(c->frame);
        s->low = (char *)__builtin_frame_address(0) - BELOW;
        s->size = (size_t)(sp - (long)s->low);
        s->aside = memory_take(s->size);
        watch_share_all();
        process_parent = (int)kernel(SYS_getpid, 0, 0, 0, 0);
        if (s->aside)
            run_on(room + SHARED_STACK, share_on_stack, s);
        if (ends_first)
            process_parent = 0;
        r = s->aside ? s->result : -ENOMEM;
        memory_give(s->aside);
    }
    memory_give(room);
    memory_give(s);
    return r;
}

long process_vfork(struct call *c)
{
    c->a[0] = CLONE_VM | CLONE_VFORK | SIGCHLD;
    for (int i = 1; i < 6; i++)
        c->a[i] = 0;
    return share(c, SYS_clone, 0, true);
}

long process_clone(struct call *c)
{
    struct thread_plan plan = {.flags = (unsigned long)c->a[0],
                               .stack_top = (unsigned long)c->a[1],
                               .parent_tid = (int *)c->a[2],
                               .child_tid = (int *)c->a[3],
                               .tls = (unsigned long)c->a[4]};

    if (thread_is_wanted(plan.flags))
        return thread_create(c, &plan);
    if (plan.flags & CLONE_VM || plan.stack_top)
        return share(c, SYS_clone, plan.stack_top, plan.flags & CLONE_VFORK);
    return copy(c);
}

long process_clone3(struct call *c)
{
    const struct clone_args *a = (const struct clone_args *)c->a[0];
    struct thread_plan plan = {.flags = a->flags,
                               .stack_top = a->stack + a->stack_size,
                               .parent_tid = (int *)a->parent_tid,
                               .child_tid = (int *)a->child_tid,
                               .tls = a->tls};

    if (thread_is_wanted(plan.flags))
        return thread_create(c, &plan);
    if (plan.flags & CLONE_VM || plan.stack_top)
        return share(c, SYS_clone3, plan.stack_top, plan.flags & CLONE_VFORK);
    return copy(c);
}

/* ---- another program ---- */

/* It keeps the mask and what is pending. */
static long execute(struct call *c)
{
    long r;

    mask_install(mask_of(c->frame));
    r = call_pass(c);
    mask_install(MASK_ALL);
    return r;
}

long process_execve(struct call *c)
{
    return execute(c);
}

long process_execveat(struct call *c)
{
    return execute(c);
}
