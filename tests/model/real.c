/* SPDX-License-Identifier: MIT */
/* real.c - programs run by libgreen, with a clock that goes on when it rests. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "green.h"
#include "program.h"
#include "sys.h"

#define UNIT GREEN_MS

static const struct program *program;
static struct log *log_;
static int64_t clock_now, clock_start;

static green_t *handles[ACTORS]; /* of whom spawned; NULL: not known */
static green_t *selves[ACTORS];
static bool born[ACTORS];
static bool owns[ACTORS][MUTEXES];
static green_scope_t scopes[ACTORS][STEPS + 1];
static int n_scopes[ACTORS], items_put;

static green_sem_t sems[SEMS];
static green_mutex_t mutexes[MUTEXES];
static green_cond_t conds[CONDS];
static green_event_t events[EVENTS];
static green_queue_t queues[QUEUES];
static green_pool_t pool;
static green_rwlock_t rwlock;
static green_rlock_t rlock;
static green_barrier_t barrier;
static green_waitgroup_t under_way;
static green_future_t future;
static green_group_t group;
static int reads[ACTORS], depths[ACTORS], n_under_way;
static bool writes[ACTORS];

/* ---- the clock ---- */

static struct sys real;

static int64_t model_now(void)
{
    return clock_now;
}

static int model_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    int r = real.poll(fds, n, 0);

    if (r == 0 && timeout > 0) {
        clock_now += timeout;
        clock_now += UNIT * late_by((int)((clock_now - clock_start) / UNIT));
    }
    return r;
}

static void take_clock(void)
{
    if (real.now)
        return;
    real = green__sys;
    clock_now = real.now();
    green__sys.now = model_now;
    green__sys.poll = model_poll;
}

static int64_t duration_of(int time)
{
    return time == FOREVER ? GREEN_FOREVER : time * UNIT;
}

/* ---- the steps ---- */

static void write_down(int actor, int step, int result, int item)
{
    struct line *l = &log_->lines[log_->n];

    if (log_->n == LINES)
        return;
    log_->n++;
    *l = (struct line){actor, step, result < 0 ? -errno : result, item,
                       (int)((clock_now - clock_start) / UNIT)};
}

static int actor_of(const int *step)
{
    return *step;
}

static void *run_actor(void *arg);
static const int numbers[ACTORS] = {0, 1, 2, 3, 4, 5};

static void *argument(int actor)
{
    return (void *)(uintptr_t)&numbers[actor];
}

static int spawn(int actor, int time)
{
    green_options_t options = {.delay = time > 0 ? time * UNIT : 0};

    if (born[actor])
        return -2;
    born[actor] = true;
    handles[actor] = green_spawn_with(&options, run_actor, argument(actor));
    return 0;
}

static int join_any(int64_t timeout)
{
    green_t *gs[ACTORS];
    int which[ACTORS], r;
    size_t n = 0;

    for (int i = 0; i < ACTORS; i++)
        if (handles[i]) {
            which[n] = i;
            gs[n++] = handles[i];
        }
    r = green_join_any(gs, n, timeout);
    return r < 0 ? r : which[r];
}

static int next_item(void)
{
    return ++items_put;
}

static int put(int queue, int64_t timeout)
{
    int item = next_item();

    return green_queue_put(&queues[queue], &item, timeout);
}

static int use_select(const struct step *s, int *item)
{
    green_case_t cases[CASES];
    int items[CASES] = {0}, n = 0, which[CASES], r;

    for (int i = 0; i < s->n_cases; i++) {
        int object = s->cases[i].object;

        which[n] = i;
        switch (s->cases[i].kind) {
        case CASE_GET:
            cases[n++] = GREEN_ON_GET(&queues[object % QUEUES], &items[i]);
            break;
        case CASE_PUT:
            items[i] = next_item();
            cases[n++] = GREEN_ON_PUT(&queues[object % QUEUES], &items[i]);
            break;
        case CASE_SEM:
            cases[n++] = GREEN_ON_SEM(&sems[object % SEMS]);
            break;
        case CASE_EVENT:
            cases[n++] = GREEN_ON_EVENT(&events[object % EVENTS]);
            break;
        case CASE_JOIN:
            if (handles[object % ACTORS])
                cases[n++] = GREEN_ON_JOIN(handles[object % ACTORS]);
            break;
        default:
            cases[n++] = GREEN_ON_TIMER(s->cases[i].time * UNIT);
            break;
        }
    }
    r = green_select(cases, n, duration_of(s->time));
    if (r < 0)
        return r;
    if (errno == 0 && s->cases[which[r]].kind == CASE_GET)
        *item = items[which[r]];
    return which[r] + (errno == EPIPE ? 100 : 0);
}

static void note_deferred(void *arg)
{
    write_down(*(int *)arg, DEFERRED, 0, 0);
}

static void note_destroyed(void *arg)
{
    write_down(*(int *)arg, DESTROYED, 0, 0);
}

static green_local_t local = GREEN_LOCAL_INIT(note_destroyed);

