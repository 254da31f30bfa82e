/* SPDX-License-Identifier: MIT */
/* poke.c - layer 4: have something done in a hub's thread, at once.
 *
 * A greenlet that computes, or sits in a call that blocks, cannot be asked for
 * anything; its thread can be interrupted.  The signal for that is SIGURG, which
 * nobody minds: it is ignored by default, so that a late one, or one that meets
 * a handler of the program's, does no harm.  A SIGURG that is not ours goes to
 * the handler that was there before.
 *
 *     none ---> asked ---> runs ---> none
 *                 `- withdrawn ------^ */
#include "poke.h"
#include <errno.h>
#include <string.h>
#include "sys.h"

enum { POKE_NONE, POKE_ASKED, POKE_RUNS };

static struct sigaction urgent_before;

/* ---- in the hub's thread ---- */

static bool poke_step(struct green_hub *h, int from, int to)
{
    return atomic_compare_exchange_strong(&h->poke_state, &from, to);
}

static void pass_urgent_on(int signo, siginfo_t *info, void *context)
{
    const struct sigaction *a = &urgent_before;

    if (a->sa_flags & SA_SIGINFO)
        a->sa_sigaction(signo, info, context);
    else if (a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN)
        a->sa_handler(signo);
}

static void on_poke(int signo, siginfo_t *info, void *context)
{
    struct green_hub *h = green__current_hub;
    int saved_errno = errno;

    if (!h || !poke_step(h, POKE_ASKED, POKE_RUNS)) {
        pass_urgent_on(signo, info, context);
    } else {
        h->poked(h);
        atomic_store(&h->poke_state, POKE_NONE);
    }
    errno = saved_errno;
}

void green__poke_open(struct green_hub *h)
{
    h->pthread = pthread_self();
}

/* Nobody pokes it any more; what may be on its way finds nothing to do. */
void green__poke_close(struct green_hub *h)
{
    atomic_store(&h->poke_state, POKE_NONE);
}

/* ---- in another ---- */

/* In the child of a fork: a signal that was on its way was the parent's. */
static void forget_poke(void)
{
    if (green__current_hub)
        green__poke_close(green__current_hub);
}

/* Each once; what has failed is tried again. */
static int watch_forks(void)
{
    static bool watched;

    if (!watched && (errno = pthread_atfork(NULL, NULL, forget_poke)) == 0)
        watched = true;
    return watched ? 0 : -1;
}

static int install_poke_handler(void)
{
    static bool installed;
    struct sigaction ours;

    if (installed)
        return 0;
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = on_poke;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&ours.sa_mask);
    if (green__sys.sigaction(SIGURG, &ours, &urgent_before) != 0)
        return -1;
    installed = true;
    return 0;
}

int green__poke_prepare(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int r, error;

    pthread_mutex_lock(&lock);
    r = watch_forks() < 0 ? -1 : install_poke_handler();
    error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return r;
}

bool green__poke(struct green_hub *h, void (*fn)(struct green_hub *h))
{
    if (atomic_load(&h->poke_state) != POKE_NONE)
        return false;
    h->poked = fn;
    atomic_store(&h->poke_state, POKE_ASKED);
    if (green__sys.thread_kill(h->pthread, SIGURG) != 0)
        atomic_store(&h->poke_state, POKE_NONE);
    return true;
}

bool green__poke_withdraw(struct green_hub *h)
{
    return poke_step(h, POKE_ASKED, POKE_NONE);
}

bool green__poke_await(struct green_hub *h, void (*fn)(struct green_hub *h),
                       int patience)
{
    bool asked = false;
    int waited;

    for (waited = 0;; waited++) {
        if (!asked)
            asked = green__poke(h, fn);
        else if (atomic_load(&h->poke_state) == POKE_NONE)
            return true;
        if (waited >= patience && (!asked || green__poke_withdraw(h)))
            return false;
        green__sys.poll(NULL, 0, GREEN_MS);
    }
}
