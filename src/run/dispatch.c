/* SPDX-License-Identifier: MIT */
/* dispatch.c - what becomes of a system call of the program.
 *
 * The kernel sends SIGSYS for each.  The answer goes into the frame, from which
 * the program's registers come back. */
#include "dispatch.h"
#include "descriptor.h"
#include "fifo.h"
#include "file.h"
#include "futex.h"
#include "hub.h"
#include "option.h"
#include "pending.h"
#include "poll.h"
#include "preempt.h"
#include "process.h"
#include "report.h"
#include "signal_calls.h"
#include "sleep.h"
#include "socket.h"
#include "thread.h"

enum { LENGTH_OF_SYSCALL = 2, DISPATCHED = 2 };

static long exit_all(struct call *c)
{
    if (option_stats)
        report_stats();
    return call_pass(c);
}

static long exit_one(struct call *c)
{
    return task_count == 1 ? exit_all(c) : thread_exit(c);
}

static long (*const calls[REPORT_CALLS])(struct call *) = {
    [SYS_open] = fifo_open,
    [SYS_openat] = fifo_openat,
    [SYS_read] = file_read,
    [SYS_readv] = file_readv,
    [SYS_write] = file_write,
    [SYS_writev] = file_writev,
    [SYS_sendfile] = file_sendfile,
    [SYS_splice] = file_splice,
    [SYS_tee] = file_splice,
    [SYS_close] = descriptor_close,
    [SYS_close_range] = descriptor_close_range,
    [SYS_dup2] = descriptor_dup2,
    [SYS_dup3] = descriptor_dup2,
    [SYS_ioctl] = descriptor_ioctl,
    [SYS_setsockopt] = descriptor_setsockopt,
    [SYS_recvfrom] = socket_recvfrom,
    [SYS_recvmsg] = socket_recvmsg,
    [SYS_recvmmsg] = socket_recvmmsg,
    [SYS_sendto] = socket_sendto,
    [SYS_sendmsg] = socket_sendmsg,
    [SYS_sendmmsg] = socket_sendmmsg,
    [SYS_accept] = socket_accept,
    [SYS_accept4] = socket_accept4,
    [SYS_connect] = socket_connect,
    [SYS_poll] = poll_poll,
    [SYS_ppoll] = poll_ppoll,
    [SYS_select] = poll_select,
    [SYS_pselect6] = poll_pselect6,
    [SYS_epoll_wait] = poll_epoll_wait,
    [SYS_epoll_pwait] = poll_epoll_pwait,
    [SYS_epoll_pwait2] = poll_epoll_pwait2,
    [SYS_nanosleep] = sleep_nanosleep,
    [SYS_clock_nanosleep] = sleep_clock_nanosleep,
    [SYS_sched_yield] = sleep_yield,
    [SYS_flock] = sleep_flock,
    [SYS_fcntl] = sleep_fcntl,
    [SYS_wait4] = sleep_wait4,
    [SYS_waitid] = sleep_waitid,
    [SYS_futex] = futex_call,
    [SYS_rt_sigaction] = signal_action,
    [SYS_rt_sigprocmask] = signal_mask,
    [SYS_rt_sigpending] = signal_pending,
    [SYS_rt_sigsuspend] = signal_suspend,
    [SYS_rt_sigtimedwait] = signal_timedwait,
    [SYS_rt_sigreturn] = signal_return,
    [SYS_rt_tgsigqueueinfo] = signal_queue,
    [SYS_pause] = signal_pause,
    [SYS_sigaltstack] = signal_altstack,
    [SYS_tgkill] = signal_tgkill,
    [SYS_tkill] = signal_tkill,
    [SYS_timer_create] = preempt_timer_create,
    [SYS_clone] = process_clone,
    [SYS_clone3] = process_clone3,
    [SYS_fork] = process_fork,
    [SYS_vfork] = process_vfork,
    [SYS_execve] = process_execve,
    [SYS_execveat] = process_execveat,
    [SYS_exit] = exit_one,
    [SYS_exit_group] = exit_all,
    [SYS_gettid] = thread_gettid,
    [SYS_set_tid_address] = thread_set_tid_address,
    [SYS_set_robust_list] = thread_set_robust_list,
    [SYS_get_robust_list] = thread_get_robust_list,
    [SYS_rseq] = thread_rseq,
    [SYS_prctl] = thread_prctl,
    [SYS_arch_prctl] = thread_arch_prctl,
    [SYS_munmap] = thread_munmap,
    [SYS_sched_getaffinity] = thread_first_is_tid,
    [SYS_sched_setaffinity] = thread_first_is_tid,
    [SYS_sched_getscheduler] = thread_first_is_tid,
    [SYS_sched_setscheduler] = thread_first_is_tid,
    [SYS_sched_getparam] = thread_first_is_tid,
    [SYS_sched_setparam] = thread_first_is_tid,
    [SYS_sched_getattr] = thread_first_is_tid,
    [SYS_sched_setattr] = thread_first_is_tid,
    [SYS_sched_rr_get_interval] = thread_first_is_tid,
    [SYS_getpriority] = thread_second_is_tid,
    [SYS_setpriority] = thread_second_is_tid,
    [SYS_ioprio_get] = thread_second_is_tid,
    [SYS_ioprio_set] = thread_second_is_tid,
};