static int unlock_rw(int a)
{
    if (writes[a])
        writes[a] = false;
    else if (reads[a] > 0)
        reads[a]--;
    else
        return -2;
    green_rwlock_unlock(&rwlock);
    return 0;
}

/* What must not be left behind. */
static void clean_up(int a)
{
    while (n_scopes[a] > 0)
        green_scope_end(&scopes[a][--n_scopes[a]]);
    for (int m = 0; m < MUTEXES; m++)
        if (owns[a][m]) {
            owns[a][m] = false;
            green_mutex_unlock(&mutexes[m]);
        }
    while (depths[a] > 0 && depths[a]--)
        green_rlock_unlock(&rlock);
    while (writes[a] || reads[a] > 0)
        unlock_rw(a);
    write_down(a, ENDED, 0, 0);
}

static int pool_spawn(int actor, int64_t timeout)
{
    if (born[actor])
        return -2;
    born[actor] = true;
    return green_pool_spawn(&pool, run_actor, argument(actor), timeout);
}

static int link_to(int before, int actor)
{
    if (born[actor] || !handles[before])
        return -2;
    born[actor] = true;
    return green_link(handles[before], run_actor, argument(actor));
}

static int group_spawn(int actor)
{
    if (born[actor])
        return -2;
    born[actor] = true;
    return green_group_spawn(&group, run_actor, argument(actor)) ? 0 : -1;
}

/* long: a case for each verb. */
static int meet(int a, const struct step *s)
{
    int64_t timeout = duration_of(s->time);
    int r;

    switch (s->verb) {
    case RDLOCK:
        r = green_rwlock_rdlock(&rwlock, timeout);
        reads[a] += r == 0;
        return r;
    case WRLOCK:
        r = green_rwlock_wrlock(&rwlock, timeout);
        writes[a] |= r == 0;
        return r;
    case RW_UNLOCK:
        return unlock_rw(a);
    case RLOCK:
        r = green_rlock_lock(&rlock, timeout);
        depths[a] += r == 0;
        return r;
    case RUNLOCK:
        if (depths[a] == 0)
            return -2;
        depths[a]--;
        green_rlock_unlock(&rlock);
        return 0;
    case BARRIER:
        return green_barrier_wait(&barrier, timeout);
    case ADD:
        n_under_way++;
        green_waitgroup_add(&under_way, 1);
        return 0;
    case DONE:
        if (n_under_way == 0)
            return -2;
        n_under_way--;
        green_waitgroup_done(&under_way);
        return 0;
    case ALL_DONE:
        return green_waitgroup_wait(&under_way, timeout);
    case SET_FUTURE:
        return green_future_set(&future, NULL);
    case FAIL_FUTURE:
        return green_future_fail(&future, EXDEV);
    case GET_FUTURE:
        return green_future_get(&future, NULL, timeout);
    case LINK:
        return link_to(s->object % ACTORS, s->object / ACTORS % ACTORS);
    case GROUP_SPAWN:
        return group_spawn(s->object % ACTORS);
    case GROUP_JOIN:
        return green_group_join(&group, timeout);
    default:
        return -2;
    }
}

/* long: a case for each verb.  -2: it is not possible. */
static int take_step(int a, const struct step *s, int *item)
{
    int64_t timeout = duration_of(s->time);
    int other = s->object % ACTORS, m = s->object % MUTEXES, r;
    int q = s->object % QUEUES;

    switch (s->verb) {
    case SPAWN:
        return spawn(other, s->time);
    case YIELD:
        return green_yield();
    case SLEEP:
        return green_sleep(timeout);
    case JOIN:
        return handles[other] ? green_join(handles[other], NULL, timeout) : -2;
    case GET_RESULT:
        return handles[other] ? green_get(handles[other], NULL, timeout) : -2;
    case JOIN_ANY:
        return join_any(timeout);
    case KILL:
        green_kill(handles[other]);
        return 0;
    case TIMEOUT:
        green_timeout_begin(&scopes[a][n_scopes[a]++], timeout);
        return 0;
    case SHIELD:
        green_shield_begin(&scopes[a][n_scopes[a]++], timeout);
        return 0;
    case SCOPE_END:
        return n_scopes[a] ? green_scope_end(&scopes[a][--n_scopes[a]]) : -2;
    case SEM_WAIT:
        return green_sem_wait(&sems[s->object % SEMS], timeout);
    case SEM_POST:
        green_sem_post(&sems[s->object % SEMS]);
        return 0;
    case LOCK:
        r = green_mutex_lock(&mutexes[m], timeout);
        owns[a][m] |= r == 0;
        return r;
    case UNLOCK:
        if (!owns[a][m])
            return -2;
        owns[a][m] = false;
        green_mutex_unlock(&mutexes[m]);
        return 0;
    case COND_WAIT:
        if (!owns[a][m])
            return -2;
        r = green_cond_wait(&conds[s->object / 2 % CONDS], &mutexes[m],
                            timeout);
        owns[a][m] = mutexes[m].owner == green_self();
        return r;
    case SIGNAL:
        green_cond_signal(&conds[s->object / 2 % CONDS]);
        return 0;
    case BROADCAST:
        green_cond_broadcast(&conds[s->object / 2 % CONDS]);
        return 0;
    case EVENT_SET:
        green_event_set(&events[s->object % EVENTS]);
        return 0;
    case EVENT_CLEAR:
        green_event_clear(&events[s->object % EVENTS]);
        return 0;
    case EVENT_WAIT:
        return green_event_wait(&events[s->object % EVENTS], timeout);
    case PUT:
        return put(q, timeout);
    case GET:
        return green_queue_get(&queues[q], item, timeout);
    case PEEK:
        return green_queue_peek(&queues[q], item, timeout);
    case CLOSE:
        green_queue_close(&queues[q]);
        return 0;
    case TASK_DONE:
        return green_queue_task_done(&queues[q]);
    case QUEUE_JOIN:
        return green_queue_join(&queues[q], timeout);
    case SELECT:
        return use_select(s, item);
    case DEFER:
        return a ? green_defer(note_deferred, argument(a)) : -2;
    case LOCAL:
        return a ? green_local_set(&local, argument(a)) : -2;
    case POOL_SPAWN:
        return pool_spawn(other, timeout);
    case POOL_CLOSE:
        green_pool_close(&pool);
        return 0;
    default:
        return meet(a, s);
    }
}

