/* SPDX-License-Identifier: MIT */
/* report.c - what the engine did, and what threads wait for.
 *
 * A report goes to standard error, a line at a time, and may be made anywhere in the
 * program. */
#include "report.h"
#include "line.h"

uint64_t report_calls, report_traps, report_waits[REPORT_CALLS];

static const char *const names[REPORT_CALLS] = {
    [SYS_read] = "read",
    [SYS_readv] = "readv",
    [SYS_write] = "write",
    [SYS_writev] = "writev",
    [SYS_sendfile] = "sendfile",
    [SYS_splice] = "splice",
    [SYS_recvfrom] = "recvfrom",
    [SYS_recvmsg] = "recvmsg",
    [SYS_recvmmsg] = "recvmmsg",
    [SYS_sendto] = "sendto",
    [SYS_sendmsg] = "sendmsg",
    [SYS_sendmmsg] = "sendmmsg",
    [SYS_accept] = "accept",
    [SYS_accept4] = "accept4",
    [SYS_connect] = "connect",
    [SYS_poll] = "poll",
    [SYS_ppoll] = "ppoll",
    [SYS_select] = "select",
    [SYS_pselect6] = "pselect6",
    [SYS_epoll_wait] = "epoll_wait",
    [SYS_epoll_pwait] = "epoll_pwait",
    [SYS_epoll_pwait2] = "epoll_pwait2",
    [SYS_nanosleep] = "nanosleep",
    [SYS_clock_nanosleep] = "clock_nanosleep",
    [SYS_sched_yield] = "sched_yield",
    [SYS_flock] = "flock",
    [SYS_fcntl] = "fcntl",
    [SYS_wait4] = "wait4",
    [SYS_waitid] = "waitid",
    [SYS_futex] = "futex",
    [SYS_rt_sigsuspend] = "rt_sigsuspend",
    [SYS_rt_sigtimedwait] = "rt_sigtimedwait",
    [SYS_pause] = "pause",
};

static void add_name(struct line *l, long call)
{
    if (call >= 0 && call < REPORT_CALLS && names[call]) {
        green__line_text(l, names[call]);
    } else {
        green__line_text(l, "system call ");
        green__line_number(l, (uint64_t)call, 1);
    }
}

static void add_count(struct line *l, uint64_t n, const char *of)
{
    green__line_number(l, n, 1);
    green__line_text(l, of);
}

static void write_line(struct line *l)
{
    green__line_text(l, "\n");
    green__line_write(l, 2);
}

void report_stats(void)
{
    struct line l = {.n = 0};

    green__line_text(&l, "green-run: ");
    add_count(&l, task_made, " threads, ");
    add_count(&l, task_most, " at once; ");
    add_count(&l, task_switches, " switches, ");
    add_count(&l, report_calls, " system calls, ");
    add_count(&l, report_traps, " of them trapped");
    write_line(&l);
    for (long call = 0; call < REPORT_CALLS; call++) {
        if (!report_waits[call])
            continue;
        green__line_text(&l, "green-run: ");
        add_name(&l, call);
        green__line_text(&l, " waited ");
        add_count(&l, report_waits[call], " times");
        write_line(&l);
    }
}

static void add_hex(struct line *l, unsigned long n)
{
    char text[20], *at = text + sizeof text;

    *--at = '\0';
    do
        *--at = "0123456789abcdef"[n % 16];
    while (n /= 16);
    green__line_text(l, "0x");
    green__line_text(l, at);
}

static bool has_descriptor(long call)
{
    return call != SYS_nanosleep && call != SYS_clock_nanosleep &&
           call != SYS_poll && call != SYS_ppoll && call != SYS_select &&
           call != SYS_pselect6 && call != SYS_wait4 && call != SYS_waitid &&
           call != SYS_rt_sigsuspend && call != SYS_rt_sigtimedwait &&
           call != SYS_pause && call != SYS_sched_yield;
}

static void add_call(struct line *l, const struct call *c)
{
    add_name(l, c->number);
    if (c->number == SYS_futex) {
        green__line_text(l, " at ");
        add_hex(l, (unsigned long)c->a[0]);
    } else if (has_descriptor(c->number)) {
        green__line_text(l, " on descriptor ");
        green__line_number(l, (uint64_t)c->a[0], 1);
    }
}

static void add_task(struct line *l, const struct task *t)
{
    green__line_text(l, "  ");
    green__line_number(l, (uint64_t)t->tid, 1);
    if (t->name[0]) {
        green__line_text(l, " ");
        green__line_text(l, t->name);
    }
    green__line_text(l, t->state == TASK_WAITING   ? " waits"
                        : t->state == TASK_RUNNING ? " runs"
                                                   : " is ready");
    if (t->state == TASK_WAITING && t->call) {
        green__line_text(l, ": ");
        add_call(l, t->call);
    }
}

void report_dump(void)
{
    struct line l = {.n = 0};

    green__line_text(&l, "green-run: ");
    add_count(&l, task_count, " threads");
    write_line(&l);
    for (const struct task *t = task_first; t; t = t->after) {
        add_task(&l, t);
        write_line(&l);
    }
}
