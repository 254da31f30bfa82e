/* SPDX-License-Identifier: MIT */
/* poll.c - waiting for many descriptors.
 *
 * What is ready the kernel says, by the same call without waiting; the engine only
 * knows when to ask again. */
#include "poll.h"
#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include "memory.h"
#include "watch.h"

enum { FEW = 16, WORD = 64 };

/* Wait for any of them. */
static enum woken park_all(struct pollfd *fds, size_t n, int64_t deadline)
{
    struct watch_wait few[FEW] = {{.fd = 0}}, *waits = few;
    bool all = true;
    enum woken why;

    if (n > FEW)
        waits = memory_take(n * sizeof *waits);
    for (size_t i = 0; waits && i < n; i++) {
        waits[i].fd = fds[i].fd;
        waits[i].events = (uint16_t)fds[i].events;
        if (fds[i].fd >= 0 && !watch_begin(&waits[i]))
            all = false;
    }
    if (!all || !waits) {
        int64_t soon = task_clock() + MILLISECOND;

        why = task_park(soon < deadline ? soon : deadline);
        if (why == WOKEN_TIMEOUT && soon < deadline)
            why = WOKEN_DONE;
    } else {
        why = task_park(deadline);
    }
    for (size_t i = 0; waits && i < n; i++)
        watch_end(&waits[i]);
    if (waits != few)
        memory_give(waits);
    return why;
}

static long poll_until(struct pollfd *fds, size_t n, int64_t deadline)
{
    long r;

    for (;;) {
        r = kernel(SYS_poll, (long)fds, (long)n, 0, 0);
        if (r != 0 || deadline == 0)
            return r;
        switch (park_all(fds, n, deadline)) {
        case WOKEN_SIGNAL:
            return -EINTR;
        case WOKEN_TIMEOUT:
            return kernel(SYS_poll, (long)fds, (long)n, 0, 0);
        default:
            break;
        }
    }
}

static int64_t after_ms(int ms)
{
    if (ms < 0)
        return FOREVER;
    return ms == 0 ? 0 : task_clock() + ms * (int64_t)MILLISECOND;
}

long poll_poll(struct call *c)
{
    return poll_until((struct pollfd *)c->a[0], (size_t)(unsigned)c->a[1],
                      after_ms((int)c->a[2]));
}

/* 0: do not wait, else a moment, or -EINVAL. */
static int64_t after(const struct timespec *t)
{
    if (t && t->tv_sec == 0 && t->tv_nsec == 0)
        return 0;
    return call_deadline(t);
}

/* The kernel's own ppoll writes back what is left. */
static void tell_left(struct timespec *t, int64_t deadline)
{
    int64_t left;

    if (!t || deadline == 0 || deadline == FOREVER)
        return;
    left = deadline - task_clock();
    if (left < 0)
        left = 0;
    t->tv_sec = left / SECOND;
    t->tv_nsec = left % SECOND;
}

long poll_ppoll(struct call *c)
{
    struct timespec *t = (struct timespec *)c->a[2];
    int64_t deadline = after(t);
    long r;

    if (deadline < 0)
        return deadline;
    call_mask(c, (const uint64_t *)c->a[3]);
    r = poll_until((struct pollfd *)c->a[0], (size_t)(unsigned)c->a[1],
                   deadline);
    tell_left(t, deadline);
    return r;
}

/* ---- select ---- */

struct sets {
    int n;
    size_t bytes;
    unsigned long *given[3], *asked[3];
};

static bool is_in(const unsigned long *set, int fd)
{
    return set && (set[fd / WORD] >> (fd % WORD) & 1);
}

static size_t to_pollfds(const struct sets *s, struct pollfd *fds)
{
    static const short events[3] = {POLLIN, POLLOUT, POLLPRI};
    size_t n = 0;

    for (int fd = 0; fd < s->n; fd++) {
        short wanted = 0;

        for (int i = 0; i < 3; i++)
            if (is_in(s->asked[i], fd))
                wanted |= events[i];
        if (wanted)
            fds[n++] = (struct pollfd){.fd = fd, .events = wanted};
    }
    return n;
}

