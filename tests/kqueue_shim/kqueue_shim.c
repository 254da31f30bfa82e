/* SPDX-License-Identifier: MIT */
/* kqueue_shim.c - kqueue() and kevent() over epoll, for tests on Linux.
 *
 * A queue is an epoll descriptor.  What epoll does not keep, the filters of a
 * descriptor and the udata of each, is in a table beside it.  As in a real
 * queue, closing a descriptor removes its filters (seen by epoll having
 * forgotten it), and a forked child has none of the queues.
 *
 * Not as in a real one: epoll refuses files (with EPERM); a duplicate keeps a
 * closed descriptor registered; filters are edge-triggered whether EV_CLEAR is
 * given or not; changes must ask for a receipt; an array for events has two
 * places at least. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <sys/event.h>

enum { READS = 1, WRITES = 2, QUEUES = 1024, AT_ONCE = 64 };

struct knote {
    int filters; /* READS | WRITES */
    void *read_udata, *write_udata;
};

struct queue {
    struct knote *knotes; /* by descriptor number */
    size_t n;
};

/* By the queue's number.  Each queue is used by one thread only; the lock is
 * for the table. */
static struct queue *queues[QUEUES];
static pthread_mutex_t queues_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void put_queue(int kq, struct queue *q)
{
    pthread_mutex_lock(&queues_lock);
    if (queues[kq])
        free(queues[kq]->knotes);
    free(queues[kq]);
    queues[kq] = q;
    pthread_mutex_unlock(&queues_lock);
}

static struct queue *get_queue(int kq)
{
    struct queue *q = NULL;

    pthread_mutex_lock(&queues_lock);
    if (kq >= 0 && kq < QUEUES)
        q = queues[kq];
    pthread_mutex_unlock(&queues_lock);
    return q;
}

/* In a forked child. */
static void lose_queues(void)
{
    pthread_mutex_init(&queues_lock, NULL);
    for (int kq = 0; kq < QUEUES; kq++)
        put_queue(kq, NULL);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, lose_queues);
}

int kqueue(void)
{
    struct queue *q = calloc(1, sizeof *q);
    int kq = q ? epoll_create1(0) : -1;

    pthread_once(&once, watch_forks);
    if (kq >= QUEUES) {
        close(kq);
        errno = EMFILE;
        kq = -1;
    }
    if (kq < 0)
        free(q);
    else
        put_queue(kq, q);
    return kq;
}

static struct knote *knote_of(struct queue *q, size_t fd)
{
    size_t n = fd + 1;
    struct knote *knotes;

    if (n <= q->n)
        return &q->knotes[fd];
    knotes = realloc(q->knotes, n * sizeof *knotes);
    if (!knotes)
        return NULL;
    memset(knotes + q->n, 0, (n - q->n) * sizeof *knotes);
    q->knotes = knotes;
    q->n = n;
    return &q->knotes[fd];
}

/* 0 or an error number, as the functions below. */
static int tell_epoll(int kq, int operation, int fd, int filters)
{
    struct epoll_event event = {.events = EPOLLET, .data.fd = fd};

    if (filters & READS)
        event.events |= EPOLLIN | EPOLLRDHUP;
    if (filters & WRITES)
        event.events |= EPOLLOUT;
    return epoll_ctl(kq, operation, fd, &event) == 0 ? 0 : errno;
}

static int add_filter(int kq, int fd, struct knote *note, int filter)
{
    int filters = note->filters | filter;
    int error = tell_epoll(kq, EPOLL_CTL_MOD, fd, filters);

    if (error == ENOENT) {
        filters = filter; /* those there were went with a closed descriptor */
        error = tell_epoll(kq, EPOLL_CTL_ADD, fd, filters);
    }
    note->filters = error ? 0 : filters;
    return error;
}

static int delete_filter(int kq, int fd, struct knote *note, int filter)
{
    if (!(note->filters & filter))
        return ENOENT;
    note->filters &= ~filter;
    return tell_epoll(kq, note->filters ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, fd,
                      note->filters);
}

static int apply(struct queue *q, int kq, const struct kevent *change)
{
    struct knote *note = knote_of(q, change->ident);
    int filter = change->filter == EVFILT_READ ? READS : WRITES;
    int fd = (int)change->ident;

    if (!note)
        return ENOMEM;
    if (change->flags & EV_DELETE)
        return delete_filter(kq, fd, note, filter);
    if (filter == READS)
        note->read_udata = change->udata;
    else
        note->write_udata = change->udata;
    return add_filter(kq, fd, note, filter);
}

/* What a real queue says of a number that is closed, or not a queue's. */
static int not_a_queue(void)
{
    errno = EBADF;
    return -1;
}

static int change_all(struct queue *q, int kq, const struct kevent *changes,
                      int n, struct kevent *events)
{
    for (int i = 0; i < n; i++) {
        int error = apply(q, kq, &changes[i]);

        if (error == EINVAL) /* epoll's word for it */
            return not_a_queue();
        events[i] = changes[i];
        events[i].flags = EV_ERROR;
        events[i].data = error;
    }
    return n;
}

/* One event of epoll is up to two of ours. */
static int translate(const struct queue *q, const struct epoll_event *from,
                     struct kevent *to)
{
    const struct knote *note = &q->knotes[from->data.fd];
    uintptr_t fd = (uintptr_t)from->data.fd;
    const unsigned ends = EPOLLHUP | EPOLLERR;
    int n = 0;

    if (note->filters & READS && from->events & (EPOLLIN | EPOLLRDHUP | ends)) {
        EV_SET(&to[n], fd, EVFILT_READ, EV_CLEAR, 0, 0, note->read_udata);
        if (from->events & (EPOLLRDHUP | ends))
            to[n].flags |= EV_EOF;
        n++;
    }
    if (note->filters & WRITES && from->events & (EPOLLOUT | ends)) {
        EV_SET(&to[n], fd, EVFILT_WRITE, EV_CLEAR, 0, 0, note->write_udata);
        if (from->events & ends)
            to[n].flags |= EV_EOF;
        n++;
    }
    return n;
}

/* The wait is poll's, since epoll's counts in milliseconds. */
static int fetch(const struct queue *q, int kq, struct kevent *events,
                 int n_events, const struct timespec *timeout)
{
    struct pollfd whole = {kq, POLLIN, 0};
    struct epoll_event ready[AT_ONCE];
    int room = n_events / 2 < AT_ONCE ? n_events / 2 : AT_ONCE;
    int n = epoll_wait(kq, ready, room, 0);
    int total = 0;

    if (n < 0)
        return errno == EINTR ? -1 : not_a_queue();
    if (n == 0 && ppoll(&whole, 1, timeout, NULL) < 0)
        return -1;
    if (n == 0)
        n = epoll_wait(kq, ready, room, 0);
    for (int i = 0; i < n; i++)
        total += translate(q, &ready[i], events + total);
    return total;
}

int kevent(int kq, const struct kevent *changes, int n_changes,
           struct kevent *events, int n_events, const struct timespec *timeout)
{
    struct queue *q = get_queue(kq);

    if (!q || fcntl(kq, F_GETFD) < 0)
        return not_a_queue();
    if (n_changes > 0)
        return change_all(q, kq, changes, n_changes, events);
    return fetch(q, kq, events, n_events, timeout);
}
