/* SPDX-License-Identifier: MIT */
/* task.c - the program's threads, and switching between them.
 *
 * Who stops switches straight to the next that is ready; the hub, which looks at
 * the world, runs when nobody is, and after a turn of 64 switches. */
#include "task.h"
#include <asm/prctl.h>
#include <time.h>
#include "heap.h"
#include "memory.h"
#include "option.h"

enum { HUB_STACK = 256 * 1024, BUCKETS = 4096, TURN = 64 };

/* The control words as a program finds them: nothing masked out, no trap. */
#define FLOATING_POINT (0x1f80 | (UINT64_C(0x37f) << 32))

void run_swap(void **save, void *load);

struct task *task_now, *task_first;
unsigned task_count;
uint64_t task_switches, task_made, task_most;
int64_t task_turn = TURN;

static struct task *ready_first, *ready_last, *buckets[BUCKETS];
static struct task *dead; /* ended, but stood on its stack until now */
static struct heap timers;
static char *hub_stack;
static void *hub_sp;
static unsigned long kernel_fs;

int64_t task_clock(void)
{
    struct timespec now;

    kernel(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0);
    return now.tv_sec * (int64_t)SECOND + now.tv_nsec;
}

/* ---- all tasks ---- */

struct task *task_find(int tid)
{
    struct task *t = buckets[(unsigned)tid % BUCKETS];

    while (t && t->tid != tid)
        t = t->same_hash;
    return t;
}

static void enter_hash(struct task *t)
{
    struct task **bucket = &buckets[(unsigned)t->tid % BUCKETS];

    t->same_hash = *bucket;
    *bucket = t;
}

static void leave_hash(struct task *t)
{
    struct task **at = &buckets[(unsigned)t->tid % BUCKETS];

    while (*at != t)
        at = &(*at)->same_hash;
    *at = t->same_hash;
}

void task_set_tid(struct task *t, int tid)
{
    leave_hash(t);
    t->tid = tid;
    enter_hash(t);
}

struct task *task_new(int tid)
{
    struct task *t;

    if (green__heap_reserve(&timers, task_count + 1) != 0)
        return NULL;
    t = memory_take(sizeof *t);
    if (!t)
        return NULL;
    t->tid = tid;
    t->state = TASK_WAITING;
    t->stack.ss_flags = SS_DISABLE;
    t->after = task_first;
    if (task_first)
        task_first->before = t;
    task_first = t;
    enter_hash(t);
    task_made++;
    if (++task_count > task_most)
        task_most = task_count;
    return t;
}

static void forget(struct task *t)
{
    if (t->timer)
        green__heap_remove(&timers, &t->timer);
    leave_hash(t);
    if (t->before)
        t->before->after = t->after;
    else
        task_first = t->after;
    if (t->after)
        t->after->before = t->before;
    task_count--;
    t->state = TASK_ENDED;
}

/* ---- switching ---- */

/* The bottom of the stack looks as if someone had called begin(). */
static void *prepared(void *stack, void (*begin)(void))
{
    void **top = (void **)((uintptr_t)stack & ~(uintptr_t)15);

    *--top = NULL;
    *--top = (void *)(uintptr_t)begin;
    for (int i = 0; i < 6; i++)
        *--top = NULL;
    *--top = (void *)FLOATING_POINT;
    return top;
}

void task_prepare(struct task *t, void *stack, void (*begin)(void))
{
    t->sp = prepared(stack, begin);
}

void task_ready(struct task *t)
{
    t->state = TASK_READY;
    t->next = NULL;
    if (ready_first)
        ready_last->next = t;
    else
        ready_first = t;
    ready_last = t;
}

bool task_any_ready(void)
{
    return ready_first != NULL;
}

static struct task *take_ready(void)
{
    struct task *t = ready_first;

    if (t)
        ready_first = t->next;
    return t;
}

static void load_fs(unsigned long fs)
{
    if (kernel_fsgsbase)
        __asm__ volatile("wrfsbase %0" : : "r"(fs));
    else if (fs != kernel_fs)
        kernel(SYS_arch_prctl, ARCH_SET_FS, (long)fs, 0, 0);
    kernel_fs = fs;
}

static void save_fs(struct task *t)
{
    if (kernel_fsgsbase)
        __asm__ volatile("rdfsbase %0" : "=r"(t->fs));
}

void task_set_fs(unsigned long fs)
{
    task_now->fs = fs;
    kernel_fs = fs;
}

static void go_to(struct task *t, void **save)
{
    task_now = t;
    t->state = TASK_RUNNING;
    task_switches++;
    load_fs(t->fs);
    run_swap(save, t->sp);
}

static void leave(void)
{
    struct task *me = task_now, *next = NULL;

    save_fs(me);
    if (--task_turn > 0)
        next = take_ready();
    if (next == me) {
        me->state = TASK_RUNNING;
        return;
    }
    if (next) {
        go_to(next, &me->sp);
    } else {
        task_now = NULL;
        run_swap(&me->sp, hub_sp);
    }
}

void task_run_next(void)
{
    task_turn = option_deterministic ? INT64_MAX : TURN;
    if (dead)
        memory_give(dead);
    dead = NULL;
    go_to(take_ready(), &hub_sp);
}

enum woken task_park(int64_t deadline)
{
    struct task *t = task_now;

    if (t->pending & (~t->mask | t->waits_for))
        return WOKEN_SIGNAL;
    if (deadline != FOREVER)
        green__heap_insert(&timers, deadline, &t->timer, t);
    t->state = TASK_WAITING;
    t->waits++;
    leave();
    return t->woken;
}

void task_wake(struct task *t, enum woken why)
{
    if (t->state != TASK_WAITING)
        return;
    if (t->timer)
        green__heap_remove(&timers, &t->timer);
    t->woken = why;
    task_ready(t);
}

void task_yield(void)
{
    if (!task_any_ready())
        task_turn = 1; /* it may be the world that it waits for */
    task_ready(task_now);
    leave();
}

void task_end(void)
{
    forget(task_now);
    dead = task_now;
    task_now = NULL;
    run_swap(&dead->sp, hub_sp);
    __builtin_unreachable();
}

/* ---- time ---- */

int64_t task_deadline(void)
{
    return timers.n > 0 ? timers.entries[0].deadline : FOREVER;
}

void task_wake_due(void)
{
    int64_t now;

    if (timers.n == 0)
        return;
    now = task_clock();
    while (timers.n > 0 && timers.entries[0].deadline <= now)
        task_wake(timers.entries[0].owner, WOKEN_TIMEOUT);
}

/* ---- beginnings ---- */

int task_begin_all(void (*hub)(void))
{
    struct task *t = task_new((int)kernel(SYS_gettid, 0, 0, 0, 0));

    hub_stack = memory_take(HUB_STACK);
    if (!t || !hub_stack)
        return -1;
    kernel(SYS_arch_prctl, ARCH_GET_FS, (long)&t->fs, 0, 0);
    kernel_fs = t->fs;
    hub_sp = prepared(hub_stack + HUB_STACK, hub);
    t->state = TASK_RUNNING;
    task_now = t;
    task_turn = option_deterministic ? INT64_MAX : TURN;
    return 0;
}

void task_forget_others(void (*hub)(void))
{
    struct task *t = task_first, *after;

    for (; t; t = after) {
        after = t->after;
        if (t != task_now) {
            forget(t);
            memory_give(t);
        }
    }
    ready_first = NULL;
    dead = NULL;
    hub_sp = prepared(hub_stack + HUB_STACK, hub);
}