static void leave(int a, int verb)
{
    clean_up(a);
    if (verb == EXIT)
        green_exit(NULL);
    green_fail(EXDEV, NULL);
}

static void take_steps(int a)
{
    for (int i = 0; i < program->n[a]; i++) {
        const struct step *s = &program->steps[a][i];
        int item = 0, r = take_step(a, s, &item);

        if (a && (s->verb == EXIT || s->verb == FAIL))
            leave(a, s->verb);
        if (r == -2) {
            errno = ENOTSUP;
            r = -1;
        }
        write_down(a, i, r, item);
    }
}

static void *run_actor(void *arg)
{
    int a = actor_of(arg);

    selves[a] = green_retain(green_self());
    write_down(a, BEGAN, 0, 0);
    take_steps(a);
    clean_up(a);
    return NULL;
}

/* ---- a program ---- */

static void make_objects(void)
{
    green_sem_init(&sems[0], 0);
    green_sem_init(&sems[1], 1);
    for (int i = 0; i < 2; i++) {
        green_mutex_init(&mutexes[i]);
        green_cond_init(&conds[i]);
        green_event_init(&events[i]);
    }
    green_queue_init(&queues[0], sizeof(int), ROOM);
    green_queue_init(&queues[1], sizeof(int), 0);
    green_lifo_init(&queues[2], sizeof(int), ROOM);
    green_queue_init(&queues[3], sizeof(int), SIZE_MAX);
    green_pool_init(&pool, POOL_ROOM);
    green_rwlock_init(&rwlock);
    green_rlock_init(&rlock);
    green_barrier_init(&barrier, PARTY);
    green_waitgroup_init(&under_way);
    green_future_init(&future);
    green_group_init(&group);
    n_under_way = 0;
}

_Noreturn void program_gives_up(int invariant, const char *why)
{
    program_print(program);
    log_print(log_, 0);
    printf("model: %s (invariant %d)\n", why, invariant);
    exit(1);
}

/* Whoever is left is killed, however often that takes. */
static void end_others(void)
{
    green_scope_t shield;
    int r, rounds = 0;

    clean_up(0);
    green_shield_begin(&shield, GREEN_FOREVER);
    green_sleep(100 * UNIT);
    do {
        if (++rounds > 100)
            program_gives_up(0, "some cannot be killed");
        for (int i = 1; i < ACTORS; i++)
            green_kill(handles[i] ? handles[i] : selves[i]);
        r = green_run(GREEN_FOREVER);
        write_down(0, RAN, r, 0);
    } while (r != 0);
    green_scope_end(&shield);
}

static void forget_all(void)
{
    for (int i = 1; i < ACTORS; i++) {
        green_release(handles[i]);
        green_release(selves[i]);
    }
    for (int i = 0; i < QUEUES; i++)
        green_queue_destroy(&queues[i]);
    green_pool_destroy(&pool);
    green_group_destroy(&group);
    memset(handles, 0, sizeof handles);
    memset(selves, 0, sizeof selves);
    memset(born, 0, sizeof born);
}

static void be_silent(void *arg)
{
    (void)arg;
}

void run_by_green(const struct program *p, struct log *l)
{
    static bool watched;

    memset(l, 0, sizeof *l);
    take_clock();
    watched = !watched;
    invariants_watch(watched);
    green_set_deadlock_fn(be_silent, NULL);
    program = p;
    log_ = l;
    clock_start = green_now();
    items_put = 0;
    born[0] = true;
    make_objects();
    take_steps(0);
    end_others();
    forget_all();
}
