/* SPDX-License-Identifier: MIT */
/* preempt.c - timers of the kernel that send SIGSYS: to take turns, and for tasks.
 *
 * SIGSYS is never blocked in the program and always in the engine, so a turn ends
 * in the program.  A timer that the program wants to tell one of its threads is
 * known to the kernel as one of ours: a record says which thread and signal. */
#include "preempt.h"
#include <time.h>
#include "memory.h"
#include "option.h"
#include "pending.h"

enum { TO_THREAD = 4 };

struct record {
    int tid, signal;
    union sigval value;
};

struct kernel_sigevent {
    union sigval value;
    int signal, notify, tid;
    int rest[11];
};

static struct record turns;

static long make(int clock, struct record *record, int *id)
{
    struct kernel_sigevent e = {
        .value.sival_ptr = record, .signal = SIGSYS, .notify = TO_THREAD};

    e.tid = (int)kernel(SYS_gettid, 0, 0, 0, 0);
    return kernel(SYS_timer_create, clock, (long)&e, (long)id, 0);
}

void preempt_start(void)
{
    int64_t slice = option_preempt;
    struct itimerspec t = {{slice / SECOND, slice % SECOND},
                           {slice / SECOND, slice % SECOND}};
    int id;

    if (slice > 0 && make(CLOCK_THREAD_CPUTIME_ID, &turns, &id) == 0)
        kernel(SYS_timer_settime, id, 0, (long)&t, 0);
}

void preempt_signal(const siginfo_t *info, ucontext_t *frame)
{
    struct record *r = info->si_value.sival_ptr;
    struct task *t = task_now;
    siginfo_t his = *info;

    if (info->si_code != SI_TIMER)
        return;
    if (r == &turns) {
        if (t && frame) {
            mask_put(t, frame, mask_of(frame));
            task_yield();
            pending_deliver(t, frame);
        }
        return;
    }
    his.si_signo = r->signal;
    his.si_value = r->value;
    if (task_find(r->tid))
        pending_add(task_find(r->tid), r->signal, &his);
}

long preempt_timer_create(struct call *c)
{
    const struct kernel_sigevent *e = (const struct kernel_sigevent *)c->a[1];
    struct record *r;

    if (!e || !(e->notify & TO_THREAD))
        return call_pass(c);
    r = memory_take(sizeof *r);
    if (!r)
        return -EAGAIN;
    *r = (struct record){e->tid, e->signal, e->value};
    return make((int)c->a[0], r, (int *)c->a[2]);
}
