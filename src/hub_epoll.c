/* SPDX-License-Identifier: MIT */
/* hub_epoll.c - layer 4: the poller of Linux.
 *
 * A descriptor is registered once, edge-triggered for both directions.  With it
 * goes its generation, so that what epoll tells of a closed descriptor is not
 * taken for news of the next one with that number:
 *
 *   data.u64:  | generation (32) | fd (32) |
 *
 * Programs that close all descriptors they did not open close ours too.  Then
 * the next call finds its number closed, or to be of something else, and a new
 * epoll descriptor takes over: wait() registers what is waited for, and the
 * hub's rewatch, when it parks on one, registers the others. */
#include "sched.h"
#include "hub.h"

#if defined(__linux__)

#include <errno.h>
#include <sys/epoll.h>
#include "sys.h"

enum {
    EVENTS_AT_ONCE = 256,
    BOTH_WAYS = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP,
    PAUSE = 10000000 /* 10 ms */
};

struct epoll_poller {
    struct poller base;
    int epfd;    /* -1: lost, and no new one could be made */
    bool is_new; /* made since the last wait: nothing is registered */
    struct epoll_event events[EVENTS_AT_ONCE];
};

static struct epoll_poller *epoll_of(struct poller *p)
{
    return (void *)p;
}

static struct poller *epoll_open(void)
{
    struct epoll_poller *e = green__zalloc(sizeof *e);

    if (!e)
        return NULL;
    e->base.ops = &green__epoll;
    e->epfd = green__sys.epoll_create();
    if (e->epfd < 0) {
        green__sys.free(e);
        return NULL;
    }
    return &e->base;
}

static void epoll_close(struct poller *p)
{
    struct epoll_poller *e = epoll_of(p);

    if (e->epfd >= 0)
        green__sys.close(e->epfd);
    green__sys.free(e);
}

/* After a call that failed: because our number is not our descriptor's? */
static bool epoll_is_lost(const struct epoll_poller *e)
{
    if (errno == EINVAL) /* it is open, and something else */
        return true;
    return errno == EBADF && green__sys.get_flags(e->epfd) < 0;
}

/* The old number is not closed: it is nobody's, or somebody else's. */
static int epoll_renew(struct epoll_poller *e)
{
    e->epfd = green__sys.epoll_create();
    e->is_new = true;
    return e->epfd < 0 ? -1 : 0;
}

static int epoll_control(struct epoll_poller *e, int operation, int fd,
                         uint32_t generation)
{
    struct epoll_event event = {
        .events = BOTH_WAYS | EPOLLET,
        .data.u64 = (uint64_t)generation << 32 | (uint32_t)fd,
    };

    if (green__sys.epoll_ctl(e->epfd, operation, fd, &event) == 0)
        return 0;
    if (!epoll_is_lost(e) || epoll_renew(e) != 0)
        return -1;
    return green__sys.epoll_ctl(e->epfd, operation, fd, &event);
}

/* It may be there already: registered for a descriptor of this number that was
 * closed while a duplicate of it lives on, and that now has the number again. */
static int epoll_watch(struct poller *p, int fd, uint32_t generation)
{
    struct epoll_poller *e = epoll_of(p);
    int result = epoll_control(e, EPOLL_CTL_ADD, fd, generation);

    if (result != 0 && errno == EEXIST)
        result = epoll_control(e, EPOLL_CTL_MOD, fd, generation);
    return result;
}

static int epoll_rewatch(struct poller *p, int fd, uint32_t generation)
{
    struct epoll_poller *e = epoll_of(p);
    int result = epoll_control(e, EPOLL_CTL_MOD, fd, generation);

    if (result == 0 || errno != ENOENT)
        return result;
    return epoll_control(e, EPOLL_CTL_ADD, fd, generation) == 0 ? 1 : -1;
}

/* Old kernels want an event even to delete. */
static void epoll_unwatch(struct poller *p, int fd)
{
    struct epoll_event unused = {0};

    (void)green__sys.epoll_ctl(epoll_of(p)->epfd, EPOLL_CTL_DEL, fd, &unused);
}

/* Who waits for a descriptor that cannot be registered finds out why by trying
 * again.  True if there was one: somebody is ready now. */
static bool epoll_register_wanted(struct epoll_poller *e, struct green_hub *h)
{
    bool somebody_ready = false;
    uint32_t generation;
    int fd = -1, events;

    e->is_new = false;
    while ((fd = green__fd_next_wanted(h, fd, &events, &generation)) >= 0) {
        if (epoll_watch(&e->base, fd, generation) == 0)
            continue;
        green__fd_ready(h, fd, generation,
                        GREEN_READ | GREEN_WRITE | READY_ENDED);
        somebody_ready = true;
    }
    return somebody_ready;
}

/* The peer's end of sending wakes readers only; hang-ups and errors, all. */
static int epoll_meaning(uint32_t events)
{
    int meaning = 0;

    if (events & (EPOLLIN | EPOLLPRI))
        meaning |= GREEN_READ;
    if (events & EPOLLPRI)
        meaning |= READY_URGENT;
    if (events & EPOLLOUT)
        meaning |= GREEN_WRITE;
    if (events & EPOLLRDHUP)
        meaning |= GREEN_READ | READY_ENDED;
    if (events & (EPOLLHUP | EPOLLERR))
        meaning |= GREEN_READ | GREEN_WRITE | READY_ENDED;
    return meaning;
}

/* Without a free number for a new descriptor we cannot see anything: wait a
 * little for one, rather than spin. */
static void epoll_recover(struct epoll_poller *e, int64_t timeout)
{
    if (!epoll_is_lost(e) || epoll_renew(e) == 0)
        return;
    (void)green__sys.poll(NULL, 0,
                          timeout >= 0 && timeout < PAUSE ? timeout : PAUSE);
}

static void epoll_wait_once(struct poller *p, struct green_hub *h,
                            int64_t timeout)
{
    struct epoll_poller *e = epoll_of(p);
    int n;

    if (UNLIKELY(e->is_new) && e->epfd >= 0 && epoll_register_wanted(e, h))
        return;
    n = green__sys.epoll_wait(e->epfd, e->events, EVENTS_AT_ONCE, timeout);
    if (UNLIKELY(n < 0))
        epoll_recover(e, timeout);
    for (int i = 0; i < n; i++) {
        uint64_t data = e->events[i].data.u64;

        green__fd_ready(h, (int)(uint32_t)data, (uint32_t)(data >> 32),
                        epoll_meaning(e->events[i].events));
    }
}

const struct poller_ops green__epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .watch = epoll_watch,
    .rewatch = epoll_rewatch,
    .unwatch = epoll_unwatch,
    .wait = epoll_wait_once,
};

#else

#include <errno.h>

static struct poller *epoll_open(void)
{
    errno = ENOSYS;
    return NULL;
}

const struct poller_ops green__epoll = {.name = "epoll", .open = epoll_open};

#endif
