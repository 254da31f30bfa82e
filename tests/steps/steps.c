/* SPDX-License-Identifier: MIT */
/* steps.c - a signal at every instruction of every routine in arch/.
 *
 * A child does what arch_checks.h does, and what greenlets do; its tracer takes it
 * through that one instruction at a time.  At each one in a routine of arch/ it
 * lets two signals arrive: one whose handler runs on the stack that is there, even
 * if half of it is somebody else's, and one with a stack of its own.  The handlers
 * call what green.h allows them, use as many registers as they can, and spoil what
 * lies below them.  Then the right greenlet must go on, with all its registers. */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"
#include "switch.h"

enum { LENGTH = 4096 };

static uintptr_t first, end; /* of the routines in arch/ */
static bool seen[LENGTH];    /* instructions */

static _Noreturn void give_up(const char *what, long detail)
{
    printf("steps: %s (%ld)\n", what, detail);
    exit(1);
}

static uintptr_t where(pid_t child)
{
    return (uintptr_t)ptrace(PTRACE_PEEKUSER, child,
                             (void *)offsetof(struct user_regs_struct, rip),
                             NULL);
}

static long look(pid_t child, const volatile void *at)
{
    return ptrace(PTRACE_PEEKDATA, child, (void *)(uintptr_t)at, NULL);
}

static void set_where(pid_t child, uintptr_t at)
{
    ptrace(PTRACE_POKEUSER, child,
           (void *)offsetof(struct user_regs_struct, rip), (void *)at);
}

/* Let the child go on: the signal that stops it next. */
static int go_on(pid_t child, enum __ptrace_request how, int signo)
{
    int status;

    if (ptrace(how, child, NULL, (void *)(intptr_t)signo) != 0 ||
        waitpid(child, &status, 0) != child)
        give_up("cannot go on", errno);
    if (!WIFSTOPPED(status))
        give_up("the child has ended", status);
    return WSTOPSIG(status);
}

/* ---- breakpoints: where routines begin, and where what they call returns ---- */

enum { BREAKPOINTS = 16, TRAP = 0xcc };
static struct breakpoint {
    uintptr_t at;
    long word; /* what was there */
} breakpoints[BREAKPOINTS];
static int n_breakpoints;

static void set_trap(pid_t child, struct breakpoint *b)
{
    b->word = look(child, (const void *)b->at);
    ptrace(PTRACE_POKEDATA, child, (void *)b->at,
           (void *)((b->word & ~0xffL) | TRAP));
}

static void take_trap(pid_t child, const struct breakpoint *b)
{
    ptrace(PTRACE_POKEDATA, child, (void *)b->at, (void *)b->word);
}

static void add_breakpoint(uintptr_t at)
{
    for (int i = 0; i < n_breakpoints; i++)
        if (breakpoints[i].at == at)
            return;
    if (n_breakpoints == BREAKPOINTS)
        give_up("too many breakpoints", n_breakpoints);
    breakpoints[n_breakpoints++].at = at;
}

static void find_routines(void)
{
    const uintptr_t routines[] = {
        (uintptr_t)green__switch,  (uintptr_t)green__leave,
        (uintptr_t)green__restart, (uintptr_t)green__start,
        (uintptr_t)green__control, (uintptr_t)green__valgrind};

    first = end = routines[0];
    for (size_t i = 0; i < sizeof routines / sizeof *routines; i++) {
        first = routines[i] < first ? routines[i] : first;
        end = routines[i] > end ? routines[i] : end;
        add_breakpoint(routines[i]);
    }
    /* The last is the one for Valgrind, whose instructions are known. */
    end += 4 + 3 + 2 + 4 * 4 + 3 + 3 + 1;
}

static void set_traps(pid_t child)
{
    for (int i = 0; i < n_breakpoints; i++)
        set_trap(child, &breakpoints[i]);
}

static void take_traps(pid_t child)
{
    for (int i = n_breakpoints - 1; i >= 0; i--)
        take_trap(child, &breakpoints[i]);
}

/* ---- through the program ---- */

/* Let a signal arrive, and its handler run until the child is back. */
static void interrupt(pid_t child, uintptr_t at, int signo)
{
    struct breakpoint back = {at, 0};
    int stopped;

    set_trap(child, &back);
    stopped = go_on(child, PTRACE_CONT, signo);
    if (stopped != SIGTRAP || where(child) != at + 1)
        give_up("a handler did not return", stopped);
    take_trap(child, &back);
    set_where(child, at);
}

/* Through a routine, instruction by instruction: how many. */
static long step_through(pid_t child)
{
    uintptr_t at;
    long n = 0;

    while (at = where(child), at >= first && at < end) {
        interrupt(child, at, HERE);
        interrupt(child, at, APART);
        seen[at - first] = true;
        n++;
        if (go_on(child, PTRACE_SINGLESTEP, 0) != SIGTRAP)
            give_up("a step ended in another signal", n);
    }
    return n;
}

/* A routine that calls will go on behind its call. */
static void note_call(pid_t child)
{
    long sp = ptrace(PTRACE_PEEKUSER, child,
                     (void *)offsetof(struct user_regs_struct, rsp), NULL);
    uintptr_t back = (uintptr_t)look(child, (const void *)(uintptr_t)sp);

    if (back >= first && back < end)
        add_breakpoint(back);
}

/* Until it stops itself; how often it was interrupted.  */
static long lead(pid_t child)
{
    int stopped;
    long n = 0;

    for (;;) {
        set_traps(child);
        stopped = go_on(child, PTRACE_CONT, 0);
        take_traps(child);
        if (stopped == SIGSTOP)
            return n;
        if (stopped != SIGTRAP)
            give_up("the child got a signal", stopped);
        set_where(child, where(child) - 1);
        n += step_through(child);
        note_call(child);
    }
}

/* Routines begin at multiples of sixteen: after the `ret` or the jump that is the
 * last of one, up to seventeen bytes may have no beginning of an instruction. */
static long count_seen(void)
{
    long n = 0;
    size_t last = 0;

    for (size_t i = 0; i < end - first; i++) {
        if (!seen[i])
            continue;
        if (i - last > 17)
            give_up("some instructions were never reached, from", (long)last);
        last = i;
        n++;
    }
    return n;
}

/* A stop is then a switch between two processes, and no message to a CPU. */
static void share_one_cpu(void)
{
    cpu_set_t cpu;

    CPU_ZERO(&cpu);
    CPU_SET((size_t)sched_getcpu(), &cpu);
    sched_setaffinity(0, sizeof cpu, &cpu);
}

static void check_child(pid_t child, long interruptions)
{
    if (look(child, &complaint))
        give_up((const char *)look(child, &complaint), interruptions);
    if (look(child, &came[0]) != interruptions ||
        look(child, &came[1]) != interruptions)
        give_up("a signal was lost", look(child, &came[0]));
}

int main(void)
{
    pid_t child;
    int status;
    long n;

    share_one_cpu();
    find_routines();
    if (end - first > LENGTH)
        give_up("routines are far apart", (long)(end - first));
    child = fork();
    if (child == 0)
        be_traced();
    if (waitpid(child, &status, 0) != child)
        give_up("no child", errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        printf("steps: skipped, ptrace is not allowed here\n");
        return 77;
    }
    n = lead(child);
    check_child(child, n);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    printf("%ld instructions, %ld interruptions each way\n", count_seen(), n);
    return 0;
}
