/* SPDX-License-Identifier: MIT */
/* objects.c - scenarios of what greenlets meet at: no item, permit or lock is
 * lost, none is there twice. */
#include "scenario.h"

static green_queue_t items;
static green_mutex_t lock;
static green_cond_t changed;
static green_sem_t permits;
static green_event_t opened;
static int put, got, sum_put, sum_got, inside, holders;

static void *produce(void *arg)
{
    int from = *(int *)arg;

    for (int item = from; item < from + 30; item++) {
        if (!went(green_queue_put(&items, &item, GREEN_FOREVER)))
            break;
        put++;
        sum_put += item;
    }
    return NULL;
}

static void *consume(void *arg)
{
    int item;

    (void)arg;
    while (green_queue_get(&items, &item, GREEN_FOREVER) == 0) {
        got++;
        sum_got += item;
        green_queue_task_done(&items);
    }
    if (errno != EPIPE)
        went(-1);
    return NULL;
}

static void drain(void)
{
    int item;

    while (green_queue_get(&items, &item, 0) == 0) {
        got++;
        sum_got += item;
    }
}

static void hand_items(size_t max)
{
    int from[] = {1000, 2000};

    put = got = sum_put = sum_got = 0;
    green_queue_init(&items, sizeof(int), max);
    if (team_add(consume, NULL) && team_add(produce, &from[0]) &&
        team_add(produce, &from[1]))
        for (int i = 0; i < 200 && put < 60; i++)
            went(green_yield());
    green_queue_close(&items);
    team_end();
    drain();
    must(put == got && sum_put == sum_got);
    must(put == 60 || first_error);
    green_queue_destroy(&items);
}

static void run_queue(void)
{
    hand_items(SIZE_MAX);
    hand_items(3);
}

static void run_channel(void)
{
    hand_items(0);
}

static const struct scenario queue = {"queue", run_queue, NULL, {EPIPE}, 0};
static const struct scenario channel = {
    "channel", run_channel, NULL, {EPIPE}, 0};

static void *enter(void *arg)
{
    (void)arg;
    if (!went(green_event_wait(&opened, GREEN_SEC)))
        return NULL;
    if (!went(green_sem_wait(&permits, GREEN_SEC)))
        return NULL;
    must(++inside <= 2);
    if (went(green_mutex_lock(&lock, GREEN_SEC))) {
        must(++holders == 1);
        went(green_sleep(GREEN_US));
        holders--;
        green_cond_signal(&changed);
        green_mutex_unlock(&lock);
    }
    inside--;
    green_sem_post(&permits);
    return NULL;
}

static void *watch(void *arg)
{
    (void)arg;
    if (!went(green_mutex_lock(&lock, GREEN_SEC)))
        return NULL;
    if (went(green_cond_wait(&changed, &lock, GREEN_SEC)))
        must(++holders == 1 && --holders == 0);
    green_mutex_unlock(&lock);
    return NULL;
}

static void run_locks(void)
{
    green_mutex_init(&lock);
    green_cond_init(&changed);
    green_sem_init(&permits, 2);
    green_event_init(&opened);
    inside = holders = 0;
    team_add(watch, NULL);
    for (int i = 0; i < 5; i++)
        team_add(enter, NULL);
    went(green_sleep(GREEN_US));
    green_event_set(&opened);
    team_end();
    must(green_sem_value(&permits) == 2 && inside == 0 && holders == 0);
    must(green_mutex_lock(&lock, 0) == 0 || first_error);
    if (green_mutex_lock(&lock, 0) == -1 && errno == EDEADLK)
        green_mutex_unlock(&lock);
}

/* A watcher whom nobody signals, since there was no memory for others. */
static const struct scenario locks = {"locks", run_locks, NULL, {ETIMEDOUT}, 0};

static green_queue_t taken;

static void *choose(void *arg)
{
    int item = 0, own = 7;
    green_case_t cases[] = {GREEN_ON_GET(&items, &item),
                            GREEN_ON_PUT(&taken, &own), GREEN_ON_SEM(&permits),
                            GREEN_ON_EVENT(&opened), GREEN_ON_TIMER(GREEN_SEC)};

    (void)arg;
    switch (green_select(cases, 5, GREEN_FOREVER)) {
    case -1:
        went(-1);
        break;
    case 0:
        got++;
        break;
    case 1:
        put++;
        break;
    case 2:
        inside++;
        break;
    default:
        break;
    }
    return NULL;
}