static long serve(struct call *c)
{
    if ((unsigned long)c->number < REPORT_CALLS && calls[c->number])
        return calls[c->number](c);
    return call_pass(c);
}

/* After a signal: shall the program see EINTR, or make the call again? */
static long result_or_again(struct call *c, long r)
{
    greg_t *gregs = c->frame->uc_mcontext.gregs;
    int signal = pending_first(c->task);

    if (r != -RESTART_IF_ASKED && r != -RESTART_IF_NO_HANDLER)
        return r;
    if (signal && action_handles(signal) &&
        (r == -RESTART_IF_NO_HANDLER ||
         !(action_get(signal).flags & SA_RESTART)))
        return -EINTR;
    gregs[REG_RIP] -= LENGTH_OF_SYSCALL;
    return c->number;
}

static void put_mask_back(struct call *c)
{
    if (!c->has_old_mask)
        return;
    mask_put(c->task, c->frame, c->old_mask);
    pending_deliver(c->task, c->frame);
}

void dispatch_call(ucontext_t *frame, uint64_t tried)
{
    greg_t *g = frame->uc_mcontext.gregs;
    struct task *t = task_now;
    struct call c = {.number = g[REG_RAX],
                     .a = {g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10],
                           g[REG_R8], g[REG_R9]},
                     .frame = frame,
                     .task = t,
                     .tried = tried};
    uint64_t waits = t->waits;
    long r;

    report_calls++;
    mask_set(t, mask_of(frame));
    t->frame = frame;
    t->call = &c;
    r = serve(&c);
    t->call = NULL;
    if (t->waits != waits && c.number < REPORT_CALLS)
        report_waits[c.number]++;
    g[REG_RAX] = result_or_again(&c, r);
    if (t->pending & ~t->mask)
        pending_deliver(t, frame);
    put_mask_back(&c);
    t->stack = frame->uc_stack;
}

static void note_stack(const ucontext_t *frame)
{
    hub_finds_stack = task_has_stack(&frame->uc_stack);
}

/* The frame brings its mask back, and must be the only one that does. */
static void end(ucontext_t *frame)
{
    struct task *t = task_now;

    mask_close();
    if (t->pending & ~t->mask) {
        pending_deliver(t, frame);
        t->stack = frame->uc_stack;
    }
}

void dispatch_signal(int signal, siginfo_t *info, void *frame)
{
    bool is_call = info->si_code == DISPATCHED;

    if (!is_call && mask_takes(signal, info, frame))
        return;
    mask_is_closed();
    note_stack(frame);
    if (is_call) {
        report_traps++;
        dispatch_call(frame, 0);
    } else {
        preempt_signal(info, frame);
    }
    end(frame);
}

static bool is_fault(int signal, const siginfo_t *info)
{
    return info->si_code > 0 &&
           (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
            signal == SIGILL || signal == SIGTRAP);
}

static void pass_on(int signal, siginfo_t *info, ucontext_t *frame)
{
    if (signal == SIGCHLD)
        sleep_child_changed();
    if (signal == option_dump)
        report_dump();
    else if (signal == SIGSYS)
        preempt_signal(info, frame);
    else
        pending_for_process(signal, info);
}

void dispatch_late(int signal, siginfo_t *info)
{
    pass_on(signal, info, NULL);
}

/* In the middle of the program. */
void dispatch_arrived(int signal, siginfo_t *info, void *frame)
{
    struct task *t = task_now;

    if (mask_takes(signal, info, frame))
        return;
    mask_is_closed();
    note_stack(frame);
    mask_set(t, mask_of(frame));
    if (is_fault(signal, info))
        pending_add(t, signal, info);
    else
        pass_on(signal, info, frame);
    pending_deliver(t, frame);
    end(frame);
}
