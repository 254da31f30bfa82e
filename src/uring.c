/* SPDX-License-Identifier: MIT */
/* uring.c - layer 7: reads and writes that the kernel does meanwhile.
 *
 * Each hub has a ring, made when it is first asked for.  A job goes to the kernel
 * with a system call of its own, and comes back in the queue of completions, of
 * which the ring's descriptor tells.  One of the greenlets that wait leads: it
 * waits for that descriptor and sees who is done.  The others wait behind it, each
 * for its own job; a leader that is done, or must leave, calls the next.
 *
 *     submitted ---> done ---> taken by its greenlet
 *         |            `- its greenlet had to leave: dropped
 *         `- its greenlet leaves: `left`, dropped when it is done
 *
 * The kernel writes to a job's memory until it is done, so that lives until then;
 * a thread that ends waits for it.  On who may refuse a ring (old kernels, some
 * containers) see io_uring_setup(2); the layout of the shared memory is described
 * in io_uring(7).
 *
 * Invariants:
 * 1. `underway` counts the jobs that the kernel has.
 * 2. While somebody waits in `followers` one leads, or was called to. */
#include "uring.h"

#include <errno.h>

#include "hub.h"
#include "sys.h"
#include "wait.h"

#if defined(__linux__) && __has_include(<linux/io_uring.h>)

#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ENTRIES = 64, /* completions beyond twice that the kernel keeps for us */
    NEEDED =
        IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_RW_CUR_POS
};

struct uring {
    int fd;
    unsigned underway;
    bool led;
    bool closing;
    green_waiters_t followers; /* jobs whose greenlet waits behind the leader */
    char *rings;               /* shared with the kernel, as the entries are */
    size_t rings_size;
    struct io_uring_sqe *entries;
    size_t entries_size;
    struct io_sqring_offsets sq;
    struct io_cqring_offsets cq;
};

static struct uring no_ring; /* the kernel has refused */

static _Atomic(unsigned) *ring_word(struct uring *u, unsigned offset)
{
    return (void *)(u->rings + offset);
}

static unsigned ring_mask(struct uring *u, unsigned offset)
{
    return atomic_load_explicit(ring_word(u, offset), memory_order_relaxed);
}

/* ---- completions ---- */

/* The greenlet runs soon, or has left, or had to and does not know yet that the
 * job came in between. */
static void finish_uring_job(struct uring *u, struct uring_job *job, int result)
{
    u->underway--;
    job->result = result;
    job->done = true;
    if (job->left || u->closing)
        job->drop(job);
    else if (job->waiters.first)
        green__wake(job->waiters.first);
}

static void reap_completions(struct uring *u)
{
    _Atomic(unsigned) *head_word = ring_word(u, u->cq.head);
    unsigned mask = ring_mask(u, u->cq.ring_mask);
    unsigned head = atomic_load_explicit(head_word, memory_order_relaxed);
    const struct io_uring_cqe *cqes = (void *)(u->rings + u->cq.cqes), *cqe;

    while (head != atomic_load_explicit(ring_word(u, u->cq.tail),
                                        memory_order_acquire)) {
        cqe = &cqes[head++ & mask];
        finish_uring_job(u, (struct uring_job *)(uintptr_t)cqe->user_data,
                         cqe->res);
        atomic_store_explicit(head_word, head, memory_order_release);
    }
}

/* ---- a ring's life ---- */

static void unmap_ring(struct uring *u)
{
    if (u->entries != MAP_FAILED)
        green__sys.munmap(u->entries, u->entries_size);
    if (u->rings != MAP_FAILED)
        green__sys.munmap(u->rings, u->rings_size);
}

static void free_ring(struct green_hub *h, struct uring *u)
{
    unmap_ring(u);
    green__fd_dying(h, u->fd);
    green__sys.close(u->fd);
    green__sys.free(u);
}

static bool map_ring(struct uring *u, const struct io_uring_params *p)
{
    size_t sq_size = p->sq_off.array + p->sq_entries * sizeof(unsigned);
    size_t cq_size =
        p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    int both = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;

    u->sq = p->sq_off;
    u->cq = p->cq_off;
    u->rings_size = sq_size > cq_size ? sq_size : cq_size;
    u->entries_size = p->sq_entries * sizeof(struct io_uring_sqe);
    u->rings = green__sys.mmap(NULL, u->rings_size, both, flags, u->fd,
                               IORING_OFF_SQ_RING);
    u->entries = green__sys.mmap(NULL, u->entries_size, both, flags, u->fd,
                                 IORING_OFF_SQES);
    return u->rings != MAP_FAILED && u->entries != MAP_FAILED;
}

/* NULL: no ring to be had. */
static struct uring *make_ring(struct green_hub *h)
{
    struct io_uring_params p = {0};
    struct uring *u = green__zalloc(sizeof *u);

