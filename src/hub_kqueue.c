/* SPDX-License-Identifier: MIT */
/* hub_kqueue.c - layer 4: the poller of macOS and the BSDs.
 *
 * A descriptor is registered once, with EV_CLEAR for both directions.  Closing it
 * removes it from the kernel's queue, but not an event that we have fetched:
 * therefore its generation goes along, as udata.
 *
 * A queue that was closed behind our back is replaced as in hub_epoll.c. */
#include "sched.h"
#include "hub.h"

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || \
    defined(__OpenBSD__) || defined(GREEN_KQUEUE_SHIM)

#include <errno.h>
#include <sys/event.h>
#include "sys.h"

enum {
    KEVENTS_AT_ONCE = 256,
    KQUEUE_PAUSE = 10000000 /* 10 ms */
};

struct kqueue_poller {
    struct poller base;
    int kq;      /* -1: lost, and no new one could be made */
    bool is_new; /* made since the last wait: nothing is registered */
    struct kevent events[KEVENTS_AT_ONCE];
};

static struct kqueue_poller *kqueue_of(struct poller *p)
{
    return (void *)p;
}

static struct poller *kqueue_open(void)
{
    struct kqueue_poller *k = green__zalloc(sizeof *k);

    if (!k)
        return NULL;
    k->base.ops = &green__kqueue;
    k->kq = green__sys.kqueue();
    if (k->kq < 0) {
        green__sys.free(k);
        return NULL;
    }
    return &k->base;
}

static void kqueue_close(struct poller *p)
{
    struct kqueue_poller *k = kqueue_of(p);

    if (k->kq >= 0)
        green__sys.close(k->kq);
    green__sys.free(k);
}

/* After a call that failed as a whole: our number is not our queue's. */
static bool kqueue_is_lost(void)
{
    return errno == EBADF || errno == EINVAL;
}

/* The old number is not closed: it is nobody's, or somebody else's. */
static int kqueue_renew(struct kqueue_poller *k)
{
    k->kq = green__sys.kqueue();
    k->is_new = true;
    return k->kq < 0 ? -1 : 0;
}

/* Apply the flags to both filters of fd.  With EV_RECEIPT the answer to each
 * change comes back, and no event: errors[] for reading and writing.  -1 with
 * errno if the call failed as a whole. */
static int kqueue_change(const struct kqueue_poller *k, int fd,
                         unsigned short flags, uint32_t generation,
                         int errors[2])
{
    struct kevent both[2];
    uintptr_t id = (uintptr_t)fd;
    void *udata = (void *)(uintptr_t)generation;

    flags = (unsigned short)(flags | EV_RECEIPT);
    EV_SET(&both[0], id, EVFILT_READ, flags, 0, 0, udata);
    EV_SET(&both[1], id, EVFILT_WRITE, flags, 0, 0, udata);
    if (green__sys.kevent(k->kq, both, 2, both, 2, 0) != 2)
        return -1;
    errors[0] = (int)both[0].data;
    errors[1] = (int)both[1].data;
    return 0;
}

/* Some descriptors have one direction only.  A pipe whose other end is gone is
 * refused as broken: no call on it has to wait any more. */
static int kqueue_verdict(const int errors[2])
{
    if (errors[0] == EPIPE || errors[1] == EPIPE)
        errno = EPERM;
    else if (errors[0] && errors[1])
        errno = errors[0];
    else
        return 0;
    return -1;
}

/* Adding again tells of present readiness again, which is all that rewatch
 * wants.  Files are refused here: a queue would tell nothing at their end. */
static int kqueue_watch(struct poller *p, int fd, uint32_t generation)
{
    struct kqueue_poller *k = kqueue_of(p);
    int errors[2];
    int result;

    if (green__sys.is_file(fd) > 0) {
        errno = EPERM;
        return -1;
    }
    result = kqueue_change(k, fd, EV_ADD | EV_CLEAR, generation, errors);
    if (result != 0 && kqueue_is_lost() && kqueue_renew(k) == 0)
        result = kqueue_change(k, fd, EV_ADD | EV_CLEAR, generation, errors);
    return result == 0 ? kqueue_verdict(errors) : -1;
}

static void kqueue_unwatch(struct poller *p, int fd)
{
    int unused[2];

    (void)kqueue_change(kqueue_of(p), fd, EV_DELETE, 0, unused);
}

/* Who waits for a descriptor that cannot be registered finds out why by trying
 * again.  True if there was one: somebody is ready now. */
static bool kqueue_register_wanted(struct kqueue_poller *k, struct green_hub *h)
{
    bool somebody_ready = false;
    uint32_t generation;
    int fd = -1, events;

    k->is_new = false;
    while ((fd = green__fd_next_wanted(h, fd, &events, &generation)) >= 0) {
        if (kqueue_watch(&k->base, fd, generation) == 0)
            continue;
        green__fd_ready(h, fd, generation,
                        GREEN_READ | GREEN_WRITE | READY_ENDED);
        somebody_ready = true;
    }
    return somebody_ready;
}

/* Each direction has its own event, its end too; an error of the socket, in
 * fflags, concerns both. */
static int kqueue_meaning(const struct kevent *event)
{
    int meaning = event->filter == EVFILT_WRITE ? GREEN_WRITE : GREEN_READ;

    if (event->flags & EV_EOF)
        meaning |= READY_ENDED;
    if (event->flags & EV_EOF && event->fflags)
        meaning |= GREEN_READ | GREEN_WRITE;
    return meaning;
}

static void kqueue_recover(struct kqueue_poller *k, int64_t timeout)
{
    if (!kqueue_is_lost() || kqueue_renew(k) == 0)
        return;
    (void)green__sys.poll(
        NULL, 0,
        timeout >= 0 && timeout < KQUEUE_PAUSE ? timeout : KQUEUE_PAUSE);
}

static void kqueue_wait(struct poller *p, struct green_hub *h, int64_t timeout)
{
    struct kqueue_poller *k = kqueue_of(p);
    int n;

    if (UNLIKELY(k->is_new) && k->kq >= 0 && kqueue_register_wanted(k, h))
        return;
    n = green__sys.kevent(k->kq, NULL, 0, k->events, KEVENTS_AT_ONCE, timeout);
    if (UNLIKELY(n < 0))
        kqueue_recover(k, timeout);
    for (int i = 0; i < n; i++)
        green__fd_ready(h, (int)k->events[i].ident,
                        (uint32_t)(uintptr_t)k->events[i].udata,
                        kqueue_meaning(&k->events[i]));
}

const struct poller_ops green__kqueue = {
    .name = "kqueue",
    .open = kqueue_open,
    .close = kqueue_close,
    .watch = kqueue_watch,
    .rewatch = kqueue_watch,
    .unwatch = kqueue_unwatch,
    .wait = kqueue_wait,
};

#else

#include <errno.h>

static struct poller *kqueue_open(void)
{
    errno = ENOSYS;
    return NULL;
}

const struct poller_ops green__kqueue = {.name = "kqueue", .open = kqueue_open};

#endif
