/* SPDX-License-Identifier: MIT */
/* fds.c - layer 4: waiting for descriptors.
 *
 * A descriptor is registered with the poller once, for both directions, at the
 * first wait on it; from then on nothing here costs a system call.  Programs
 * also call plain close(), of which nobody tells us, and the number may be
 * another descriptor's soon.  So:
 *
 *   - each life of a number that we know of has a generation, which its events
 *     carry: an event of an earlier life is ignored;
 *   - before the hub rests, those that greenlets began to wait for since it last
 *     did are registered anew: under load this is never reached.  Descriptors
 *     that the library made have had their numbers cleared at birth, so with
 *     them it waits a little: most waits are over before.
 *     The more there are, the longer: what they cost stays below a hundredth.
 *   - a busy hub glances at them now and then, which does not replace that:
 *     they may be closed before it rests.
 *
 * Invariant: h->fd_waits counts the waiters in all states; while it is not zero
 * there is a poller. */
#include "fds.h"
#include <errno.h>
#include "mail.h"
#include "wait.h"

#define CHECK_OURS (20 * GREEN_MS)  /* descriptors that the library made, */
#define CHECK_EACH (100 * GREEN_US) /* and so much more for each parked one */

/* ---- the table ---- */

static int widen_table(struct fd_table *t, size_t n)
{
    struct fd_state **pages;
    size_t room = t->n ? t->n : 4, i;

    while (room < n)
        room *= 2;
    pages = green__sys.realloc(t->pages, room * sizeof *pages);
    if (!pages)
        return -1;
    for (i = t->n; i < room; i++)
        pages[i] = NULL;
    t->pages = pages;
    t->n = room;
    return 0;
}

static struct fd_state *add_page(struct green_hub *h, int fd)
{
    size_t page = (size_t)fd / PAGE_FDS;
    int i;

    if (!h->fds && !(h->fds = green__zalloc(sizeof *h->fds)))
        return NULL;
    if (page >= h->fds->n && widen_table(h->fds, page + 1) < 0)
        return NULL;
    h->fds->pages[page] = green__zalloc(PAGE_FDS * sizeof(struct fd_state));
    if (!h->fds->pages[page])
        return NULL;
    for (i = 0; i < PAGE_FDS; i++)
        h->fds->pages[page][i].fd = fd / PAGE_FDS * PAGE_FDS + i;
    return green__fd_known(h, fd);
}

struct fd_state *green__fd_new(struct green_hub *h, int fd)
{
    if (fd < 0)
        errno = EBADF;
    else if (green__sys.get_flags(fd) != -1)
        return add_page(h, fd);
    return NULL;
}

void green__fds_close(struct green_hub *h)
{
    size_t i;

    if (h->poller)
        h->poller->ops->close(h->poller);
    h->poller = NULL;
    if (!h->fds)
        return;
    for (i = 0; i < h->fds->n; i++)
        green__sys.free(h->fds->pages[i]);
    green__sys.free(h->fds->pages);
    green__sys.free(h->fds);
    h->fds = NULL;
}

static void forget_registrations(struct fd_state *page)
{
    int i;

    for (i = 0; i < PAGE_FDS; i++) {
        page[i].generation++;
        page[i].watched = page[i].parked = page[i].seen = false;
        page[i].drained = false;
    }
}

void green__fds_forked(struct green_hub *h)
{
    size_t i;

    if (h->poller)
        h->poller->ops->close(h->poller);
    h->poller = NULL;
    h->parked = h->seen = NULL;
    h->n_parked = 0;
    h->parked_foreign = false;
    h->fd_waits = h->service_waits = 0;
    for (i = 0; h->fds && i < h->fds->n; i++)
        if (h->fds->pages[i])
            forget_registrations(h->fds->pages[i]);
}

/* ---- the lives of a number ---- */

static void new_life(struct fd_state *s)
{
    green__wake_all(&s->waiters, EBADF);
    s->generation++;
    s->lives++;
    s->watched = s->drained = s->unsure = s->tcp = s->ours = false;
    s->how = 0;
}

void green__fd_born(struct green_hub *h, int fd, bool tcp)
{
    struct fd_state *s = green__fd(h, fd);

    if (!s)
        return; /* no memory: the first wait will say so */
    new_life(s);
    s->tcp = tcp;
    s->ours = true;
}