static void run_select(void)
{
    int item = 5, there = 0;

    put = got = inside = 0;
    green_queue_init(&items, sizeof(int), 5);
    green_queue_init(&taken, sizeof(int), 0);
    green_sem_init(&permits, 0);
    green_event_init(&opened);
    for (int i = 0; i < 6; i++)
        team_add(choose, NULL);
    went(green_yield());
    for (int i = 0; i < 2; i++)
        there += went(green_queue_put(&items, &item, 0));
    green_sem_post(&permits);
    if (green_queue_get(&taken, &item, 0) == 0)
        must(item == 7 && put == 0);
    went(green_yield());
    green_event_set(&opened);
    team_end();
    must(got + (int)green_queue_size(&items) == there);
    must(inside + green_sem_value(&permits) == 1);
    green_queue_destroy(&items);
    green_queue_destroy(&taken);
}

static const struct scenario selects = {
    "select", run_select, NULL, {ETIMEDOUT}, 0};

static void *nap(void *arg)
{
    went(green_sleep(GREEN_US));
    got++;
    return arg;
}

/* Then no later result will be got either. */
static bool is_stopped(int error)
{
    return error == ECANCELED || error == ETIMEDOUT;
}

static void take_results(green_pool_t *pool, void *const *in, size_t n)
{
    green_imap_t *i = green_imap_start(pool, nap, in, n, 0, 0);
    size_t results = 0;
    void *value;

    if (!made(i))
        return;
    while (green_imap_next(i, &value, GREEN_FOREVER) == 0 ||
           (errno != EPIPE && !went(-1) && !is_stopped(errno)))
        results++;
    must(results == n || first_error);
    green_imap_end(i);
}

static void run_pool(void)
{
    int numbers[6] = {1, 2, 3, 4, 5, 6}, began = 0;
    void *in[6], *out[6];
    green_pool_t pool = GREEN_POOL_INIT(2);

    got = 0;
    for (int i = 0; i < 6; i++)
        in[i] = &numbers[i];
    for (int i = 0; i < 6; i++)
        began += went(green_pool_spawn(&pool, nap, in[i], GREEN_FOREVER));
    if (went(green_pool_join(&pool, GREEN_FOREVER)))
        must(got == began);
    if (went(green_pool_map(&pool, nap, in, out, 6, GREEN_FOREVER)))
        must(out[0] == in[0] && out[5] == in[5]);
    take_results(&pool, in, 6);
    pool_end(&pool);
}

static const struct scenario pools = {"pool", run_pool, NULL, {0}, 0};

static green_rwlock_t shared;
static green_barrier_t start;
static green_waitgroup_t under_way;
static green_once_t once;
static green_future_t answer;
static green_rlock_t again;
static int onces;

static void prepare(void *arg)
{
    (void)arg;
    onces++;
    green_sleep(GREEN_US);
}

static void *do_all(void *arg)
{
    void *value = NULL;

    went(green_once(&once, prepare, NULL, GREEN_SEC));
    if (went(green_rlock_lock(&again, GREEN_SEC))) {
        if (went(green_rlock_lock(&again, GREEN_SEC)))
            green_rlock_unlock(&again);
        green_rlock_unlock(&again);
    }
    if (went(arg ? green_rwlock_wrlock(&shared, GREEN_SEC)
                 : green_rwlock_rdlock(&shared, GREEN_SEC))) {
        went(green_sleep(GREEN_US));
        green_rwlock_unlock(&shared);
    }
    if (went(green_future_get(&answer, &value, GREEN_SEC)))
        must(value == &answer);
    green_waitgroup_done(&under_way);
    went(green_barrier_wait(&start, 300 * GREEN_MS));
    return NULL;
}

static void run_meetings(void)
{
    int there = 0;

    green_rwlock_init(&shared);
    green_rlock_init(&again);
    green_waitgroup_init(&under_way);
    green_once_init(&once);
    green_future_init(&answer);
    onces = 0;
    for (int i = 0; i < 4; i++) {
        green_waitgroup_add(&under_way, 1);
        if (team_add(do_all, i % 2 ? &there : NULL))
            there++;
        else
            green_waitgroup_done(&under_way);
    }
    green_barrier_init(&start, (unsigned)there + 1);
    went(green_yield());
    must(green_future_set(&answer, &answer) == 0);
    went(green_waitgroup_wait(&under_way, GREEN_FOREVER));
    went(green_barrier_wait(&start, GREEN_SEC));
    team_end();
    must(onces == (there > 0));
}

static const struct scenario meetings = {
    "meetings", run_meetings, NULL, {ETIMEDOUT}, 0};

const struct scenario *const scenarios_of_objects[] = {
    &queue, &channel, &locks, &selects, &pools, &meetings, NULL};
