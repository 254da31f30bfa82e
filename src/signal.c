/* SPDX-License-Identifier: MIT */
/* signal.c - layer 7: signals as events of a hub.
 *
 *   handler, any thread      the hub's turn             later
 *   count++, message --->    a greenlet for each  --->  fn(arg)
 *
 * What could not be passed on for want of memory is still in the count, and its
 * message is held for the next turn.
 *
 * Invariant: a watch lives until it has ended, its message has arrived, and each
 * of its greenlets has begun. */
#include "signal.h"
#include <errno.h>
#include <signal.h>
#include "greenlet.h"
#include "handler.h"
#include "hub.h"
#include "mail.h"
#include "misuse.h"
#include "sys.h"

struct green_watch {
    struct listener listener; /* the first field: found from it */
    void *(*fn)(void *arg);   /* in a greenlet for each, or */
    void (*tell)(void *arg);  /* once for all */
    void *arg;
    uint64_t parent_id; /* who asked for it, and where */
    void *site;
    unsigned pending; /* greenlets that have not begun */
    bool ended;
};

static void free_if_over(green_watch_t *w)
{
    if (w->ended && w->pending == 0 && !atomic_load(&w->listener.posted))
        green__sys.free(w);
}

static void end_watch(green_watch_t *w)
{
    green__listener_end(&w->listener);
    w->ended = true;
    if (w->fn)
        w->listener.hub->outside--;
    free_if_over(w);
}

/* The thread ends; those of its greenlets that have not begun never will. */
static void end_watches(struct green_hub *h)
{
    green_watch_t *w;

    while ((w = (green_watch_t *)green__listener_of(h))) {
        w->pending = 0;
        end_watch(w);
    }
}

/* ---- in the hub's turn ---- */

/* Ended before it began, it is as if the signal had come after that. */
static void *begin_delivery(void *arg)
{
    green_watch_t *w = arg;
    void *(*fn)(void *arg) = w->ended ? NULL : w->fn;
    void *fn_arg = w->arg;

    w->pending--;
    free_if_over(w);
    return fn ? fn(fn_arg) : NULL;
}

static int spawn_delivery(green_watch_t *w)
{
    const struct origin origin = {.parent_id = w->parent_id, .site = w->site};
    green_t *g = green__spawn_for(&origin, w->listener.hub, begin_delivery, w);

    if (!g)
        return -1;
    green_release(g);
    w->pending++;
    atomic_fetch_sub(&w->listener.count, 1);
    return 0;
}

/* 0, or -1 if there is no memory for it. */
static int pass_on(green_watch_t *w)
{
    if (w->fn)
        return spawn_delivery(w);
    atomic_store(&w->listener.count, 0);
    w->tell(w->arg);
    return 0;
}

/* Without a hub: this one is being closed, or is the child's of a fork. */
static void deliver_signal(struct green_hub *h, struct message *m)
{
    green_watch_t *w = (green_watch_t *)m;

    while (h && !w->ended && atomic_load(&w->listener.count) > 0)
        if (pass_on(w) < 0) {
            green__mail_hold(h, m);
            return;
        }
    if (!h || w->ended)
        atomic_store(&w->listener.posted, false);
    else
        green__listener_again(&w->listener);
    free_if_over(w);
}

/* ---- what programs see ---- */

/* Not what the thread itself causes: no handler may return from a fault as if
 * nothing had happened. */
static bool is_event(int signo)
{
    switch (signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
        return false;
    default:
        return signo > 0 && signo < SIGNALS;
    }
}

/* NULL with errno. */
static green_watch_t *make_watch(struct green_hub *h, int signo)
{
    green_watch_t *w;

    if (!h || green__hub_share(h) < 0 || !(w = green__zalloc(sizeof *w)))
        return NULL;
    w->listener.message.deliver = deliver_signal;
    w->listener.hub = h;
    w->listener.signo = signo;
    w->parent_id = h->current->id;
    h->end_watches = end_watches;
    return w;
}

static green_watch_t *begin_watch(green_watch_t *w)
{
    if (green__listener_begin(&w->listener) == 0)
        return w;
    w->ended = true;
    free_if_over(w);
    return NULL;
}

green_watch_t *green_signal(int signo, void *(*fn)(void *arg), void *arg)
{
    green_watch_t *w;

    if (!fn || !is_event(signo)) {
        errno = EINVAL;
        return NULL;
    }
    if (!(w = make_watch(green__hub(), signo)))
        return NULL;
    w->fn = fn;
    w->arg = arg;
    w->site = __builtin_return_address(0);
    w->listener.replaces = true;
    if (!begin_watch(w))
        return NULL;
    w->listener.hub->outside++;
    return w;
}

green_watch_t *green__signal_tell(struct green_hub *h, int signo,
                                  void (*tell)(void *arg), void *arg)
{
    green_watch_t *w = make_watch(h, signo);

    if (!w)
        return NULL;
    w->tell = tell;
    w->arg = arg;
    return begin_watch(w);
}

void green_signal_end(green_watch_t *w)
{
    if (!w)
        return;
    if (w->listener.hub != green__current_hub)
        green__misuse("green_signal_end",
                      "the watch belongs to another thread");
    end_watch(w);
}

/* ---- fork ---- */

static void recount(struct listener *l)
{
    green_watch_t *w = (green_watch_t *)l;

    w->pending = 0;
    if (w->fn)
        l->hub->outside++;
}

void green__signals_forked(struct green_hub *h)
{
    struct listener *l = green__listeners_forked(h, recount), *next;

    for (; l; l = next) {
        next = atomic_load(&l->next);
        green__sys.free(l);
    }
}
