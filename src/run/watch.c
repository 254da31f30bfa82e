/* SPDX-License-Identifier: MIT */
/* watch.c - tasks that wait for descriptors.
 *
 * One epoll instance has them all.  A descriptor for which one task waits is
 * registered once, edge-triggered for all events: everybody tries before he waits,
 * so no event that came before is missed.  For several, registrations are for one
 * event each: who would take what has come is woken alone, and the rest is armed
 * anew; if he leaves something, that shows at the next look. */
#include "watch.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "memory.h"

enum { PAGE = 1024, PAGES = 4096, OURS = 4, HIGHEST = 1 << 16 };

#define EVERYTHING \
    (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | (uint32_t)EPOLLET)

struct watch {
    green_waiters_t waiters;
    enum watch_kind kind;
    bool is_registered; /* for all events, edge-triggered */
    bool is_own;
    uint64_t plain_at; /* `change` when it was found plain */
};

static struct watch *pages[PAGES];
static int epoll = -1, ours[OURS], ours_n;
static uint64_t change = 1;

static struct watch *find(int fd, bool make)
{
    unsigned page = (unsigned)fd / PAGE;

    if (fd < 0 || page >= PAGES)
        return NULL;
    if (!pages[page] && make)
        pages[page] = memory_take(PAGE * sizeof *pages[page]);
    return pages[page] ? &pages[page][fd % PAGE] : NULL;
}

/* ---- kinds ---- */

static enum watch_kind ask_kind(int fd)
{
    struct stat s;

    if (kernel(SYS_fstat, fd, (long)&s, 0, 0) != 0)
        return WATCH_UNKNOWN;
    switch (s.st_mode & S_IFMT) {
    case S_IFSOCK:
        return WATCH_SOCKET;
    case S_IFREG:
    case S_IFDIR:
    case S_IFBLK:
    case S_IFLNK:
        return WATCH_PLAIN;
    case S_IFCHR:
        return WATCH_POLL;
    default:
        return WATCH_NOWAIT;
    }
}

enum watch_kind watch_kind(int fd)
{
    struct watch *w = find(fd, true);

    if (!w)
        return ask_kind(fd);
    if (w->kind == WATCH_UNKNOWN)
        w->kind = ask_kind(fd);
    return w->kind;
}

enum watch_kind watch_known(int fd)
{
    const struct watch *w = find(fd, false);

    return w ? w->kind : WATCH_UNKNOWN;
}

void watch_learn(int fd, enum watch_kind kind)
{
    struct watch *w = find(fd, true);

    if (w)
        w->kind = kind;
}

/* ---- what need not be asked again ---- */

void watch_own(int fd)
{
    struct watch *w = find(fd, true);

    if (w)
        w->is_own = true;
}

void watch_share_all(void)
{
    for (int i = 0; i < PAGES; i++)
        for (int j = 0; pages[i] && j < PAGE; j++)
            pages[i][j].is_own = false;
}

bool watch_is_plain(int fd)
{
    const struct watch *w = find(fd, false);

    return w && w->is_own && w->plain_at == change;
}

void watch_note_plain(int fd)
{
    struct watch *w = find(fd, false);

    if (w)
        w->plain_at = change;
}

void watch_changed(void)
{
    change++;
}

/* ---- waits ---- */

static long arm(int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};
    long r = kernel(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, fd, (long)&e);

    if (r == -ENOENT)
        r = kernel(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, fd, (long)&e);
    return r;
}

/* Or is about to. */
static bool still_waits(const struct watch_wait *wait)
{
    return wait->task->state == TASK_WAITING || wait->task == task_now;
}

static uint32_t wanted(const struct watch *w)
{
    uint32_t events = 0;

    for (struct green_waiter *g = w->waiters.first; g; g = g->next)
        if (still_waits((struct watch_wait *)g))
            events |= ((struct watch_wait *)g)->events;
    return events;
}

