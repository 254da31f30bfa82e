/* SPDX-License-Identifier: MIT */
/* hub_poll.c - layer 4: the poller of every system, which keeps nothing.
 *
 * Each wait asks the hub for what is wanted now and the kernel for what is
 * ready now; both are slow with many descriptors, and neither can go wrong.  It
 * tells of readiness again and again, which is more than a poller must do.
 *
 * Invariant: there is room for every descriptor number that was watched, found
 * when it was, so that a wait needs no memory. */
#include "sched.h"
#include "hub.h"

#include <errno.h>
#include "sys.h"

struct poll_poller {
    struct poller base;
    struct pollfd *fds;
    uint32_t *generations; /* of the descriptor in fds at the same place */
    size_t room;
};

static struct poll_poller *poll_of(struct poller *p)
{
    return (void *)p;
}

static struct poller *poll_open(void)
{
    struct poll_poller *pp = green__zalloc(sizeof *pp);

    if (!pp)
        return NULL;
    pp->base.ops = &green__poll_poller;
    return &pp->base;
}

static void poll_close(struct poller *p)
{
    struct poll_poller *pp = poll_of(p);

    green__sys.free(pp->fds);
    green__sys.free(pp->generations);
    green__sys.free(pp);
}

/* The arrays grow one after the other; `room` is what both have. */
static int poll_reserve(struct poll_poller *pp, size_t n)
{
    size_t room = n + n / 2;
    struct pollfd *fds;
    uint32_t *generations;

    if (n <= pp->room)
        return 0;
    fds = green__sys.realloc(pp->fds, room * sizeof *fds);
    if (!fds)
        return -1;
    pp->fds = fds;
    generations =
        green__sys.realloc(pp->generations, room * sizeof *generations);
    if (!generations)
        return -1;
    pp->generations = generations;
    pp->room = room;
    return 0;
}

/* Other pollers refuse files, so that waits for them end at once everywhere. */
static int poll_watch(struct poller *p, int fd, uint32_t generation)
{
    int file = green__sys.is_file(fd);

    (void)generation;
    if (file > 0)
        errno = EPERM;
    return file ? -1 : poll_reserve(poll_of(p), (size_t)fd + 1);
}

static void poll_unwatch(struct poller *p, int fd)
{
    (void)p, (void)fd;
}

static short poll_question(int events)
{
    int question = 0;

    if (events & GREEN_READ)
        question |= POLLIN | POLLPRI;
    if (events & GREEN_WRITE)
        question |= POLLOUT;
    return (short)question;
}

/* A waiter whose descriptor is closed is told that it is ready, and finds EBADF
 * when it tries. */
static int poll_meaning(int events)
{
    int meaning = 0;

    if (events & (POLLIN | POLLPRI))
        meaning |= GREEN_READ;
    if (events & POLLPRI)
        meaning |= READY_URGENT;
    if (events & POLLOUT)
        meaning |= GREEN_WRITE;
    if (events & (POLLHUP | POLLERR | POLLNVAL))
        meaning |= GREEN_READ | GREEN_WRITE | READY_ENDED;
    return meaning;
}

static size_t poll_ask_hub(struct poll_poller *pp, struct green_hub *h)
{
    size_t n = 0;
    int fd = -1, events;

    while (n < pp->room && (fd = green__fd_next_wanted(
                                h, fd, &events, &pp->generations[n])) >= 0) {
        pp->fds[n] = (struct pollfd){fd, poll_question(events), 0};
        n++;
    }
    return n;
}

/* The kernel has no memory for so many, or allows fewer: nobody would be told. */
static void poll_failed(struct poll_poller *pp, struct green_hub *h, size_t n)
{
    int error = errno;

    for (size_t i = 0; error != EINTR && i < n; i++)
        green__fd_failed(h, pp->fds[i].fd, error);
}

static void poll_wait(struct poller *p, struct green_hub *h, int64_t timeout)
{
    struct poll_poller *pp = poll_of(p);
    size_t n = poll_ask_hub(pp, h);
    int ready = green__sys.poll(pp->fds, (nfds_t)n, timeout);

    if (ready < 0)
        poll_failed(pp, h, n);
    for (size_t i = 0; ready > 0 && i < n; i++) {
        if (pp->fds[i].revents == 0)
            continue;
        ready--;
        green__fd_ready(h, pp->fds[i].fd, pp->generations[i],
                        poll_meaning(pp->fds[i].revents));
    }
}

const struct poller_ops green__poll_poller = {
    .name = "poll",
    .open = poll_open,
    .close = poll_close,
    .watch = poll_watch,
    .rewatch = poll_watch,
    .unwatch = poll_unwatch,
    .wait = poll_wait,
};
