/* SPDX-License-Identifier: MIT */
/* thread.c - layer 7: threads that do nothing but run a hub.
 *
 *   running --- stop is asked for ---> closing: no new posts, greenlets get their
 *   grace, then are killed ---> done: the asker is told and joins the thread
 *
 * The thread's main greenlet waits for the wish to stop; all work comes by
 * green_spawn_on. */
#include <errno.h>
#include <pthread.h>
#include "hub.h"
#include "hubs.h"
#include "sys.h"
#include "wait.h"

struct stop_message {
    struct message message; /* first */
    struct stop *stop;
};

/* A wish to stop, in the frame of who asks. */
struct stop {
    struct stop_message wish;   /* to the thread's hub */
    struct stop_message answer; /* to the asker's */
    struct green_hub *asker;
    int64_t grace;
    int error; /* ETIMEDOUT: some had to be killed */
    green_waiters_t waiters;
};

struct hub_thread {
    pthread_t thread;
    pthread_mutex_t lock; /* until the hub is there */
    pthread_cond_t began;
    bool has_begun;
    int error; /* why there is no hub */
    struct green_hub *hub;
    green_event_t wished;
    struct stop *stop;
};

/* ---- in the thread ---- */

/* Wait until only the main greenlet is left: 0, or -1 with ETIMEDOUT. */
static int await_others(struct green_hub *h, int64_t timeout)
{
    int64_t until = green__until(h, timeout);

    while (h->main.next)
        if (green_join(h->main.next, NULL, green__left(h, until)) < 0)
            return -1;
    return 0;
}

static void kill_others(struct green_hub *h)
{
    green_t *g;

    for (g = h->main.next; g; g = g->next)
        green_kill(g);
}

/* Killed greenlets may still spawn: those are killed too. */
static int close_hub(struct green_hub *h, int64_t grace)
{
    int error = 0;

    if (await_others(h, grace) == 0)
        return 0;
    error = errno;
    while (h->main.next) {
        kill_others(h);
        green_join(h->main.next, NULL, GREEN_FOREVER);
    }
    return error;
}

static void tell_begun(struct hub_thread *t)
{
    pthread_mutex_lock(&t->lock);
    t->has_begun = true;
    pthread_cond_signal(&t->began);
    pthread_mutex_unlock(&t->lock);
}

static void *hub_main(void *arg)
{
    struct hub_thread *t = arg;

    t->hub = green_hub();
    t->error = t->hub ? 0 : errno;
    if (t->hub)
        t->hub->thread = t;
    tell_begun(t);
    if (!t->hub)
        return NULL;
    while (green_event_wait(&t->wished, GREEN_FOREVER) < 0)
        continue;
    t->stop->error = close_hub(t->hub, t->stop->grace);
    green__hubs_post(t->stop->asker, &t->stop->answer.message);
    return NULL;
}

/* ---- start ---- */

static struct hub_thread *make_thread(void)
{
    struct hub_thread *t = green__zalloc(sizeof *t);

    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->began, NULL);
    return t;
}

static void free_thread(struct hub_thread *t)
{
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->began);
    green__sys.free(t);
}

/* It takes as long as a thread takes to start. */
static void await_begin(struct hub_thread *t)
{
    pthread_mutex_lock(&t->lock);
    while (!t->has_begun)
        pthread_cond_wait(&t->began, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

green_hub_t *green_hub_start(void)
{
    struct hub_thread *t = make_thread();
    int error;

    if (!t)
        return NULL;
    error = green__sys.thread_start(&t->thread, hub_main, t);
    if (!error) {
        await_begin(t);
        if (t->hub)
            return t->hub;
        error = t->error;
        green__sys.thread_join(t->thread);
    }
    free_thread(t);
    errno = error;
    return NULL;
}

/* ---- stop ---- */

static void deliver_wish(struct green_hub *h, struct message *m)
{
    struct hub_thread *t = h ? h->thread : NULL;

    if (!t)
        return;
    t->stop = ((struct stop_message *)m)->stop;
    green_event_set(&t->wished);
}

static void deliver_answer_to_stop(struct green_hub *h, struct message *m)
{
    struct stop *stop = ((struct stop_message *)m)->stop;

    if (!h)
        return;
    h->outside--;
    green__wake_all(&stop->waiters, 0);
}

/* Having asked one must wait for the answer, come what may. */
static void await_answer(struct green_hub *h, struct stop *stop)
{
    green_scope_t shield;

    h->outside++;
    green_shield_begin(&shield, GREEN_FOREVER);
    green__wait_in(&stop->waiters, NULL, 0, GREEN_FOREVER, WAIT_OFFLOAD, 0);
    green_scope_end(&shield);
}

int green_hub_stop(green_hub_t *hub, int64_t timeout)
{
    struct green_hub *h = green__hub();
    struct stop stop = {.wish = {{.deliver = deliver_wish}, &stop},
                        .answer = {{.deliver = deliver_answer_to_stop}, &stop},
                        .asker = h,
                        .grace = timeout};
    struct hub_thread *t;

    if (!h || green__hub_share(h) < 0)
        return -1;
    if (hub == h) {
        errno = EDEADLK;
        return -1;
    }
    t = green__hubs_shut(hub, &stop.wish.message);
    if (!t)
        return -1;
    await_answer(h, &stop);
    green__sys.thread_join(t->thread);
    free_thread(t);
    errno = stop.error;
    return stop.error ? -1 : 0;
}