    if (!u)
        return NULL;
    u->fd = green__sys.uring_setup(ENTRIES, &p);
    if (u->fd < 0) {
        green__sys.free(u);
        return NULL;
    }
    green__fd_born(h, u->fd, false);
    if (!map_ring(u, &p) || (p.features & NEEDED) != NEEDED) {
        free_ring(h, u);
        return NULL;
    }
    return u;
}

/* The thread ends: nobody waits, but the kernel may be at somebody's memory. */
static void end_ring(struct green_hub *h)
{
    struct uring *u = h->uring;

    u->closing = true;
    while (u->underway > 0) {
        if (green__sys.uring_enter(u->fd, 0, 1) < 0 && errno != EINTR)
            break; /* the descriptor is gone, and with it the ring's news */
        reap_completions(u);
    }
    free_ring(h, u);
}

static struct uring *ring_of(struct green_hub *h)
{
    if (!h->uring) {
        h->uring = make_ring(h);
        if (h->uring)
            h->end_uring = end_ring;
        else
            h->uring = &no_ring;
    }
    return h->uring != &no_ring ? h->uring : NULL;
}

void green__uring_forked(struct green_hub *h)
{
    if (h->end_uring)
        free_ring(h, h->uring);
    h->end_uring = NULL;
    h->uring = NULL;
}

/* ---- a job ---- */

static void fill_entry(struct io_uring_sqe *e, struct uring_job *job)
{
    memset(e, 0, sizeof *e);
    e->opcode = job->writes ? IORING_OP_WRITE : IORING_OP_READ;
    e->fd = job->fd;
    e->off = (uint64_t)job->offset;
    e->addr = (uintptr_t)job->data;
    e->len = (uint32_t)job->size;
    e->user_data = (uintptr_t)job;
}

/* False if the kernel did not take it: then the entry is taken back. */
static bool submit_job(struct uring *u, struct uring_job *job)
{
    _Atomic(unsigned) *tail_word = ring_word(u, u->sq.tail);
    unsigned tail = atomic_load_explicit(tail_word, memory_order_relaxed);
    unsigned at = tail & ring_mask(u, u->sq.ring_mask);

    fill_entry(&u->entries[at], job);
    ((unsigned *)(void *)(u->rings + u->sq.array))[at] = at;
    atomic_store_explicit(tail_word, tail + 1, memory_order_release);
    if (green__sys.uring_enter(u->fd, 1, 0) == 1) {
        u->underway++;
        return true;
    }
    atomic_store_explicit(tail_word, tail, memory_order_release);
    return false;
}

/* See who is done until the job is, or -1 with errno. */
static int lead(struct green_hub *h, struct uring *u, struct uring_job *job)
{
    int r = 0;

    u->led = true;
    reap_completions(u);
    while (!job->done && r >= 0) {
        r = green__fd_wait(h, u->fd, GREEN_READ, GREEN_FOREVER, WAIT_FD);
        reap_completions(u);
    }
    u->led = false;
    return r < 0 ? -1 : 0;
}

/* Until the job is done or the leader calls, or -1 with errno. */
static int follow(struct uring *u, struct uring_job *job)
{
    job->place.item = job;
    list_append(&u->followers, &job->place);
    return green__wait_in(&job->waiters, NULL, 0, GREEN_FOREVER,
                          job->writes ? WAIT_WRITE : WAIT_READ,
                          (uintptr_t)job->fd);
}

/* Who was killed a moment ago leaves, and cannot lead. */
static void call_next_leader(struct uring *u)
{
    struct green_waiter *w = u->followers.first;
    struct uring_job *next;

    while (w && !((struct uring_job *)w->item)->waiters.first)
        w = w->next;
    if (!w)
        return;
    next = w->item;
    list_remove(w);
    green__wake(next->waiters.first);
}

static int wait_for_completion(struct green_hub *h, struct uring *u,
                               struct uring_job *job)
{
    int r = 0, error;

    while (!job->done && r == 0)
        r = u->led ? follow(u, job) : lead(h, u, job);
    error = errno;
    list_remove(&job->place);
    if (!u->led)
        call_next_leader(u);
    if (r == 0)
        return 0;
    if (job->done)
        job->drop(job);
    else
        job->left = true;
    errno = error;
    return -1;
}

int green__uring_run(struct uring_job *job)
{
    struct green_hub *h = green__hub();
    struct uring *u;
    int error;

    if (green__refused(h, GREEN_FOREVER)) {
        error = errno;
        job->drop(job);
        errno = error;
        return -1;
    }
    u = ring_of(h);
    if (!u || !submit_job(u, job)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return wait_for_completion(h, u, job);
}

#else

int green__uring_run(struct uring_job *job)
{
    (void)job;
    errno = EOPNOTSUPP;
    return -1;
}

void green__uring_forked(struct green_hub *h)
{
    (void)h;
}

#endif
