/* SPDX-License-Identifier: MIT */
/* hub.h - layer 4: descriptors, other threads, and the contract of the pollers.
 *
 * A poller tells when descriptors become ready.  It is edge-triggered: what was
 * not looked at is not told again, so callers try their system call first. */
#ifndef GREEN_HUB_H
#define GREEN_HUB_H

#include "green_impl.h"
#include "sched.h"
#include "turn.h"

/* What the hub keeps for a descriptor number.
 *
 *   unknown -> watched (poller has it) -> forgotten by close or birth
 */
struct fd_state {
    green_waiters_t waiters;     /* detail: GREEN_READ | GREEN_WRITE */
    uint32_t generation;         /* of the registration: old events carry an old one */
    uint32_t lives;              /* births and closings of the number so far */
    uint8_t how;                 /* transfer.c: which call does not block on it */
    bool watched;                /* the poller has it */
    bool drained;                /* the last read was short, no edge since */
    bool unsure;                 /* a HUP, ERR or urgent data came: `drained` is
                                    void for good */
    bool tcp;                    /* for certain: `drained` may be used */
    bool ours;                   /* made by the library: its birth is known */
    int fd;
    int64_t heard;               /* when the poller was last known to have it */
    struct fd_state *next_parked; /* to be checked before the hub blocks */
    struct fd_state *next_seen;   /* was, and will be once more */
    bool parked, seen;
};

/* States, PAGE_FDS a page.  Pages never move: waiters point into them. */
#define PAGE_FDS 64

struct fd_table {
    struct fd_state **pages;
    size_t n;
};

/* The state of a descriptor number, or NULL if it was not used yet. */
static inline struct fd_state *green__fd_known(const struct green_hub *h,
                                               int fd)
{
    size_t page = (unsigned)fd / PAGE_FDS;

    if (UNLIKELY(fd < 0 || !h->fds || page >= h->fds->n || !h->fds->pages[page]))
        return NULL;
    return &h->fds->pages[page][(unsigned)fd % PAGE_FDS];
}

/* Make it.  A number that is no open descriptor must not grow the table. */
struct fd_state *green__fd_new(struct green_hub *h, int fd);

/* The state of a descriptor number >= 0, made on first use; NULL with ENOMEM. */
static inline struct fd_state *green__fd(struct green_hub *h, int fd)
{
    struct fd_state *s = green__fd_known(h, fd);

    return LIKELY(s != NULL) ? s : green__fd_new(h, fd);
}

/* Wait until fd is ready for one of `events`: the ready ones, or -1.  EBADF at
 * once if it is closed.  ready at once for regular files. */
int green__fd_wait(struct green_hub *h, int fd, int events, int64_t timeout,
                   enum green_reason reason);

/* The same without timeout, for one whose state is known. */
int green__fd_await(struct green_hub *h, struct fd_state *s, int events,
                    enum green_reason reason);

/* How often fd's number was born or closed so far: what is asked of it after a
 * wait must be the descriptor that was waited for. */
uint32_t green__fd_lives(const struct green_hub *h, int fd);

/* What of `events` is fd ready for at this moment?  -1 with EBADF. */
int green__fd_now(int fd, int events);

/* Enter a waiter of a bigger wait (select, poll): 0, 1 if always ready, or -1
 * with errno.  Leave is needed when it did not come to a wait. */
int green__fd_enter(struct green_hub *h, int fd, struct green_waiter *w);
void green__fd_leave(struct green_hub *h, struct green_waiter *w);

/* Other threads may post to h from now on: 0, or -1 with errno. */
int green__hub_share(struct green_hub *h);

/* In the child of a fork, where of all greenlets only the running one is. */
void green__hub_forked(struct green_hub *h);

/* fd was just made by the library: forget what its number was before. */
void green__fd_born(struct green_hub *h, int fd, bool tcp);

/* fd is about to be closed: end every wait on it with EBADF. */
void green__fd_dying(struct green_hub *h, int fd);

/* A call that might have blocked did not: give way once in a while. */
static inline void green__spend(struct green_hub *h)
{
    if (UNLIKELY(--h->credit <= 0))
        green__turn_early(h);
}

/* ---- the contract of hub_*.c ---- */

struct poller {
    const struct poller_ops *ops;
};

struct poller_ops {
    const char *name;
    /* A new poller, or NULL with errno; ENOSYS: not on this system. */
    struct poller *(*open)(void);
    void (*close)(struct poller *p);
    /* Tell of both directions of fd from now on, and of readiness it has now.
     * 0, or -1 with EPERM (always ready), EBADF, ENOMEM, ENOSPC. */
    int (*watch)(struct poller *p, int fd, uint32_t generation);
    /* The same for one watched before: does the poller still have it?  Tells of
     * present readiness again.  1: it had not, so this is another descriptor. */
    int (*rewatch)(struct poller *p, int fd, uint32_t generation);
    /* Forget fd, which is still open. */
    void (*unwatch)(struct poller *p, int fd);
    /* Wait up to timeout (nanoseconds; -1: no end) and call green__fd_ready for
     * each descriptor that became ready.  Interruptions are not errors. */
    void (*wait)(struct poller *p, struct green_hub *h, int64_t timeout);
};

extern const struct poller_ops green__epoll, green__kqueue, green__poll_poller;

/* Beside GREEN_READ and GREEN_WRITE. */
#define READY_ENDED 4  /* hang-up or error */
#define READY_URGENT 8 /* urgent data, which also cut reads short */
void green__fd_ready(struct green_hub *h, int fd, uint32_t generation, int events);

/* The poller cannot look at it: its waiters fail. */
void green__fd_failed(struct green_hub *h, int fd, int error);

/* For pollers that ask anew each time: the next descriptor above `fd` that has
 * waiters, and for what; -1 at the end. */
int green__fd_next_wanted(struct green_hub *h, int fd, int *events, uint32_t *generation);

#endif
