/* SPDX-License-Identifier: MIT */
/* sleep.c - waiting for time, and for what nothing but time tells about. */
#include "sleep.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include "watch.h"

enum { SHORTEST = MILLISECOND, LONGEST = 20 * MILLISECOND };

static void tell_left(struct timespec *left, int64_t deadline)
{
    int64_t n = deadline - task_clock();

    if (!left)
        return;
    left->tv_sec = n > 0 ? n / SECOND : 0;
    left->tv_nsec = n > 0 ? n % SECOND : 0;
}

static long sleep_until(int64_t deadline, struct timespec *left)
{
    if (task_park(deadline) == WOKEN_TIMEOUT)
        return 0;
    tell_left(left, deadline);
    return -EINTR;
}

long sleep_nanosleep(struct call *c)
{
    int64_t deadline = call_deadline((const struct timespec *)c->a[0]);

    if (deadline < 0)
        return deadline;
    return sleep_until(deadline, (struct timespec *)c->a[1]);
}

long sleep_clock_nanosleep(struct call *c)
{
    const struct timespec *t = (const struct timespec *)c->a[2];
    bool absolute = c->a[1] & TIMER_ABSTIME;
    int64_t deadline;

    if (c->a[0] != CLOCK_REALTIME && c->a[0] != CLOCK_MONOTONIC &&
        c->a[0] != CLOCK_BOOTTIME && c->a[0] != CLOCK_TAI)
        return call_pass(c);
    deadline = absolute ? call_moment((int)c->a[0], t) : call_deadline(t);
    if (deadline < 0)
        return deadline;
    return sleep_until(deadline, absolute ? NULL : (struct timespec *)c->a[3]);
}

long sleep_yield(struct call *c)
{
    (void)c;
    task_yield();
    return 0;
}

/* ---- trying again and again ---- */

/* 0: try again.  Each time the wait is half as long again. */
static long pause_for(int64_t *duration)
{
    if (task_park(task_clock() + *duration) == WOKEN_SIGNAL)
        return -RESTART_IF_ASKED;
    *duration += *duration / 2;
    if (*duration > LONGEST)
        *duration = LONGEST;
    return 0;
}

long sleep_flock(struct call *c)
{
    int64_t duration = SHORTEST;
    long r;

    if (c->a[1] & LOCK_NB)
        return call_pass(c);
    while ((r = kernel(SYS_flock, c->a[0], c->a[1] | LOCK_NB, 0, 0)) == -EAGAIN)
        if ((r = pause_for(&duration)) != 0)
            break;
    return r;
}

static long lock_without_waiting(long command)
{
    return command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
}

long sleep_fcntl(struct call *c)
{
    int64_t duration = SHORTEST;
    long r;

    if (c->a[1] == F_SETFL)
        watch_changed();
    if (c->a[1] != F_SETLKW && c->a[1] != F_OFD_SETLKW)
        return call_pass(c);
    do
        r = kernel(SYS_fcntl, c->a[0], lock_without_waiting(c->a[1]), c->a[2],
                   0);
    while ((r == -EAGAIN || r == -EACCES) && (r = pause_for(&duration)) == 0);
    return r;
}

/* ---- children: their descriptors tell, if there is one to wait for ---- */

static long await_child(long pid, int64_t *duration)
{
    long fd = pid > 0 ? kernel(SYS_pidfd_open, pid, 0, 0, 0) : -1;
    enum woken why;

    if (fd < 0)
        return pause_for(duration);
    why = watch_park((int)fd, POLLIN, task_clock() + SECOND);
    watch_forget((int)fd);
    kernel(SYS_close, fd, 0, 0, 0);
    return why == WOKEN_SIGNAL ? -RESTART_IF_ASKED : 0;
}

long sleep_wait4(struct call *c)
{
    int64_t duration = SHORTEST;
    long r;

    if (c->a[2] & WNOHANG)
        return call_pass(c);
    while ((r = kernel(SYS_wait4, c->a[0], c->a[1], c->a[2] | WNOHANG,
                       c->a[3])) == 0)
        if ((r = await_child(c->a[2] & WUNTRACED ? 0 : (int)c->a[0],
                             &duration)) != 0)
            break;
    return r;
}

/* Without waiting it succeeds, and says nothing of a child. */
static long waitid_now(struct call *c, siginfo_t *info)
{
    info->si_pid = 0;
    return kernel_call(SYS_waitid, c->a[0], c->a[1], (long)info,
                       c->a[3] | WNOHANG, c->a[4], 0);
}

long sleep_waitid(struct call *c)
{
    int64_t duration = SHORTEST;
    siginfo_t info = {.si_signo = 0};
    long r;

    if (c->a[3] & WNOHANG)
        return call_pass(c);
    while ((r = waitid_now(c, &info)) == 0 && info.si_pid == 0)
        if ((r = await_child(c->a[0] == P_PID && !(c->a[3] & WSTOPPED) ? c->a[1]
                                                                       : 0,
                             &duration)) != 0)
            return r;
    if (r == 0 && c->a[2])
        *(siginfo_t *)c->a[2] = info;
    return r;
}

void sleep_child_changed(void)
{
    for (struct task *t = task_first; t; t = t->after)
        if (t->call &&
            (t->call->number == SYS_wait4 || t->call->number == SYS_waitid))
            task_wake(t, WOKEN_DONE);
}
