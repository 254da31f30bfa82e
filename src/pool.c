/* SPDX-License-Identifier: MIT */
/* pool.c - layer 6: many tasks, a few at a time.
 *
 * Who gets room, and when, is in task.c; joining and killing all tasks is that
 * of a group.
 *
 * A map lives in the frame of its caller, which waits in it once, until the last
 * item has ended: the tasks follow each other without it.  If the wait ends
 * early the tasks forget the map, so nothing is written to the caller's array
 * after it has returned, and no task need be waited for. */
#include <errno.h>
#include "group.h"
#include "misuse.h"
#include "task.h"
#include "wait.h"

void green_pool_init(green_pool_t *p, size_t max)
{
    *p = (green_pool_t)GREEN_POOL_INIT(max);
}

int green_pool_spawn(green_pool_t *p, void *(*fn)(void *arg), void *arg,
                     int64_t timeout)
{
    if (!p || !fn) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(green__hub(), timeout) ||
        green__place_take(p, timeout) < 0)
        return -1;
    return green__task_begin(p, fn, arg, __builtin_return_address(0));
}

int green_pool_wait_room(green_pool_t *p, int64_t timeout)
{
    if (!p) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(green__hub(), timeout))
        return -1;
    return green__place_see(p, timeout);
}

/* ---- map ---- */

struct map {
    struct feed feed; /* the first field: found from it */
    void **out;       /* or NULL */
    size_t left;      /* items that have not ended */
    size_t failed;    /* the first item that failed, if error is not 0 */
    int error;
    green_waiters_t caller;
};

static void map_item_ended(struct feed *f, size_t i, void *value, int error)
{
    struct map *m = (struct map *)f;

    if (m->out)
        m->out[i] = value;
    if (error && (!m->error || i < m->failed)) {
        m->error = error;
        m->failed = i;
    }
    if (--m->left == 0)
        green__wake_all(&m->caller, 0);
}

static int run_map(struct map *m, int64_t timeout)
{
    int error = 0;
    size_t i;

    for (i = 0; m->out && i < m->feed.n; i++)
        m->out[i] = NULL;
    green__feed(&m->feed);
    if (m->left > 0 && green__wait_in(&m->caller, NULL, 0, timeout, WAIT_MAP,
                                      (uintptr_t)m->feed.pool) < 0)
        error = errno;
    green__feed_end(&m->feed);
    if (!error && !m->error)
        return 0;
    errno = error ? error : m->error;
    return -1;
}

int green_pool_map(green_pool_t *p, void *(*fn)(void *arg), void *const *in,
                   void **out, size_t n, int64_t timeout)
{
    struct green_hub *h = green__hub();
    struct map m = {.feed = {.pool = p,
                             .fn = fn,
                             .in = in,
                             .n = n,
                             .window = n,
                             .ended = map_item_ended},
                    .out = out,
                    .left = n};

    if (!p || !fn || (!in && n > 0)) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    if (n == 0)
        return 0;
    if (p->closed || timeout <= 0) {
        errno = p->closed ? EPIPE : ETIMEDOUT;
        return -1;
    }
    if (green__feed_open(&m.feed, __builtin_return_address(0)) < 0)
        return -1;
    return run_map(&m, timeout);
}

/* ---- all together ---- */

static bool is_no_pool(const green_pool_t *p)
{
    if (p)
        return false;
    errno = EINVAL;
    return true;
}

int green_pool_join(green_pool_t *p, int64_t timeout)
{
    return is_no_pool(p) ? -1
                         : green__group_join(&p->group, timeout, WAIT_TASKS);
}

/* Those who waited for room meanwhile are served now. */
int green_pool_kill(green_pool_t *p, int64_t timeout)
{
    int saved_errno;

    if (is_no_pool(p))
        return -1;
    if (green__group_kill(&p->group, timeout, WAIT_TASKS) == 0)
        return 0;
    saved_errno = errno;
    green__places_hand_out(p);
    errno = saved_errno;
    return -1;
}

void green_pool_close(green_pool_t *p)
{
    p->closed = true;
    green__places_close(p);
}

size_t green_pool_size(const green_pool_t *p)
{
    return p->group.size;
}

size_t green_pool_free_count(const green_pool_t *p)
{
    return p->max == SIZE_MAX ? SIZE_MAX : p->max - p->group.size;
}

int green_pool_error(const green_pool_t *p)
{
    return p->group.error;
}

void green_pool_destroy(green_pool_t *p)
{
    if (p->group.size > 0 || p->spawners.first || p->imaps > 0)
        green__misuse("green_pool_destroy", "the pool is in use");
}
