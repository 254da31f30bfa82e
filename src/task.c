/* SPDX-License-Identifier: MIT */
/* task.c - layer 6: the tasks of a pool, one by one or from an array.
 *
 * A pool is a group with a bound.  Whoever finds no room waits among the
 * spawners; a place that becomes free goes to the first of them at once, so
 * nobody overtakes, and who waits for the pool to be empty is not woken between.
 *
 *     free ---> promised to a spawner that was woken ---> a task's, to its end
 *       |                                                   ^
 *       +---------------------------------------------------+
 *
 * group.size counts both kinds that are not free.  While a kill of the pool
 * waits nobody is given a place: else a busy producer would keep it from ever
 * ending.  Those who wait are served when it is over.
 *
 * Invariants:
 *   1. A spawner waits only while there is no room, or a kill waits.
 *   2. group.size <= max. */
#include "task.h"
#include <errno.h>
#include "group.h"
#include "local.h"
#include "sys.h"
#include "wait.h"

struct task {
    struct green_member member; /* the first field: found from it */
    struct feed *feed;          /* who gets the result, or NULL */
    size_t index;
};

/* ---- places ---- */

static bool has_room(const green_pool_t *p)
{
    return p->group.size < p->max && !green__group_is_killed(&p->group);
}

static void serve_feed(struct feed *f);

/* What a greenlet among the spawners wants (its waiter's `detail`). */
enum { PLACE_TAKE, PLACE_SEE };

void green__places_hand_out(green_pool_t *p)
{
    struct green_waiter *w;

    while ((w = p->spawners.first) && has_room(p)) {
        p->group.size += w->detail == PLACE_TAKE;
        if (w->greenlet)
            green__wake(w);
        else
            serve_feed(w->item);
    }
}

static void give_back(green_pool_t *p)
{
    p->group.size--;
    green__places_hand_out(p);
    if (p->group.size > 0)
        return;
    green__wake_all(&p->group.joiners, 0);
    green__places_hand_out(p); /* a kill that waited is over */
}

static int await_place(green_pool_t *p, int wanted, int64_t timeout)
{
    if (p->closed) {
        errno = EPIPE;
        return -1;
    }
    if (!p->spawners.first && has_room(p)) {
        p->group.size += wanted == PLACE_TAKE;
        return 0;
    }
    return green__wait_in(&p->spawners, NULL, wanted, timeout, WAIT_ROOM,
                          (uintptr_t)p);
}

int green__place_take(green_pool_t *p, int64_t timeout)
{
    return await_place(p, PLACE_TAKE, timeout);
}

int green__place_see(green_pool_t *p, int64_t timeout)
{
    return await_place(p, PLACE_SEE, timeout);
}

/* In the child of a fork this task is not there, nor is anybody who waited for a
 * place or was promised one.  Feeds begin nothing more unless they are asked:
 * they may be of greenlets that are not there either. */
static void forget_task(struct task *t, const green_t *gone)
{
    green_pool_t *p = (green_pool_t *)t->member.group;
    struct feed *f = t->feed;

    green__group_leave(&t->member, gone);
    if (f) {
        f->running--;
        f->ended(f, t->index, NULL, gone->error);
    }
    green__sys.free(t);
    while (p->spawners.first)
        list_remove(p->spawners.first);
    p->group.size = p->group.first ? p->group.size - 1 : 0;
}

/* ---- tasks ---- */

static void queue_up(struct feed *f);

static void task_ended(struct end_call *call, green_t *ended)
{
    struct task *t = (struct task *)call;
    green_pool_t *p = (green_pool_t *)t->member.group;
    struct feed *f = t->feed;

    if (UNLIKELY(ended->gone)) {
        forget_task(t, ended);
        return;
    }
    green__group_leave(&t->member, ended);
    if (f) {
        f->running--;
        f->ended(f, t->index, ended->value, ended->error);
        queue_up(f);
    }
    green__sys.free(t);
    give_back(p);
}

/* `t` is fresh, or NULL for want of memory.  0, or -1. */
static int launch(green_pool_t *p, struct task *t, void *(*fn)(void *arg),
                  void *arg, const struct origin *origin)
{
    green_t *g = NULL;

    if (t)
        g = green__spawn_for(origin, green__current_hub, fn, arg);
    if (!g) {
        green__sys.free(t);
        return -1;
    }
    green__group_enter(&p->group, &t->member, g, task_ended);
    green_release(g);
    return 0;
}

int green__task_begin(green_pool_t *p, void *(*fn)(void *arg), void *arg,
                      void *site)
{
    struct origin origin = green__origin(green__current_hub, site);

    if (launch(p, green__zalloc(sizeof(struct task)), fn, arg, &origin) == 0)
        return 0;
    give_back(p);
    errno = ENOMEM;
    return -1;
}

/* ---- feeds ---- */

/* An item whose feed has gone is dropped. */
static void *run_item(void *arg)
{
    struct task *t = arg;

    return t->feed ? t->feed->fn(t->feed->in[t->index]) : NULL;
}

static int begin_item(struct feed *f)
{
    struct task *t = green__zalloc(sizeof *t);

    if (launch(f->pool, t, run_item, t, &f->origin) < 0)
        return -1;
    t->feed = f;
    t->index = f->begun++;
    f->running++;
    return 0;
}

static bool wants_more(const struct feed *f)
{
    return f->begun < f->n && f->begun < f->window;
}

/* Wait for room, or learn that there will be none. */
static void queue_up(struct feed *f)
{
    green_pool_t *p = f->pool;

    while (p->closed && wants_more(f))
        f->ended(f, f->begun++, NULL, EPIPE);
    if (wants_more(f) && !f->waiter.queue) {
        f->waiter.item = f;
        list_append(&p->spawners, &f->waiter);
    }
}

/* Use a place for the next item, then go to the end of the line. */
static void serve_feed(struct feed *f)
{
    list_remove(&f->waiter);
    if (begin_item(f) < 0) {
        f->pool->group.size--;
        f->ended(f, f->begun++, NULL, ENOMEM);
    }
    queue_up(f);
}

int green__feed_open(struct feed *f, void *site)
{
    struct green_hub *h = green__current_hub;

    f->origin = green__origin(h, site);
    f->origin.locals = &f->locals;
    if (LIKELY(!h->inherits))
        return 0;
    return green__locals_inherit(&f->locals, h->current->locals);
}

void green__feed(struct feed *f)
{
    queue_up(f);
    green__places_hand_out(f->pool);
}

void green__feed_end(struct feed *f)
{
    struct green_member *m = f->pool->group.first;
    struct task *t;

    list_remove(&f->waiter);
    for (; f->running > 0; m = m->next) {
        t = (struct task *)m;
        if (t->feed != f)
            continue;
        t->feed = NULL;
        f->running--;
        green_kill(m->greenlet);
    }
    green__locals_end(&f->locals);
}

void green__places_close(green_pool_t *p)
{
    struct green_waiter *w;

    while ((w = p->spawners.first)) {
        if (w->greenlet) {
            green__end_wait(w->greenlet, w->index, EPIPE);
        } else {
            list_remove(w);
            queue_up(w->item);
        }
    }
}