void green__fd_dying(struct green_hub *h, int fd)
{
    struct fd_state *s = green__fd_known(h, fd);

    if (s)
        new_life(s);
}

/* ---- waiting ---- */

int green__fd_watch(struct green_hub *h, struct fd_state *s)
{
    if (s->watched)
        return 0;
    if (!h->poller && h->open_poller(h) < 0)
        return -1;
    if (h->poller->ops->watch(h->poller, s->fd, s->generation) < 0)
        return -1;
    s->watched = true;
    s->heard = h->now;
    return 0;
}

static void park(struct green_hub *h, struct fd_state *s)
{
    if (s->parked)
        return;
    s->parked = true;
    s->next_parked = h->parked;
    h->parked = s;
    h->n_parked++;
    h->parked_foreign |= !s->ours;
}

static inline int enter(struct green_hub *h, struct fd_state *s,
                        struct green_waiter *w)
{
    if (UNLIKELY(!s->watched) && green__fd_watch(h, s) < 0)
        return errno == EPERM ? 1 : -1; /* a file: always ready */
    park(h, s);
    w->greenlet = h->current;
    list_append(&s->waiters, w);
    h->fd_waits++;
    h->service_waits += h->current->is_service;
    return 0;
}

int green__fd_enter(struct green_hub *h, int fd, struct green_waiter *w)
{
    struct fd_state *s = green__fd(h, fd);

    return s ? enter(h, s, w) : -1;
}

void green__fd_leave(struct green_hub *h, struct green_waiter *w)
{
    list_remove(w);
    h->fd_waits--;
    h->service_waits -= h->current->is_service;
}

uint32_t green__fd_lives(const struct green_hub *h, int fd)
{
    const struct fd_state *s = green__fd_known(h, fd);

    return s ? s->lives : 0;
}

static int ready_events(const struct pollfd *p)
{
    int ready = 0;

    if (p->revents & (POLLIN | POLLPRI | POLLHUP | POLLERR))
        ready |= GREEN_READ;
    if (p->revents & (POLLOUT | POLLHUP | POLLERR))
        ready |= GREEN_WRITE;
    return ready;
}

int green__fd_now(int fd, int events)
{
    struct pollfd p = {.fd = fd};

    p.events = (short)((events & GREEN_READ ? POLLIN : 0) |
                       (events & GREEN_WRITE ? POLLOUT : 0));
    if (fd < 0 || (green__sys.poll(&p, 1, 0) > 0 && p.revents & POLLNVAL)) {
        errno = EBADF;
        return -1;
    }
    return ready_events(&p) & events;
}

static inline __attribute__((always_inline)) int
wait_for(struct green_hub *h, struct fd_state *s, int events, int64_t timeout,
         enum green_reason reason)
{
    struct green_waiter w = {.detail = events};
    struct waiting wait = {.waiters = &w,
                           .n = 1,
                           .delay = GREEN_FOREVER,
                           .timeout = timeout,
                           .reason = reason,
                           .object = (uintptr_t)s->fd};
    int r = enter(h, s, &w);
    uint32_t lives = s->lives;

    if (r != 0)
        return r < 0 ? -1 : events;
    r = green__wait(h, &wait);
    green__fd_leave(h, &w);
    if (r == 0 && s->lives != lives) {
        errno = EBADF; /* closed between waking and running */
        return -1;
    }
    return r < 0 ? -1 : w.detail;
}

int green__fd_wait(struct green_hub *h, int fd, int events, int64_t timeout,
                   enum green_reason reason)
{
    struct fd_state *s = green__fd(h, fd);

    return s ? wait_for(h, s, events, timeout, reason) : -1;
}

int green__fd_await(struct green_hub *h, struct fd_state *s, int events,
                    enum green_reason reason)
{
    return wait_for(h, s, events, GREEN_FOREVER, reason);
}

/* ---- what the poller tells ---- */

/* The waiter behind w of another greenlet: what wakes one takes all waiters of
 * that greenlet out of the queue. */
static struct green_waiter *next_other(const struct green_waiter *w)
{
    struct green_waiter *next = w->next;

