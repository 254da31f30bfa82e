/* SPDX-License-Identifier: MIT */
/* hubs.c - layer 4: the hubs of all threads.
 *
 * The list of them, under its lock, tells whether one still exists: that is what
 * has to be known before anything is sent to it.  Whoever forks holds the lock. */
#include "hubs.h"
#include <errno.h>
#include <pthread.h>
#include "mail.h"
#include "sys.h"

static pthread_mutex_t hubs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct green_hub *hubs; /* under hubs_lock */
static unsigned hubs_count;    /* under hubs_lock */
static uint64_t hubs_made;     /* under hubs_lock */

static pthread_once_t ends_once = PTHREAD_ONCE_INIT;
static pthread_key_t ends_key;
static int ends_error;

static void thread_ends(void *hub)
{
    struct green_hub *h = hub;

    h->close(h);
}

static void make_ends_key(void)
{
    ends_error = pthread_key_create(&ends_key, thread_ends);
}

int green__hubs_join(struct green_hub *h)
{
    int error;

    pthread_once(&ends_once, make_ends_key);
    error = ends_error ? ends_error : pthread_setspecific(ends_key, h);
    if (error) {
        errno = error;
        return -1;
    }
    pthread_mutex_lock(&hubs_lock);
    h->next_hub = hubs;
    hubs = h;
    hubs_count++;
    h->serial = ++hubs_made;
    pthread_mutex_unlock(&hubs_lock);
    return 0;
}

/* Where the list points to h, or NULL.  Under hubs_lock. */
static struct green_hub **find_hub(const struct green_hub *h)
{
    struct green_hub **at;

    for (at = &hubs; *at; at = &(*at)->next_hub)
        if (*at == h)
            return at;
    return NULL;
}

void green__hubs_leave(struct green_hub *h)
{
    struct green_hub **at;

    pthread_mutex_lock(&hubs_lock);
    at = find_hub(h);
    if (at) {
        *at = h->next_hub;
        hubs_count--;
    }
    pthread_mutex_unlock(&hubs_lock);
    if (at)
        pthread_setspecific(ends_key, NULL);
}

static int post(struct green_hub *h, struct message *m, bool is_work)
{
    bool found;

    pthread_mutex_lock(&hubs_lock);
    found = find_hub(h) && !(is_work && h->is_shut);
    if (found)
        green__mail_push(h, m);
    pthread_mutex_unlock(&hubs_lock);
    if (found)
        return 0;
    errno = ESRCH;
    return -1;
}

int green__hubs_post(struct green_hub *h, struct message *m)
{
    return post(h, m, false);
}

int green__hubs_post_work(struct green_hub *h, struct message *m)
{
    return post(h, m, true);
}

static void each_hub(void (*fn)(struct green_hub *h, void *arg), void *arg)
{
    struct green_hub *h;

    for (h = hubs; h; h = h->next_hub)
        fn(h, arg);
}

void green__hubs_each(void (*fn)(struct green_hub *h, void *arg), void *arg)
{
    pthread_mutex_lock(&hubs_lock);
    each_hub(fn, arg);
    pthread_mutex_unlock(&hubs_lock);
}

bool green__hubs_try_each(void (*fn)(struct green_hub *h, void *arg), void *arg)
{
    if (pthread_mutex_trylock(&hubs_lock) != 0)
        return false;
    each_hub(fn, arg);
    pthread_mutex_unlock(&hubs_lock);
    return true;
}

struct hub_thread *green__hubs_shut(struct green_hub *h, struct message *m)
{
    struct hub_thread *thread = NULL;

    pthread_mutex_lock(&hubs_lock);
    if (find_hub(h) && h->thread && !h->is_shut) {
        h->is_shut = true;
        thread = h->thread;
        green__mail_push(h, m);
    }
    pthread_mutex_unlock(&hubs_lock);
    if (!thread)
        errno = ESRCH;
    return thread;
}

bool green__hubs_are_one(struct green_hub *h)
{
    bool alone;

    pthread_mutex_lock(&hubs_lock);
    alone = hubs_count == 1;
    pthread_mutex_unlock(&hubs_lock);
    return alone && !h->inbox && !atomic_load(&h->mail);
}

/* ---- fork ---- */

void green__hubs_hold(void)
{
    pthread_mutex_lock(&hubs_lock);
}

void green__hubs_go_on(void)
{
    pthread_mutex_unlock(&hubs_lock);
}

/* The hubs of other threads are kept for ever: what they hold cannot be ended in
 * an orderly way without their threads, and is no leak. */
void green__hubs_forked(struct green_hub *h)
{
    static struct green_hub *gone;
    struct green_hub **end = &gone, **at = find_hub(h);

    if (at)
        *at = h->next_hub;
    while (*end)
        end = &(*end)->next_hub;
    *end = hubs;
    h->next_hub = NULL;
    hubs = h;
    hubs_count = 1;
}
