/* SPDX-License-Identifier: MIT */
/* mail.c - layer 4: the hubs of all threads, and what they send each other.
 *
 * This is the one file in which threads meet.  Under the lock of the list of
 * hubs, which tells whether a hub still exists, a message is pushed on the hub's
 * list; the hub takes all at once by an atomic exchange, without the lock.  Each
 * sender's messages arrive in its order.
 *
 *   awake   what a post does
 *   true    push: the hub looks before it rests
 *   false   push, set awake, write to the pipe: the hub rests or is about to */
#include "mail.h"
#include <errno.h>
#include <pthread.h>
#include "misuse.h"
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

int green__mail_open(struct green_hub *h)
{
    int error;

    pthread_once(&ends_once, make_ends_key);
    error = ends_error ? ends_error : pthread_setspecific(ends_key, h);
    if (error) {
        errno = error;
        return -1;
    }
    h->wake_fds[0] = h->wake_fds[1] = -1;
    atomic_store(&h->awake, true);
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

/* All messages, oldest first. */
static struct message *take_mail(struct green_hub *h)
{
    struct message *m = atomic_exchange(&h->mail, NULL), *oldest = NULL, *next;

    for (; m; m = next) {
        next = m->next;
        m->next = oldest;
        oldest = m;
    }
    return oldest;
}

void green__mail_hold(struct green_hub *h, struct message *m)
{
    struct message **at = &h->held;

    while (*at)
        at = &(*at)->next;
    m->next = NULL;
    *at = m;
}

/* Once one is held, those behind it are too. */
static void deliver_all(struct message *m, struct green_hub *h)
{
    struct message *next;

    for (; m; m = next) {
        next = m->next;
        if (h && h->held)
            green__mail_hold(h, m);
        else
            m->deliver(h, m);
    }
}

void green__mail_deliver(struct green_hub *h)
{
    struct message *held = h->held;

    if (held) {
        h->held = NULL;
        deliver_all(held, h);
    }
    if (atomic_load_explicit(&h->mail, memory_order_relaxed))
        deliver_all(take_mail(h), h);
}

static void drop_mail(struct green_hub *h)
{
    struct message *held = h->held;

    h->held = NULL;
    deliver_all(held, NULL);
    deliver_all(take_mail(h), NULL);
}

static void close_pipe(struct green_hub *h)
{
    if (h->wake_fds[0] < 0)
        return;
    green__sys.close(h->wake_fds[0]);
    green__sys.close(h->wake_fds[1]);
    h->wake_fds[0] = h->wake_fds[1] = -1;
}

void green__mail_close(struct green_hub *h)
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
    drop_mail(h);
    close_pipe(h);
}

/* Safe in a signal handler, also in one that interrupts it. */
void green__mail_push(struct green_hub *h, struct message *m)
{
    m->next = atomic_load(&h->mail);
    while (!atomic_compare_exchange_weak(&h->mail, &m->next, m))
        continue;
    if (!atomic_exchange(&h->awake, true))
        (void)!green__sys.write(h->wake_fds[1], "", 1);
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

int green__post(struct green_hub *h, struct message *m)
{
    return post(h, m, false);
}

int green__post_work(struct green_hub *h, struct message *m)
{
    return post(h, m, true);
}

static void each_hub(void (*fn)(struct green_hub *h, void *arg), void *arg)
{
    struct green_hub *h;

    for (h = hubs; h; h = h->next_hub)
        fn(h, arg);
}

void green__mail_each(void (*fn)(struct green_hub *h, void *arg), void *arg)
{
    pthread_mutex_lock(&hubs_lock);
    each_hub(fn, arg);
    pthread_mutex_unlock(&hubs_lock);
}

bool green__mail_try_each(void (*fn)(struct green_hub *h, void *arg), void *arg)
{
    if (pthread_mutex_trylock(&hubs_lock) != 0)
        return false;
    each_hub(fn, arg);
    pthread_mutex_unlock(&hubs_lock);
    return true;
}

struct hub_thread *green__mail_shut(struct green_hub *h, struct message *m)
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

bool green__mail_before_rest(struct green_hub *h)
{
    if (h->wake_fds[0] >= 0)
        atomic_store(&h->awake, false);
    return h->held || atomic_load(&h->mail);
}

void green__mail_after_rest(struct green_hub *h)
{
    atomic_store_explicit(&h->awake, true, memory_order_relaxed);
}

bool green__mail_is_alone(struct green_hub *h)
{
    bool alone;

    pthread_mutex_lock(&hubs_lock);
    alone = hubs_count == 1;
    pthread_mutex_unlock(&hubs_lock);
    return alone && !atomic_load(&h->mail);
}

int green__mail_pipe(struct green_hub *h)
{
    return h->wake_fds[0] >= 0 ? 0 : green__sys.pipe(h->wake_fds);
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

void green__mail_forked(struct green_hub *h)
{
    bool had_pipe = h->wake_fds[0] >= 0;

    drop_mail(h);
    close_pipe(h);
    atomic_store(&h->awake, true);
    h->is_shut = false;
    if (had_pipe)
        (void)green__mail_pipe(h); /* two numbers are free: nothing is short */
}

void green__mail_woken(struct green_hub *h)
{
    char bytes[16];

    while (green__sys.read(h->wake_fds[0], bytes, sizeof bytes) ==
           (ssize_t)sizeof bytes)
        continue;
}
