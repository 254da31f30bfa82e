/* SPDX-License-Identifier: MIT */
/* handler.c - layer 7: the one signal handler, and who listens to it.
 *
 * A handler may interrupt anything, in any thread, so it only counts, and sends
 * each listener's own message to its hub, unless that is on its way.  Counts
 * cannot overflow as a pipe can, and a message that is part of the listener needs
 * no memory.
 *
 * The handler reads the lists without a lock.  They are changed under one, and
 * what was taken out is not touched before all handlers that might have met it
 * have returned.
 *
 * Invariant: our handler is installed while a signal has listeners, unless the
 * program has put its own in the place since; then that one stays. */
#include "handler.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include "mail.h"
#include "sys.h"

#define LONGEST_HANDLER 1000 /* nanoseconds, about */

struct heard {
    _Atomic(struct listener *) first; /* in the order in which they came */
    atomic_uint replacing;            /* how many replace the handler */
    struct sigaction kept;            /* what was there before us */
};

static struct heard signals[SIGNALS];
static pthread_mutex_t signals_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint in_handlers; /* threads that read the lists */

/* ---- the handler ---- */

static void tell_listener(struct listener *l)
{
    atomic_fetch_add(&l->count, 1);
    if (!atomic_exchange(&l->posted, true))
        green__mail_push(l->hub, &l->message);
}

static void call_handler(const struct sigaction *a, int signo, siginfo_t *info,
                         void *context)
{
    if (a->sa_flags & SA_SIGINFO)
        a->sa_sigaction(signo, info, context);
    else if (a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN)
        a->sa_handler(signo);
}

/* The program's handler may leave by a jump, so it comes last. */
static void on_signal(int signo, siginfo_t *info, void *context)
{
    struct heard *s = &signals[signo];
    int saved_errno = errno;
    struct sigaction kept;
    struct listener *l;
    bool is_replaced;

    atomic_fetch_add(&in_handlers, 1);
    for (l = atomic_load(&s->first); l; l = atomic_load(&l->next))
        tell_listener(l);
    is_replaced = atomic_load(&s->replacing) > 0;
    kept = s->kept;
    atomic_fetch_sub(&in_handlers, 1);
    if (!is_replaced)
        call_handler(&kept, signo, info, context);
    errno = saved_errno;
}

static void await_handlers(void)
{
    while (atomic_load(&in_handlers) > 0)
        green__sys.poll(NULL, 0, LONGEST_HANDLER);
}

/* ---- installing; under the lock ---- */

static bool is_our_handler(const struct sigaction *a)
{
    return a->sa_flags & SA_SIGINFO && a->sa_sigaction == on_signal;
}

/* Would children that end be forgotten at once? */
static bool forgets_children(int signo, const struct sigaction *a)
{
    if (signo != SIGCHLD)
        return false;
    return a->sa_flags & SA_NOCLDWAIT ||
           (!(a->sa_flags & SA_SIGINFO) && a->sa_handler == SIG_IGN);
}

static int install_handler(int signo)
{
    struct heard *s = &signals[signo];
    struct sigaction now, ours;

    if (green__sys.sigaction(signo, NULL, &now) != 0)
        return -1;
    if (!is_our_handler(&now)) {
        await_handlers();
        s->kept = now;
    }
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = on_signal;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    if (atomic_load(&s->replacing) == 0 && forgets_children(signo, &s->kept))
        ours.sa_flags |= SA_NOCLDWAIT;
    sigfillset(&ours.sa_mask);
    return green__sys.sigaction(signo, &ours, NULL);
}

static void settle_handler(int signo)
{
    struct heard *s = &signals[signo];
    struct sigaction now;

    if (green__sys.sigaction(signo, NULL, &now) != 0 || !is_our_handler(&now))
        return;
    if (atomic_load(&s->first))
        install_handler(signo);
    else
        green__sys.sigaction(signo, &s->kept, NULL);
}

/* ---- the lists ---- */

static void append_listener(struct heard *s, struct listener *l)
{
    _Atomic(struct listener *) *at = &s->first;
    struct listener *next;

    while ((next = atomic_load(at)))
        at = &next->next;
    if (l->replaces)
        atomic_fetch_add(&s->replacing, 1);
    atomic_store(at, l);
}

static void remove_listener(struct heard *s, struct listener *l)
{
    _Atomic(struct listener *) *at = &s->first;
    struct listener *next;

    while ((next = atomic_load(at)) != l)
        at = &next->next;
    atomic_store(at, atomic_load(&l->next));
    if (l->replaces)
        atomic_fetch_sub(&s->replacing, 1);
}

/* The list comes first: what arrives in between must find somebody. */
int green__listener_begin(struct listener *l)
{
    int r, saved_errno;

    atomic_store(&l->next, NULL);
    pthread_mutex_lock(&signals_lock);
    append_listener(&signals[l->signo], l);
    r = install_handler(l->signo);
    saved_errno = errno;
    if (r != 0) {
        remove_listener(&signals[l->signo], l);
        await_handlers();
    }
    pthread_mutex_unlock(&signals_lock);
    errno = saved_errno;
    return r;
}

void green__listener_end(struct listener *l)
{
    pthread_mutex_lock(&signals_lock);
    remove_listener(&signals[l->signo], l);
    settle_handler(l->signo);
    await_handlers();
    pthread_mutex_unlock(&signals_lock);
}

bool green__listener_again(struct listener *l)
{
    atomic_store(&l->posted, false);
    if (atomic_load(&l->count) == 0 || atomic_exchange(&l->posted, true))
        return atomic_load(&l->posted);
    green__mail_push(l->hub, &l->message);
    return true;
}

struct listener *green__listener_of(const struct green_hub *h)
{
    struct listener *l = NULL;
    int signo;

    pthread_mutex_lock(&signals_lock);
    for (signo = 0; signo < SIGNALS && !l; signo++) {
        l = atomic_load(&signals[signo].first);
        while (l && l->hub != h)
            l = atomic_load(&l->next);
    }
    pthread_mutex_unlock(&signals_lock);
    return l;
}

/* ---- fork ---- */

void green__listeners_hold(void)
{
    pthread_mutex_lock(&signals_lock);
}

void green__listeners_go_on(void)
{
    pthread_mutex_unlock(&signals_lock);
}

/* Move those that do not wake h from s to *removed. */
static void sort_listeners(struct heard *s, const struct green_hub *h,
                           void (*kept)(struct listener *l),
                           struct listener **removed)
{
    struct listener *l, *next;

    for (l = atomic_load(&s->first); l; l = next) {
        next = atomic_load(&l->next);
        if (l->hub == h) {
            atomic_store(&l->count, 0);
            kept(l);
            continue;
        }
        remove_listener(s, l);
        atomic_store(&l->next, *removed);
        *removed = l;
    }
}

struct listener *green__listeners_forked(const struct green_hub *h,
                                         void (*kept)(struct listener *l))
{
    struct listener *removed = NULL;
    bool was_heard;
    int signo;

    atomic_store(&in_handlers, 0); /* of threads that are not here */
    for (signo = 0; signo < SIGNALS; signo++) {
        was_heard = atomic_load(&signals[signo].first) != NULL;
        sort_listeners(&signals[signo], h, kept, &removed);
        if (was_heard)
            settle_handler(signo);
    }
    return removed;
}
