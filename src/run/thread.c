/* SPDX-License-Identifier: MIT */
/* thread.c - beginnings and ends of threads.
 *
 * Their numbers are greater than any that the kernel gives, and small enough for
 * a futex that has its owner's. */
#include "thread.h"
#include <asm/prctl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <sched.h>
#include "futex.h"
#include "mask.h"
#include "memory.h"
#include "pending.h"

enum { FIRST_TID = 1 << 22, MOST_ROBUST = 2048 };

void run_enter(const greg_t *gregs) __attribute__((noreturn));

static int last_tid = FIRST_TID;

bool thread_is_wanted(unsigned long flags)
{
    return (flags & CLONE_THREAD) && (flags & CLONE_VM);
}

/* The first run of a task, on its own stack. */
static void begin(void)
{
    struct task *t = task_now;
    stack_t none = {.ss_flags = SS_DISABLE};

    mask_close();
    kernel(SYS_sigaltstack, (long)&none, 0, 0, 0);
    mask_install(t->mask & ~MASK_NEVER);
    run_enter(t->start);
}

static void prepare(struct task *t, struct call *c,
                    const struct thread_plan *plan)
{
    memcpy(t->start, c->frame->uc_mcontext.gregs, sizeof t->start);
    t->start[REG_RAX] = 0;
    if (plan->stack_top)
        t->start[REG_RSP] = (long)plan->stack_top;
    t->fs = plan->flags & CLONE_SETTLS ? plan->tls : c->task->fs;
    memcpy(t->name, c->task->name, sizeof t->name);
    mask_set(t, mask_of(c->frame));
    if (plan->flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = plan->child_tid;
    task_prepare(t, (void *)t->start[REG_RSP], begin);
}

long thread_create(struct call *c, const struct thread_plan *plan)
{
    struct task *t = task_new(last_tid + 1);

    if (!t)
        return -EAGAIN;
    last_tid++;
    prepare(t, c, plan);
    if (plan->flags & CLONE_PARENT_SETTID)
        *plan->parent_tid = t->tid;
    if (plan->flags & CLONE_CHILD_SETTID)
        *plan->child_tid = t->tid;
    task_ready(t);
    return t->tid;
}

/* ---- the end ---- */

static void owner_died(int *address, int tid)
{
    int old = __atomic_load_n(address, __ATOMIC_SEQ_CST);

    if ((old & FUTEX_TID_MASK) != tid)
        return;
    __atomic_store_n(address, (old & (int)FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                     __ATOMIC_SEQ_CST);
    futex_wake(address, 1, FUTEX_BITSET_MATCH_ANY, false);
}

static void leave_robust(struct task *t)
{
    struct robust_list_head *head = t->robust;
    struct robust_list *at;

    if (!head)
        return;
    at = head->list.next;
    for (int i = 0; at != &head->list && i < MOST_ROBUST; i++) {
        struct robust_list *next =
            ((struct robust_list *)((uintptr_t)at & ~(uintptr_t)1))->next;

        if (at != head->list_op_pending)
            owner_died((int *)(((uintptr_t)at & ~(uintptr_t)1) +
                               (uintptr_t)head->futex_offset),
                       t->tid);
        at = next;
    }
    if (head->list_op_pending)
        owner_died((int *)((uintptr_t)head->list_op_pending +
                           (uintptr_t)head->futex_offset),
                   t->tid);
}

static void end(struct task *t)
{
    leave_robust(t);
    if (t->clear_tid) {
        __atomic_store_n(t->clear_tid, 0, __ATOMIC_SEQ_CST);
        futex_wake(t->clear_tid, 1, FUTEX_BITSET_MATCH_ANY, false);
    }
    pending_forget(t);
    mask_forget(t);
    task_end();
}

long thread_exit(struct call *c)
{
    if (task_count == 1)
        return call_pass(c);
    end(c->task);
    return 0;
}

/* A thread that takes its own stack away, as musl's do, is about to end. */
long thread_munmap(struct call *c)
{
    unsigned long sp = (unsigned long)c->frame->uc_mcontext.gregs[REG_RSP],
                  start = (unsigned long)c->a[0];

    if (sp < start || sp >= start + (unsigned long)c->a[1] || task_count == 1)
        return call_pass(c);
    end(c->task);
    return 0;
}

/* ---- what is asked of a thread ---- */

long thread_gettid(struct call *c)
{
    return c->task->tid;
}

long thread_set_tid_address(struct call *c)
{
    c->task->clear_tid = (int *)c->a[0];
    return c->task->tid;
}

long thread_set_robust_list(struct call *c)
{
    if (c->a[1] != sizeof(struct robust_list_head))
        return -EINVAL;
    c->task->robust = (void *)c->a[0];
    return 0;
}

long thread_get_robust_list(struct call *c)
{
    struct task *t = c->a[0] ? task_find((int)c->a[0]) : c->task;

    if (!t)
        return call_pass(c);
    *(void **)c->a[1] = t->robust;
    *(size_t *)c->a[2] = sizeof(struct robust_list_head);
    return 0;
}

/* The kernel keeps one area for each of its threads, and libc gives up a program
 * whose new thread is refused one. */
long thread_rseq(struct call *c)
{
    (void)c;
    return 0;
}

long thread_prctl(struct call *c)
{
    const char *from = (const char *)c->a[1];
    char *name = c->task->name;

    if (c->a[0] == PR_GET_NAME && name[0]) {
        memcpy((void *)c->a[1], name, sizeof c->task->name);
        return 0;
    }
    if (c->a[0] != PR_SET_NAME)
        return c->a[0] == PR_SET_SYSCALL_USER_DISPATCH ? -EINVAL : call_pass(c);
    for (size_t i = 0; i < sizeof c->task->name - 1; i++) {
        name[i] = *from;
        from += *from != '\0';
    }
    return c->task->tid < FIRST_TID ? call_pass(c) : 0;
}

long thread_arch_prctl(struct call *c)
{
    long r = call_pass(c);

    if (r == 0 && c->a[0] == ARCH_SET_FS)
        task_set_fs((unsigned long)c->a[1]);
    return r;
}

static long as_kernel_tid(long tid)
{
    return tid > FIRST_TID && task_find((int)tid) ? 0 : tid;
}

long thread_first_is_tid(struct call *c)
{
    c->a[0] = as_kernel_tid(c->a[0]);
    return call_pass(c);
}

long thread_second_is_tid(struct call *c)
{
    c->a[1] = as_kernel_tid(c->a[1]);
    return call_pass(c);
}