/* The kernel's answer, without waiting; the program's sets are overwritten. */
static long select_now(const struct sets *s)
{
    struct timespec none = {0, 0};

    for (int i = 0; i < 3; i++)
        if (s->given[i])
            memcpy(s->given[i], s->asked[i], s->bytes);
    return kernel_call(SYS_pselect6, s->n, (long)s->given[0], (long)s->given[1],
                       (long)s->given[2], (long)&none, 0);
}

static long select_waiting(const struct sets *s, int64_t deadline)
{
    size_t most = (size_t)s->n;
    struct pollfd *fds = memory_take((most + 1) * sizeof *fds);
    size_t n = fds ? to_pollfds(s, fds) : 0;
    enum woken why = WOKEN_DONE;
    long r = fds ? 0 : -ENOMEM;

    while (r == 0 && why == WOKEN_DONE) {
        why = park_all(fds, n, deadline);
        if (why == WOKEN_CLOSED)
            why = WOKEN_DONE;
        r = why == WOKEN_SIGNAL ? -EINTR : select_now(s);
    }
    memory_give(fds);
    return r;
}

static long select_until(struct call *c, int64_t deadline)
{
    struct sets s = {.n = (int)c->a[0]};
    unsigned long *copies;
    long r;

    if (s.n < 0)
        return -EINVAL;
    s.bytes = ((size_t)s.n + WORD - 1) / WORD * sizeof(long);
    copies = memory_take(3 * s.bytes + 1);
    if (!copies)
        return -ENOMEM;
    for (int i = 0; i < 3; i++) {
        s.given[i] = (unsigned long *)c->a[1 + i];
        if (!s.given[i])
            continue;
        s.asked[i] = copies + (size_t)i * s.bytes / sizeof(long);
        memcpy(s.asked[i], s.given[i], s.bytes);
    }
    r = select_now(&s);
    if (r == 0 && deadline != 0)
        r = select_waiting(&s, deadline);
    memory_give(copies);
    return r;
}

long poll_select(struct call *c)
{
    struct timeval *t = (struct timeval *)c->a[4];
    struct timespec left = {0, 0};
    int64_t deadline;
    long r;

    if (t && (t->tv_sec < 0 || t->tv_usec < 0))
        return -EINVAL;
    if (t) {
        left.tv_sec = t->tv_sec + t->tv_usec / 1000000;
        left.tv_nsec = t->tv_usec % 1000000 * 1000;
    }
    deadline = after(t ? &left : NULL);
    r = select_until(c, deadline);
    if (t) {
        tell_left(&left, deadline);
        t->tv_sec = left.tv_sec;
        t->tv_usec = left.tv_nsec / 1000;
    }
    return r;
}

struct mask_argument {
    const uint64_t *mask;
    size_t size;
};

long poll_pselect6(struct call *c)
{
    struct timespec *t = (struct timespec *)c->a[4];
    const struct mask_argument *m = (const struct mask_argument *)c->a[5];
    int64_t deadline = after(t);
    long r;

    if (deadline < 0)
        return deadline;
    call_mask(c, m ? m->mask : NULL);
    r = select_until(c, deadline);
    tell_left(t, deadline);
    return r;
}

/* ---- epoll: an epoll descriptor can be waited for like any other ---- */

static long epoll_until(struct call *c, int64_t deadline)
{
    enum woken why;
    long r;

    for (;;) {
        r = kernel(SYS_epoll_wait, c->a[0], c->a[1], c->a[2], 0);
        if (r != 0 || deadline == 0)
            return r;
        why = watch_park((int)c->a[0], POLLIN, deadline);
        if (why == WOKEN_SIGNAL)
            return -EINTR;
        if (why == WOKEN_CLOSED)
            return -EBADF;
        if (why == WOKEN_TIMEOUT)
            deadline = 0;
    }
}

long poll_epoll_wait(struct call *c)
{
    return epoll_until(c, after_ms((int)c->a[3]));
}

long poll_epoll_pwait(struct call *c)
{
    call_mask(c, (const uint64_t *)c->a[4]);
    return epoll_until(c, after_ms((int)c->a[3]));
}

long poll_epoll_pwait2(struct call *c)
{
    int64_t deadline = after((const struct timespec *)c->a[3]);

    if (deadline < 0)
        return deadline;
    call_mask(c, (const uint64_t *)c->a[4]);
    return epoll_until(c, deadline);
}