    while (next && next->greenlet == w->greenlet)
        next = next->next;
    return next;
}

static void wake_for(struct fd_state *s, int events)
{
    struct green_waiter *w = s->waiters.first, *next;

    while (w) {
        next = w->detail & events ? next_other(w) : w->next;
        if (w->detail & events) {
            w->detail &= events;
            green__wake(w);
        }
        w = next;
    }
}

void green__fd_ready(struct green_hub *h, int fd, uint32_t generation,
                     int events)
{
    struct fd_state *s = green__fd_known(h, fd);

    if (!s || s->generation != generation)
        return;
    s->heard = h->now;
    if (fd == h->wake_fds[0])
        green__mail_woken(h);
    if (events & (READY_ENDED | READY_URGENT))
        s->unsure = true;
    if (events & GREEN_READ)
        s->drained = false;
    wake_for(s, events);
}

void green__fd_failed(struct green_hub *h, int fd, int error)
{
    struct fd_state *s = green__fd_known(h, fd);

    if (s)
        green__wake_all(&s->waiters, error);
}

/* The generation changes too, for an event of an old life that is under way. */
static void check(struct green_hub *h, struct fd_state *s)
{
    int result;

    s->generation++;
    s->drained = false;
    s->heard = h->now;
    result = h->poller->ops->rewatch(h->poller, s->fd, s->generation);
    if (result > 0)
        s->tcp = s->ours = false; /* a descriptor that we do not know */
    if (result >= 0)
        return;
    s->watched = false;
    if (errno == EPERM)
        wake_for(s, GREEN_READ | GREEN_WRITE);
    else
        green__wake_all(&s->waiters, errno);
}

/* The next one to check, taken off the list; NULL at its end. */
static struct fd_state *unpark(struct green_hub *h)
{
    struct fd_state *s = h->parked;

    if (s) {
        h->parked = s->next_parked;
        h->n_parked--;
        s->parked = false;
    }
    return s;
}

static void keep_seen(struct green_hub *h, struct fd_state *s)
{
    if (s->seen)
        return;
    s->seen = true;
    s->next_seen = h->seen;
    h->seen = s;
}

int64_t green__fds_check_due(const struct green_hub *h)
{
    return h->checked + CHECK_OURS + h->n_parked * CHECK_EACH;
}

/* Those of ours are to be checked which the poller has not told of since then: since
 * the last time that they were due. */
static int64_t begin_round(struct green_hub *h)
{
    int64_t last = h->checked;

    h->parked_foreign = false;
    h->glanced = h->now;
    if (h->now < green__fds_check_due(h))
        return INT64_MIN;
    h->checked = h->now;
    return last;
}

/* Take all off the list and check them, but put back those of ours of which the
 * poller told not long ago: most of these waits will soon be over. */
static void check_all(struct green_hub *h, bool busy)
{
    int64_t since = begin_round(h);
    struct fd_state *s, *young = NULL;

    while ((s = unpark(h))) {
        if (!s->waiters.first)
            continue;
        if (s->ours && s->heard > since) {
            s->next_parked = young;
            young = s;
            continue;
        }
        if (busy)
            keep_seen(h, s);
        check(h, s);
    }
    while ((s = young)) {
        young = s->next_parked;
        park(h, s);
    }
}

void green__fds_glance(struct green_hub *h)
{
    check_all(h, true);
}

void green__fds_check(struct green_hub *h)
{
    struct fd_state *s;

    for (; (s = h->seen); s->seen = false) {
        h->seen = s->next_seen;
        park(h, s);
    }
    check_all(h, false);
}

int green__fd_next_wanted(struct green_hub *h, int fd, int *events,
                          uint32_t *generation)
{
    const struct green_waiter *w;
    const struct fd_state *s;
    int limit = h->fds ? (int)h->fds->n * PAGE_FDS : 0;

    while (++fd < limit) {
        s = green__fd_known(h, fd);
        if (!s) {
            fd |= PAGE_FDS - 1; /* to the end of the missing page */
            continue;
        }
        *events = fd == h->wake_fds[0] ? GREEN_READ : 0;
        for (w = s->waiters.first; w; w = w->next)
            *events |= w->detail;
        *generation = s->generation;
        if (*events)
            return fd;
    }
    return -1;
}
