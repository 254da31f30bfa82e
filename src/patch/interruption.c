/* SPDX-License-Identifier: MIT */
/* interruption.c - layer 8: waits that a signal may end, with EINTR.
 *
 * A signal that comes to a thread runs its handler there, whatever greenlet that
 * interrupts.  Who waited must be told: the handler writes to eventfds of those who
 * are to know, on which they wait beside all else.
 *
 * Of the greenlets of a thread, the first one is told, as the kernel prefers the
 * first thread; and all whose calls are made to wait for signals.
 *
 * The list is changed by its thread only, one pointer at a time, so that a handler
 * finds it whole. */
#include "interruption.h"
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include "handlers.h"
#include "memory.h"
#include "patch.h"

enum { AT_HAND = 16, MAIN = 1, NO_SUCH_THING = -1 };

static _Thread_local struct interruption *volatile interruptions;

void green__handler_ran(bool restarts)
{
    static const uint64_t one = 1;
    struct interruption *i;

    for (i = interruptions; i; i = i->next) {
        if (i->restarts && restarts)
            continue;
        i->hit = true;
        green__call(SYS_write, i->handlers, (long)&one, sizeof one, 0, 0, 0);
    }
}

uint64_t green__let_in(const void *mask)
{
    uint64_t blocked = 0, wanted;

    if (!mask || !green__load(&wanted, mask, sizeof wanted))
        return 0;
    green__call(SYS_rt_sigprocmask, 0, 0, (long)&blocked, MASK_SIZE, 0, 0);
    return blocked & ~wanted;
}

static bool is_told(enum interruptible how)
{
    return how == ALWAYS ||
           (green__patched(GREEN_PATCH_SIGNAL) && green__handlers_known() &&
            green_id(green_self()) == MAIN);
}

static long open_handlers(struct interruption *i)
{
    long fd =
        green__call(SYS_eventfd2, 0, EFD_NONBLOCK | EFD_CLOEXEC, 0, 0, 0, 0);

    if (fd < 0)
        return fd;
    i->handlers = (int)fd;
    i->next = interruptions;
    interruptions = i;
    return 0;
}

static long open_pending(struct interruption *i, uint64_t set)
{
    long fd = green__call(SYS_signalfd4, NO_SUCH_THING, (long)&set, MASK_SIZE,
                          SFD_NONBLOCK | SFD_CLOEXEC, 0, 0);

    if (fd < 0)
        return fd;
    i->pending = (int)fd;
    return 0;
}

long green__interruption_begin(struct interruption *i, enum interruptible how,
                               uint64_t set)
{
    long r = 0;

    *i = (struct interruption){
        .handlers = -1, .pending = -1, .restarts = how == UNLESS_RESTARTING};
    if (is_told(how))
        r = open_handlers(i);
    if (r == 0 && set)
        r = open_pending(i, set);
    if (r < 0)
        green__interruption_end(i);
    return r;
}

static void take_out(struct interruption *i)
{
    struct interruption *at = interruptions;

    if (at == i) {
        interruptions = i->next;
        return;
    }
    while (at && at->next != i)
        at = at->next;
    if (at)
        at->next = i->next;
}

void green__interruption_end(struct interruption *i)
{
    int saved_errno = errno;

    if (i->handlers >= 0) {
        take_out(i);
        green_close(i->handlers);
    }
    if (i->pending >= 0)
        green_close(i->pending);
    errno = saved_errno;
}

static long wait_plainly(struct pollfd *fds, nfds_t n, int64_t left)
{
    if (n == 0)
        return green_sleep(left) == 0 ? 0 : -errno;
    return green_poll(fds, n, left) >= 0 ? 0 : -errno;
}

/* Those, and ours behind them. */
long green__interruption_wait(struct interruption *i, struct pollfd *fds,
                              nfds_t n, int64_t left)
{
    struct pollfd at_hand[AT_HAND], *all = at_hand;
    size_t size = (n + 2) * sizeof *all;
    long r;

    green__hook_waits();
    if (i->handlers < 0 && i->pending < 0)
        return wait_plainly(fds, n, left);
    if (i->hit)
        return 0;
    if (n + 2 > AT_HAND)
        all = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return -ENOMEM;
    if (n > 0)
        memcpy(all, fds, n * sizeof *all);
    all[n] = (struct pollfd){i->handlers, POLLIN, 0};
    all[n + 1] = (struct pollfd){i->pending, POLLIN, 0};
    r = wait_plainly(all, n + 2, left);
    if (n > 0)
        memcpy(fds, all, n * sizeof *all);
    if (all != at_hand)
        munmap(all, size);
    return r;
}

long green__wait_or_signal(enum interruptible how, struct pollfd *fds, nfds_t n,
                           int64_t left)
{
    struct interruption i;
    long r = green__interruption_begin(&i, how, 0);

    if (r < 0)
        return r;
    r = green__interruption_wait(&i, fds, n, left);
    if (r == 0 && i.hit)
        r = -EINTR;
    green__interruption_end(&i);
    return r;
}
