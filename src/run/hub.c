/* SPDX-License-Identifier: MIT */
/* hub.c - looking at the world, when nobody can run and now and then.
 *
 * While it waits for events the kernel may deliver signals, with a mask of what all
 * tasks block: one at a time, since the handler's frame blocks all (mask.h). */
#include "hub.h"
#include <sys/epoll.h>
#include <time.h>
#include "mask.h"
#include "option.h"
#include "watch.h"

enum { EVENTS = 64, OURS = -2 };

uint64_t hub_kept;
bool hub_finds_stack;

static void (*heard)(void);

int hub_listen(int fd, void (*then)(void))
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = OURS};

    heard = then;
    return (int)kernel(SYS_epoll_ctl, watch_epoll(), EPOLL_CTL_ADD, fd,
                       (long)&e);
}

static long wait_for(struct epoll_event *events, int64_t duration)
{
    struct timespec t = {duration / SECOND, duration % SECOND};
    uint64_t mask;
    bool is_endless;
    long n;

    mask_close();
    is_endless = duration == FOREVER && !task_any_ready();
    if (task_any_ready())
        t = (struct timespec){0, 0};
    mask = mask_common() | hub_kept;
    mask_wait();
    n = kernel_call(SYS_epoll_pwait2, watch_epoll(), (long)events, EVENTS,
                    is_endless ? 0 : (long)&t, (long)&mask, sizeof mask);
    mask_close();
    return n;
}

static void tell(const struct epoll_event *e)
{
    if (e->data.fd == OURS)
        heard();
    else
        watch_event(e->data.fd, e->events);
}

/* By descriptor: in which order things happened is the world's business. */
static void sort(struct epoll_event *events, long n)
{
    for (long i = 1; i < n; i++)
        for (long j = i; j > 0 && events[j].data.fd < events[j - 1].data.fd;
             j--) {
            struct epoll_event e = events[j];

            events[j] = events[j - 1];
            events[j - 1] = e;
        }
}

static void look(int64_t duration)
{
    struct epoll_event events[EVENTS];
    long n = wait_for(events, duration);

    if (option_deterministic)
        sort(events, n);
    for (long i = 0; i < n; i++)
        tell(&events[i]);
    task_wake_due();
}

static int64_t until(int64_t deadline)
{
    int64_t left;

    if (task_any_ready())
        return 0;
    if (deadline == FOREVER)
        return FOREVER;
    left = deadline - task_clock();
    return left > 0 ? left : 0;
}

/* The kernel's alternate stack is that of the task that ran last, and may be in
 * use; no signal must be delivered on it now. */
static void leave_alternate_stack(void)
{
    static const stack_t none = {.ss_flags = SS_DISABLE};

    if (hub_finds_stack)
        kernel(SYS_sigaltstack, (long)&none, 0, 0, 0);
    hub_finds_stack = false;
}

void hub_run(void)
{
    for (;;) {
        leave_alternate_stack();
        do
            look(until(task_deadline()));
        while (!task_any_ready());
        task_run_next();
    }
}