/* Alone it is registered for good, among others each time anew. */
static bool enter(struct watch *w, const struct watch_wait *wait)
{
    if (w->waiters.first) {
        w->is_registered = false;
        return arm(wait->fd, wanted(w) | wait->events | EPOLLONESHOT) == 0;
    }
    if (!w->is_registered)
        w->is_registered = arm(wait->fd, EVERYTHING) == 0;
    return w->is_registered;
}

bool watch_begin(struct watch_wait *wait)
{
    struct watch *w = find(wait->fd, true);

    wait->task = task_now;
    if (!w || !enter(w, wait))
        return false;
    list_append(&w->waiters, &wait->waiter);
    return true;
}

void watch_end(struct watch_wait *wait)
{
    list_remove(&wait->waiter);
}

/* Who cannot wait by epoll looks now and then. */
static int64_t soon(int64_t deadline)
{
    int64_t then = task_clock() + MILLISECOND;

    return then < deadline ? then : deadline;
}

enum woken watch_park(int fd, uint32_t events, int64_t deadline)
{
    struct watch_wait w = {.fd = fd, .events = events, .takes = true};
    bool begun = watch_begin(&w);
    enum woken why = task_park(begun ? deadline : soon(deadline));

    if (begun)
        watch_end(&w);
    else if (why == WOKEN_TIMEOUT && task_clock() < deadline)
        why = WOKEN_DONE;
    return why;
}

void watch_event(int fd, uint32_t events)
{
    struct watch *w = find(fd, false);
    uint32_t taken = 0, left;

    if (!w)
        return;
    for (struct green_waiter *g = w->waiters.first; g; g = g->next) {
        struct watch_wait *wait = (struct watch_wait *)g;
        uint32_t his = wait->events & events & ~taken;

        if (wait->task->state != TASK_WAITING)
            continue;
        if (his || (events & (EPOLLERR | EPOLLHUP))) {
            task_wake(wait->task, WOKEN_DONE);
            if (wait->takes && !(events & (EPOLLERR | EPOLLHUP)))
                taken |= his;
        }
    }
    left = w->is_registered ? 0 : wanted(w);
    if (left)
        arm(fd, left | EPOLLONESHOT);
}

void watch_forget(int fd)
{
    struct watch *w = find(fd, false);
    struct green_waiter *g;

    if (!w)
        return;
    w->kind = WATCH_UNKNOWN;
    w->is_registered = false;
    w->is_own = false;
    while ((g = w->waiters.first)) {
        list_remove(g);
        task_wake(((struct watch_wait *)g)->task, WOKEN_CLOSED);
    }
}

/* ---- our own descriptors ---- */

int watch_hide(int fd)
{
    struct rlimit most = {0, 0};
    long from, hidden;

    kernel(SYS_getrlimit, RLIMIT_NOFILE, (long)&most, 0, 0);
    from = most.rlim_cur < HIGHEST ? (long)most.rlim_cur : HIGHEST;
    from = from > OURS ? from - OURS : 0;
    hidden = kernel(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from, 0);
    if (hidden < 0)
        hidden = fd;
    else
        kernel(SYS_close, fd, 0, 0, 0);
    if (ours_n < OURS)
        ours[ours_n++] = (int)hidden;
    return (int)hidden;
}

bool watch_is_ours(int fd)
{
    for (int i = 0; i < ours_n; i++)
        if (ours[i] == fd)
            return true;
    return false;
}

int watch_epoll(void)
{
    return epoll;
}

int watch_start(void)
{
    for (int i = 0; i < ours_n; i++)
        kernel(SYS_close, ours[i], 0, 0, 0);
    ours_n = 0;
    for (int i = 0; i < PAGES; i++)
        for (int j = 0; pages[i] && j < PAGE; j++)
            pages[i][j] = (struct watch){.kind = pages[i][j].kind};
    epoll = (int)kernel(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0);
    if (epoll < 0)
        return epoll;
    epoll = watch_hide(epoll);
    return 0;
}
