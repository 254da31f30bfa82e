/* SPDX-License-Identifier: MIT */
/* task.h - the program's threads, which are greenlets of one kernel thread.
 *
 * A task runs in the program, until a system call traps.  Then it runs in the
 * engine, in the signal frame on its own stack, with all signals blocked; it may
 * stop there for another.  Its registers, signal mask and alternate stack lie in
 * the frame and come back with it.  Calls by libc's names (names.c) do the same
 * without a trap, and with a frame that is made up. */
#ifndef RUN_TASK_H
#define RUN_TASK_H

#include <signal.h>
#include <ucontext.h>
#include "kernel.h"

struct call;
struct pending;

enum task_state { TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_ENDED };

/* Why a wait is over. */
enum woken { WOKEN_DONE, WOKEN_TIMEOUT, WOKEN_SIGNAL, WOKEN_CLOSED };

struct task {
    void *sp;              /* task.c: where it stopped */
    struct task *next;     /* task.c: in the queue of those that are ready */
    unsigned long fs;      /* its thread pointer */
    enum task_state state; /* task.c */
    enum woken woken;      /* task.c */
    uint32_t timer;        /* task.c: its place in the heap */
    int tid;
    uint64_t mask;           /* mask.c: blocked signals */
    stack_t stack;           /* dispatch.c: its alternate stack */
    uint64_t pending;        /* pending.c: signals for it alone */
    uint64_t waits_for;      /* signals that end its sigwait */
    struct pending *signals; /* pending.c: what came with them */
    ucontext_t *frame;       /* dispatch.c: the newest; valid in the engine */
    struct call *call;       /* dispatch.c: the system call it is in, or NULL */
    int *clear_tid;          /* threads.c: told of its end */
    void *robust;            /* threads.c */
    struct task *before, *after; /* task.c: in the list of all */
    struct task *same_hash;      /* task.c */
    gregset_t start;             /* threads.c: where it begins */
    uint64_t waits;              /* task.c: how often it stopped */
    char name[16];
};

extern struct task *task_now; /* who runs; NULL: the hub */
extern struct task *task_first;
extern unsigned task_count;
extern uint64_t task_switches, task_made, task_most;
extern int64_t task_turn; /* switches left to the next look at the world */

/* Before there ever was one the kernel says none of another kind. */
static inline bool task_has_stack(const stack_t *alternate)
{
    return !(alternate->ss_flags & SS_DISABLE) && alternate->ss_size > 0;
}

/* The first task, which is the kernel's thread; hub: what runs when none can,
 * on a stack of its own.  0, or -1 without memory. */
int task_begin_all(void (*hub)(void));

/* A new one, in the list; not ready.  NULL without memory. */
struct task *task_new(int tid);
struct task *task_find(int tid); /* NULL: none of ours */
void task_set_tid(struct task *t, int tid);

/* Let begin() run, on this stack, when t is switched to for the first time. */
void task_prepare(struct task *t, void *stack, void (*begin)(void));

void task_set_fs(unsigned long fs); /* the kernel's has changed */

void task_ready(struct task *t);
bool task_any_ready(void);

/* Stop until woken, by task_wake or at this time; a signal for the task ends the
 * wait at once. */
enum woken task_park(int64_t deadline);
void task_wake(struct task *t, enum woken why);

/* Let the others run first. */
void task_yield(void);

/* Leave for good: does not return.  Who is next runs with the task gone. */
void task_end(void);

/* After a fork, in the child: the others are gone, and so is the hub's past. */
void task_forget_others(void (*hub)(void));

/* For the hub: run the next that is ready; the earliest deadline; wake who is due. */
void task_run_next(void);
int64_t task_deadline(void);
void task_wake_due(void);

int64_t task_clock(void); /* CLOCK_MONOTONIC, in nanoseconds */

#endif
