/* SPDX-License-Identifier: MIT */
/* model.c - what a program must do, computed without running anything.
 *
 * Actors are records with a step counter.  Who waits has places in rows, one row
 * for each thing that can be waited for, and at most one alarm; both are searched,
 * not linked.  Whoever ends a wait decides how; the actor writes it down when its
 * turn comes. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "program.h"

enum { NEVER = INT_MAX, ALWAYS = INT_MIN, WAITS = INT_MIN, NOT = -ENOTSUP };

/* What has an owner: the mutexes, the rlock and, if it writes, the rwlock's. */
enum { THE_RLOCK = MUTEXES, LOCKS, THE_RWLOCK = LOCKS, OWNED };

enum {
    SEM_ROW,
    MUTEX_ROW = SEM_ROW + SEMS,
    COND_ROW = MUTEX_ROW + LOCKS,
    EVENT_ROW = COND_ROW + CONDS,
    GET_ROW = EVENT_ROW + EVENTS,
    PUT_ROW = GET_ROW + QUEUES,
    WORK_ROW = PUT_ROW + QUEUES,
    END_ROW = WORK_ROW + QUEUES,
    ANY_ROW = END_ROW + ACTORS,
    ROOM_ROW,
    ALL_ROW,
    RW_ROW,
    BARRIER_ROW,
    DONE_ROW,
    FUTURE_ROW,
    GROUP_ROW,
    ROWS
};

struct place {
    int actor, index, item;
    bool peeks; /* or reads, in the row of the rwlock */
};
struct row {
    int n;
    struct place places[ACTORS * CASES];
};

enum state { UNBORN, READY, RUNNING, WAITING, GONE };
enum alarm { NONE, SUCCESS, FAILURE };

struct scope {
    int deadline;
    bool is_shield, fired;
};

struct actor {
    enum state state;
    bool began, killed, failed, has_handle, is_task, is_member, owns[MUTEXES];
    int reads, depth;
    int pc, stage; /* which step, and how far it is */
    bool yields;   /* rather than waits: `result` is known */
    int result, item;
    struct scope scopes[STEPS + 2];
    int n_scopes, limit;
    enum alarm alarm;
    int alarm_time, alarm_number; /* equal times: in the order of numbers */
    int due, due_index, until;
    int blocked_by_actor, blocked_by_mutex; /* or -1 */
    int wake_index, wake_error;
    bool may_pick[ACTORS];
    int deferred;
    bool has_local;
};

static struct {
    const struct program *program;
    struct log *log;
    int now, alarms, items;
    struct actor actors[ACTORS];
    struct row rows[ROWS];
    int ring[1000], head, tail;
    int expiring, mark; /* time up to which failures are due, or NEVER */
    int sems[SEMS], owners[OWNED];
    int readers, under_way, members;
    bool future_set, future_failed;
    bool events[EVENTS];
    int served[EVENTS];
    struct {
        int items[BACKLOG * 4], n, unfinished;
        bool closed;
    } queues[QUEUES];
    int tasks;
    bool pool_closed;
} m;

static const int room[QUEUES] = {ROOM, 0, ROOM, INT_MAX};

static void write_line(int a, int step, int result, int item)
{
    if (m.log->n < LINES)
        m.log->lines[m.log->n++] = (struct line){a, step, result, item, m.now};
}

/* ---- limits ---- */

static void find_limit(struct actor *x)
{
    int i = x->n_scopes;

    x->limit = NEVER;
    while (i-- > 0) {
        if (x->scopes[i].deadline < x->limit)
            x->limit = x->scopes[i].deadline;
        if (x->scopes[i].is_shield)
            return;
    }
    if (x->killed)
        x->limit = ALWAYS;
}

/* The first deadline is to blame, of equal ones the outermost; within a shield
 * nothing outside of it. */
static int blame(struct actor *x)
{
    int first = -1, i = x->n_scopes;
    bool shielded = false;

    while (i-- > 0 && !shielded) {
        if (first < 0 || x->scopes[i].deadline <= x->scopes[first].deadline)
            first = i;
        shielded = x->scopes[i].is_shield;
    }
    if (x->killed && !shielded)
        return ECANCELED;
    x->scopes[first].fired = true;
    return x->killed && x->scopes[first].is_shield ? ECANCELED : ETIMEDOUT;
}

static bool is_refused(struct actor *x, int timeout)
{
    return timeout != 0 && x->limit <= m.now;
}

static void begin_scope(struct actor *x, int time, bool is_shield)
{
    x->scopes[x->n_scopes++] = (struct scope){
        time == FOREVER ? NEVER : m.now + time, is_shield, false};
    find_limit(x);
}

static bool end_scope(struct actor *x)
{
    bool fired = x->scopes[--x->n_scopes].fired;

    find_limit(x);
    return fired;
}

/* ---- waiting and waking ---- */

static void make_ready(int a)
{
    m.actors[a].state = READY;
    m.ring[m.tail++ % 1000] = a;
}

static void leave_rows(int a)
{
    for (int r = 0; r < ROWS; r++) {
        struct row *row = &m.rows[r];
        int kept = 0;

        for (int i = 0; i < row->n; i++)
            if (row->places[i].actor != a)
                row->places[kept++] = row->places[i];
        row->n = kept;
    }
}

static void wake(int a, int index, int error)
{
    struct actor *x = &m.actors[a];

    leave_rows(a);
    x->alarm = NONE;
    x->wake_index = index;
    x->wake_error = error;
    make_ready(a);
}

static void wake_all(int r, int error)
{
    while (m.rows[r].n)
        wake(m.rows[r].places[0].actor, m.rows[r].places[0].index, error);
}

static void set_alarm(struct actor *x, enum alarm kind, int time)
{
    x->alarm = kind;
    x->alarm_time = time;
    x->alarm_number = m.alarms++;
}

static int wait_until(int a, int timeout, int delay, int delay_index)
{
    struct actor *x = &m.actors[a];
    int fails;

    x->state = WAITING;
    x->due = delay == FOREVER ? NEVER : m.now + delay;
    x->until = timeout == FOREVER ? NEVER : m.now + timeout;
    x->due_index = delay_index;
    fails = x->until < x->limit ? x->until : x->limit;
    if (fails < x->due)
        set_alarm(x, FAILURE, fails);
    else if (x->due != NEVER)
        set_alarm(x, SUCCESS, x->due);
    return WAITS;
}

static void enter(int r, struct place place)
{
    m.rows[r].places[m.rows[r].n++] = place;
}

static int wait_in(int r, int a, int item, bool peeks, int timeout)
{
    if (timeout == 0)
        return -ETIMEDOUT;
    enter(r, (struct place){a, 0, item, peeks});
    return wait_until(a, timeout, FOREVER, 0);
}

static int give_way(int a, int result)
{
    m.actors[a].yields = true;
    m.actors[a].result = result;
    make_ready(a);
    return WAITS;
}

static int next_blocker(int a)
{
    const struct actor *x = &m.actors[a];

    if (x->state != WAITING)
        return -1;
    return x->blocked_by_mutex >= 0 ? m.owners[x->blocked_by_mutex]
                                    : x->blocked_by_actor;
}

static bool awaits_group(int a)
{
    const struct row *row = &m.rows[GROUP_ROW];

    for (int i = 0; i < row->n; i++)
        if (row->places[i].actor == a)
            return true;
    return false;
}

static bool leads_to(int a, int self, unsigned *met);

static bool a_member_leads_to(int self, unsigned *met)
{
    for (int i = 0; i < ACTORS; i++)
        if (m.actors[i].is_member && m.actors[i].state != GONE &&
            leads_to(i, self, met))
            return true;
    return false;
}

/* Each waits for one other, or for all members of the group. */
static bool leads_to(int a, int self, unsigned *met)
{
    for (; a >= 0 && a != self && !(*met >> a & 1); a = next_blocker(a)) {
        *met |= 1u << a;
        if (awaits_group(a) && a_member_leads_to(self, met))
            return true;
    }
    return a == self;
}

static bool waits_for(int a, int self)
{
    unsigned met = 0;

    return leads_to(a, self, &met);
}

/* ---- the objects ---- */

static int lock(int a, int mutex, int timeout)
{
    struct actor *x = &m.actors[a];

    if (m.owners[mutex] < 0) {
        m.owners[mutex] = a;
        return 0;
    }
    if (m.owners[mutex] == a || (timeout != 0 && waits_for(m.owners[mutex], a)))
        return -EDEADLK;
    x->blocked_by_mutex = mutex;
    return wait_in(MUTEX_ROW + mutex, a, 0, false, timeout);
}

static void pass_on(int mutex)
{
    const struct row *row = &m.rows[MUTEX_ROW + mutex];

    m.owners[mutex] = row->n ? row->places[0].actor : -1;
    if (row->n)
        wake(row->places[0].actor, 0, 0);
}

static void unlock(int a, int mutex)
{
    m.actors[a].owns[mutex] = false;
    pass_on(mutex);
}

/* An rwlock lets in whoever can enter now, in the order they came. */
static bool can_enter(bool reads)
{
    return m.owners[THE_RWLOCK] < 0 && (reads || m.readers == 0);
}

static void enter_rwlock(int a, bool reads)
{
    if (reads)
        m.readers++;
    else
        m.owners[THE_RWLOCK] = a;
}

static void let_in(void)
{
    const struct row *row = &m.rows[RW_ROW];

    while (row->n && can_enter(row->places[0].peeks)) {
        enter_rwlock(row->places[0].actor, row->places[0].peeks);
        wake(row->places[0].actor, 0, 0);
    }
}

/* Who gave up may have been all that kept others out. */
static int rw_locked(int a, bool reads, int r)
{
    if (r == 0 && reads)
        m.actors[a].reads++;
    if (r < 0)
        let_in();
    return r;
}

static int rw_lock(int a, bool reads, int timeout)
{
    struct actor *x = &m.actors[a];
    int r;

    if (is_refused(x, timeout))
        return -blame(x);
    if (m.owners[THE_RWLOCK] == a)
        return -EDEADLK;
    if (can_enter(reads) && m.rows[RW_ROW].n == 0) {
        enter_rwlock(a, reads);
        return rw_locked(a, reads, 0);
    }
    if (timeout != 0 && waits_for(m.owners[THE_RWLOCK], a))
        return -EDEADLK;
    x->blocked_by_mutex = THE_RWLOCK;
    r = wait_in(RW_ROW, a, 0, reads, timeout);
    return r == WAITS ? r : rw_locked(a, reads, r);
}

static int rw_unlock(int a)
{
    struct actor *x = &m.actors[a];

    if (m.owners[THE_RWLOCK] == a)
        m.owners[THE_RWLOCK] = -1;
    else if (x->reads > 0)
        x->reads--, m.readers--;
    else
        return NOT;
    let_in();
    return 0;
}

static int rlock(int a, int timeout)
{
    struct actor *x = &m.actors[a];
    int r;

    if (is_refused(x, timeout))
        return -blame(x);
    r = m.owners[THE_RLOCK] == a ? 0 : lock(a, THE_RLOCK, timeout);
    x->depth += r == 0;
    return r;
}

static int runlock(int a)
{
    struct actor *x = &m.actors[a];

    if (x->depth == 0)
        return NOT;
    if (--x->depth == 0)
        pass_on(THE_RLOCK);
    return 0;
}

static void hand(const struct place *p, int item)
{
    m.actors[p->actor].item = item;
    wake(p->actor, p->index, 0);
}

/* Those who only look, and stand before the first who takes. */
static void show(int q, int item)
{
    const struct row *row = &m.rows[GET_ROW + q];

    while (row->n && row->places[0].peeks)
        hand(&row->places[0], item);
}

static int offer(int q, int item)
{
    const struct row *getters = &m.rows[GET_ROW + q];
    bool taken = false;

    if (m.queues[q].closed)
        return -EPIPE;
    for (int i = 0; i < getters->n; i++)
        taken |= !getters->places[i].peeks;
    if (!taken && m.queues[q].n >= room[q])
        return -EAGAIN;
    m.queues[q].unfinished++;
    show(q, item);
    if (taken)
        hand(&getters->places[0], item);
    else
        m.queues[q].items[m.queues[q].n++] = item;
    return 0;
}

static void take_stored(int q, int *item)
{
    int *items = m.queues[q].items;

    m.queues[q].n--;
    if (q == 2) {
        *item = items[m.queues[q].n];
        return;
    }
    *item = items[0];
    memmove(items, items + 1, sizeof *items * (size_t)m.queues[q].n);
}

static int take(int q, int *item)
{
    struct row *putters = &m.rows[PUT_ROW + q];
    struct place first = putters->places[0];
    bool stored = m.queues[q].n > 0;

    if (!stored && putters->n == 0)
        return m.queues[q].closed ? -EPIPE : -EAGAIN;
    if (stored)
        take_stored(q, item);
    if (putters->n == 0)
        return 0;
    m.queues[q].unfinished++;
    wake(first.actor, first.index, 0);
    if (stored)
        m.queues[q].items[m.queues[q].n++] = first.item;
    else
        *item = first.item;
    return 0;
}

static int look(int q, int *item)
{
    if (m.queues[q].n > 0)
        *item = m.queues[q].items[q == 2 ? m.queues[q].n - 1 : 0];
    else if (m.rows[PUT_ROW + q].n)
        *item = m.rows[PUT_ROW + q].places[0].item;
    else
        return m.queues[q].closed ? -EPIPE : -EAGAIN;
    return 0;
}

static int put(int a, int q, int timeout)
{
    int item = ++m.items, r;

    if (is_refused(&m.actors[a], timeout))
        return -blame(&m.actors[a]);
    r = offer(q, item);
    if (r == 0 && q == 1 && timeout != 0)
        return give_way(a, 0);
    if (r != -EAGAIN)
        return r;
    if (timeout != 0)
        show(q, item);
    return wait_in(PUT_ROW + q, a, item, false, timeout);
}

static int get(int a, int q, bool peeks, int timeout)
{
    int *item = &m.actors[a].item;
    int r = peeks ? look(q, item) : take(q, item);

    return r == -EAGAIN ? wait_in(GET_ROW + q, a, 0, peeks, timeout) : r;
}

static void spawn(int a, int delay)
{
    struct actor *x = &m.actors[a];

    x->limit = NEVER;
    if (delay > 0)
        wait_until(a, FOREVER, delay, 0);
    else
        make_ready(a);
}

/* ---- select ---- */

static int try_case(int a, int kind, int object, int item)
{
    switch (kind) {
    case CASE_GET:
        return take(object % QUEUES, &m.actors[a].item);
    case CASE_PUT:
        return offer(object % QUEUES, item);
    case CASE_SEM:
        return m.sems[object % SEMS] > 0 ? (m.sems[object % SEMS]--, 0)
                                         : -EAGAIN;
    case CASE_EVENT:
        return m.events[object % EVENTS] ? 0 : -EAGAIN;
    case CASE_JOIN:
        return m.actors[object % ACTORS].has_handle &&
                       m.actors[object % ACTORS].state == GONE
                   ? 0
                   : -EAGAIN;
    default:
        return -EAGAIN;
    }
}

static void enter_case(int a, int i, int kind, int object, int item)
{
    struct place place = {a, i, item, false};

    if (kind == CASE_GET)
        enter(GET_ROW + object % QUEUES, place);
    if (kind == CASE_SEM)
        enter(SEM_ROW + object % SEMS, place);
    if (kind == CASE_EVENT)
        enter(EVENT_ROW + object % EVENTS, place);
    if (kind == CASE_JOIN && m.actors[object % ACTORS].has_handle)
        enter(END_ROW + object % ACTORS, place);
    if (kind == CASE_PUT) {
        show(object % QUEUES, item);
        enter(PUT_ROW + object % QUEUES, place);
    }
}

static int use_select(int a, const struct step *s)
{
    int items[CASES] = {0}, delay = FOREVER, index = 0, r;

    for (int i = 0; i < s->n_cases; i++)
        if (s->cases[i].kind == CASE_PUT)
            items[i] = ++m.items;
    if (is_refused(&m.actors[a], s->time))
        return -blame(&m.actors[a]);
    for (int i = 0; i < s->n_cases; i++) {
        int kind = s->cases[i].kind, object = s->cases[i].object;

        r = try_case(a, kind, object, items[i]);
        if (r == 0 && kind == CASE_PUT && object % QUEUES == 1 && s->time != 0)
            return give_way(a, i);
        if (r != -EAGAIN)
            return r == -EPIPE ? i + 100 : i;
    }
    if (s->time == 0)
        return -ETIMEDOUT;
    for (int i = 0; i < s->n_cases; i++) {
        enter_case(a, i, s->cases[i].kind, s->cases[i].object, items[i]);
        if (s->cases[i].kind == CASE_TIMER &&
            (delay == FOREVER || s->cases[i].time < delay)) {
            delay = s->cases[i].time;
            index = i;
        }
    }
    return wait_until(a, s->time, delay, index);
}

/* ---- other steps ---- */

static int join(int a, int other, int timeout)
{
    struct actor *x = &m.actors[a];

    if (is_refused(x, timeout))
        return -blame(x);
    if (m.actors[other].state == GONE)
        return 0;
    if (timeout != 0 && waits_for(other, a))
        return -EDEADLK;
    x->blocked_by_actor = other;
    return wait_in(END_ROW + other, a, 0, false, timeout);
}

static int ended_as[ACTORS], ended_n;

static int join_any(int a, int timeout)
{
    struct actor *x = &m.actors[a];
    int n = 0, own = 0, first = -1;

    for (int i = 0; i < ACTORS; i++) {
        x->may_pick[i] = m.actors[i].has_handle;
        n += x->may_pick[i];
        own += x->may_pick[i] && i == a;
        if (x->may_pick[i] && m.actors[i].state == GONE &&
            (first < 0 || ended_as[i] < ended_as[first]))
            first = i;
    }
    if (n == 0)
        return -EINVAL;
    if (is_refused(x, timeout))
        return -blame(x);
    if (first >= 0)
        return first;
    if (timeout != 0 && own == n)
        return -EDEADLK;
    return wait_in(ANY_ROW, a, 0, false, timeout);
}

static void kill_actor(int a)
{
    struct actor *x = &m.actors[a];

    x->killed = true;
    find_limit(x);
    if (x->state == WAITING && x->limit == ALWAYS)
        wake(a, -1, ECANCELED);
}

static int begin_task(int other)
{
    m.actors[other].is_task = true;
    spawn(other, 0);
    return 0;
}

static bool was_born[ACTORS];

static int pool_spawn(int a, int other, int timeout)
{
    struct actor *x = &m.actors[a];

    if (was_born[other])
        return NOT;
    was_born[other] = true;
    if (is_refused(x, timeout))
        return -blame(x);
    if (m.pool_closed)
        return -EPIPE;
    if (m.rows[ROOM_ROW].n == 0 && m.tasks < POOL_ROOM) {
        m.tasks++;
        return begin_task(other);
    }
    return wait_in(ROOM_ROW, a, 0, false, timeout);
}

static int spawn_actor(int other, int time)
{
    if (was_born[other])
        return NOT;
    was_born[other] = true;
    m.actors[other].has_handle = true;
    spawn(other, time);
    return 0;
}

static int cond_wait(int a, int cond, int mutex, int timeout)
{
    struct actor *x = &m.actors[a];

    if (!x->owns[mutex])
        return NOT;
    if (is_refused(x, timeout))
        return -blame(x);
    if (timeout == 0)
        return -ETIMEDOUT;
    unlock(a, mutex);
    return wait_in(COND_ROW + cond, a, 0, false, timeout);
}

/* The wait for the signal is over: then for the mutex, in a shield. */
static int cond_goes_on(int a, int mutex)
{
    struct actor *x = &m.actors[a];
    int r;

    if (x->stage == 0) {
        x->stage = 1;
        x->result = -x->wake_error;
        begin_scope(x, FOREVER, true);
        r = lock(a, mutex, FOREVER);
        if (r == WAITS)
            return WAITS;
    } else {
        r = -x->wake_error;
    }
    end_scope(x);
    x->owns[mutex] = r == 0;
    return r == 0 ? x->result : r;
}

static int wait_unless(int a, bool is_over, int r, int timeout)
{
    return is_over ? 0 : wait_in(r, a, 0, false, timeout);
}

static int settle_future(bool fails)
{
    if (m.future_set)
        return -EALREADY;
    m.future_set = true;
    m.future_failed = fails;
    wake_all(FUTURE_ROW, 0);
    return 0;
}

static int link_to(int before, int other)
{
    if (was_born[other] || !m.actors[before].has_handle)
        return NOT;
    was_born[other] = true;
    if (m.actors[before].state == GONE) {
        spawn(other, 0);
        return 0;
    }
    m.actors[other].limit = NEVER;
    m.actors[other].state = WAITING;
    enter(END_ROW + before, (struct place){other, 0, 0, false});
    return 0;
}

static int group_spawn(int other)
{
    if (was_born[other])
        return NOT;
    was_born[other] = true;
    m.actors[other].is_member = true;
    m.members++;
    spawn(other, 0);
    return 0;
}

static int group_join(int a, int timeout)
{
    unsigned met = 0;

    if (m.members == 0)
        return 0;
    if (timeout != 0 && a_member_leads_to(a, &met))
        return -EDEADLK;
    return wait_in(GROUP_ROW, a, 0, false, timeout);
}

static int come(int a, int timeout)
{
    if (m.rows[BARRIER_ROW].n + 1 < PARTY)
        return wait_in(BARRIER_ROW, a, 0, false, timeout);
    wake_all(BARRIER_ROW, 0);
    return 1;
}

/* Those that are refused, first of all. */
static int meet_in_time(int a, const struct step *s)
{
    if (is_refused(&m.actors[a], s->time))
        return -blame(&m.actors[a]);
    switch (s->verb) {
    case BARRIER:
        return come(a, s->time);
    case ALL_DONE:
        return wait_unless(a, m.under_way == 0, DONE_ROW, s->time);
    case GET_FUTURE:
        return m.future_failed
                   ? -EXDEV
                   : wait_unless(a, m.future_set, FUTURE_ROW, s->time);
    default:
        return group_join(a, s->time);
    }
}

/* long: a case for each verb. */
static int meet(int a, const struct step *s)
{
    switch (s->verb) {
    case RDLOCK:
    case WRLOCK:
        return rw_lock(a, s->verb == RDLOCK, s->time);
    case RW_UNLOCK:
        return rw_unlock(a);
    case RLOCK:
        return rlock(a, s->time);
    case RUNLOCK:
        return runlock(a);
    case ADD:
        m.under_way++;
        return 0;
    case DONE:
        if (m.under_way == 0)
            return NOT;
        if (--m.under_way == 0)
            wake_all(DONE_ROW, 0);
        return 0;
    case SET_FUTURE:
    case FAIL_FUTURE:
        return settle_future(s->verb == FAIL_FUTURE);
    case LINK:
        return link_to(s->object % ACTORS, s->object / ACTORS % ACTORS);
    case GROUP_SPAWN:
        return group_spawn(s->object % ACTORS);
    case BARRIER:
    case ALL_DONE:
    case GET_FUTURE:
    case GROUP_JOIN:
        return meet_in_time(a, s);
    default:
        return NOT;
    }
}

/* long: a case for each verb. */
static int take_step(int a, const struct step *s)
{
    struct actor *x = &m.actors[a];
    int other = s->object % ACTORS, mutex = s->object % MUTEXES, r;
    int sem = s->object % SEMS, event = s->object % EVENTS;
    int cond = s->object / 2 % CONDS, q = s->object % QUEUES;

    switch (s->verb) {
    case SPAWN:
        return spawn_actor(other, s->time);
    case YIELD:
        return is_refused(x, FOREVER) ? -blame(x) : give_way(a, 0);
    case SLEEP:
        if (is_refused(x, FOREVER))
            return -blame(x);
        return s->time == 0 ? give_way(a, 0)
                            : wait_until(a, FOREVER, s->time, 0);
    case JOIN:
        return m.actors[other].has_handle ? join(a, other, s->time) : NOT;
    case GET_RESULT:
        r = m.actors[other].has_handle ? join(a, other, s->time) : NOT;
        return r == 0 && m.actors[other].failed ? -EXDEV : r;
    case JOIN_ANY:
        return join_any(a, s->time);
    case KILL:
        if (m.actors[other].has_handle)
            kill_actor(other);
        return 0;
    case TIMEOUT:
    case SHIELD:
        begin_scope(x, s->time, s->verb == SHIELD);
        return 0;
    case SCOPE_END:
        return x->n_scopes ? end_scope(x) : NOT;
    case SEM_WAIT:
        if (is_refused(x, s->time))
            return -blame(x);
        if (m.sems[sem] == 0)
            return wait_in(SEM_ROW + sem, a, 0, false, s->time);
        m.sems[sem]--;
        return 0;
    case SEM_POST:
        if (m.rows[SEM_ROW + sem].n)
            wake(m.rows[SEM_ROW + sem].places[0].actor,
                 m.rows[SEM_ROW + sem].places[0].index, 0);
        else
            m.sems[sem]++;
        return 0;
    case LOCK:
        r = is_refused(x, s->time) ? -blame(x) : lock(a, mutex, s->time);
        x->owns[mutex] |= r == 0;
        return r;
    case UNLOCK:
        return x->owns[mutex] ? (unlock(a, mutex), 0) : NOT;
    case COND_WAIT:
        return cond_wait(a, cond, mutex, s->time);
    case SIGNAL:
        if (m.rows[COND_ROW + cond].n)
            wake(m.rows[COND_ROW + cond].places[0].actor, 0, 0);
        return 0;
    case BROADCAST:
        wake_all(COND_ROW + cond, 0);
        return 0;
    case EVENT_SET:
        m.events[event] = true;
        if (m.rows[EVENT_ROW + event].n) {
            wake_all(EVENT_ROW + event, 0);
            m.served[event] = m.tail;
        }
        return 0;
    case EVENT_CLEAR:
        m.events[event] = false;
        return 0;
    case EVENT_WAIT:
        if (is_refused(x, s->time))
            return -blame(x);
        if (!m.events[event])
            return wait_in(EVENT_ROW + event, a, 0, false, s->time);
        return s->time != 0 && m.served[event] > m.head ? give_way(a, 0) : 0;
    case PUT:
        return put(a, q, s->time);
    case GET:
    case PEEK:
        return is_refused(x, s->time) ? -blame(x)
                                      : get(a, q, s->verb == PEEK, s->time);
    case CLOSE:
        m.queues[q].closed = true;
        wake_all(GET_ROW + q, EPIPE);
        wake_all(PUT_ROW + q, EPIPE);
        return 0;
    case TASK_DONE:
        if (m.queues[q].unfinished == 0)
            return -EINVAL;
        if (--m.queues[q].unfinished == 0)
            wake_all(WORK_ROW + q, 0);
        return 0;
    case QUEUE_JOIN:
        if (is_refused(x, s->time))
            return -blame(x);
        return m.queues[q].unfinished
                   ? wait_in(WORK_ROW + q, a, 0, false, s->time)
                   : 0;
    case SELECT:
        return use_select(a, s);
    case DEFER:
        x->deferred += a != 0;
        return a ? 0 : NOT;
    case LOCAL:
        x->has_local = a != 0;
        return a ? 0 : NOT;
    case POOL_SPAWN:
        return pool_spawn(a, other, s->time);
    case POOL_CLOSE:
        m.pool_closed = true;
        wake_all(ROOM_ROW, EPIPE);
        return 0;
    default:
        return meet(a, s);
    }
}

/* The result of a step whose wait is over; it may have to wait again. */
static int go_on(int a, const struct step *s)
{
    struct actor *x = &m.actors[a];

    if (s->verb == COND_WAIT)
        return cond_goes_on(a, s->object % MUTEXES);
    if (s->verb == SELECT && x->wake_error == EPIPE)
        return x->wake_index + 100;
    if (s->verb == RDLOCK || s->verb == WRLOCK)
        return rw_locked(a, s->verb == RDLOCK, -x->wake_error);
    if (x->wake_error)
        return -x->wake_error;
    if (s->verb == RLOCK)
        x->depth = 1;
    if (s->verb == GET_FUTURE && m.future_failed)
        return -EXDEV;
    if (s->verb == LOCK)
        x->owns[s->object % MUTEXES] = true;
    if (s->verb == GET_RESULT && m.actors[s->object % ACTORS].failed)
        return -EXDEV;
    if (s->verb == POOL_SPAWN)
        return begin_task(s->object % ACTORS);
    return s->verb == SELECT || s->verb == JOIN_ANY ? x->wake_index : 0;
}

/* ---- an actor's life ---- */

static void clean_up(int a)
{
    struct actor *x = &m.actors[a];

    x->n_scopes = 0;
    find_limit(x);
    for (int i = 0; i < MUTEXES; i++)
        if (x->owns[i])
            unlock(a, i);
    while (runlock(a) == 0)
        continue;
    while (rw_unlock(a) == 0)
        continue;
    write_line(a, ENDED, 0, 0);
}

static void leave_pool(void)
{
    const struct row *row = &m.rows[ROOM_ROW];

    m.tasks--;
    while (row->n && m.tasks < POOL_ROOM) {
        m.tasks++;
        wake(row->places[0].actor, 0, 0);
    }
}

static void tell_pickers(int a)
{
    struct row waiting = m.rows[ANY_ROW];

    for (int i = 0; i < waiting.n; i++)
        if (m.actors[waiting.places[i].actor].may_pick[a])
            wake(waiting.places[i].actor, a, 0);
}

static int count_living(void)
{
    int n = 0;

    for (int i = 0; i < ACTORS; i++)
        n += m.actors[i].state != UNBORN && m.actors[i].state != GONE;
    return n;
}

static void end_actor(int a)
{
    struct actor *x = &m.actors[a];

    clean_up(a);
    while (x->deferred-- > 0)
        write_line(a, DEFERRED, 0, 0);
    if (x->has_local)
        write_line(a, DESTROYED, 0, 0);
    x->state = GONE;
    ended_as[a] = ended_n++;
    if (x->is_task)
        leave_pool();
    if (x->is_member && --m.members == 0)
        wake_all(GROUP_ROW, 0);
    wake_all(END_ROW + a, 0);
    tell_pickers(a);
    if (count_living() == 1)
        wake_all(ALL_ROW, 0);
}

/* One step, or what is left of it.  False if the actor stops. */
static bool do_step(int a)
{
    struct actor *x = &m.actors[a];
    const struct step *s = &m.program->steps[a][x->pc];
    bool resumed = x->stage >= 0;
    int r;

    if (!resumed) {
        x->item = 0;
        x->stage = 0;
        x->blocked_by_actor = x->blocked_by_mutex = -1;
        r = take_step(a, s);
    } else if (x->yields) {
        r = x->result;
    } else {
        r = go_on(a, s);
    }
    if (r == WAITS)
        return false;
    x->yields = false;
    x->stage = -1;
    if (a && (s->verb == EXIT || s->verb == FAIL)) {
        x->failed = s->verb == FAIL;
        return true;
    }
    write_line(a, x->pc++, r,
               (r >= 0 && r < 100 &&
                (s->verb == GET || s->verb == PEEK ||
                 (s->verb == SELECT && s->cases[r].kind == CASE_GET)))
                   ? x->item
                   : 0);
    return true;
}

static bool is_leaving(int a)
{
    const struct actor *x = &m.actors[a];
    int verb;

    if (x->pc == m.program->n[a])
        return true;
    verb = m.program->steps[a][x->pc].verb;
    return a && x->stage < 0 && (verb == EXIT || verb == FAIL);
}

static void run_actor(int a)
{
    struct actor *x = &m.actors[a];

    if (!x->began) {
        x->began = true;
        x->stage = -1;
        write_line(a, BEGAN, 0, 0);
    }
    while (!is_leaving(a))
        if (!do_step(a))
            return;
    x->failed =
        x->pc < m.program->n[a] && m.program->steps[a][x->pc].verb == FAIL;
    end_actor(a);
}

/* ---- the turn of the world ---- */

static int next_alarm(enum alarm kind, int up_to)
{
    int first = -1;

    for (int i = 0; i < ACTORS; i++) {
        const struct actor *x = &m.actors[i],
                           *f = &m.actors[first < 0 ? 0 : first];

        if (x->alarm == NONE || (kind != NONE && x->alarm != kind) ||
            x->alarm_time > up_to)
            continue;
        if (first < 0 || x->alarm_time < f->alarm_time ||
            (x->alarm_time == f->alarm_time &&
             x->alarm_number < f->alarm_number))
            first = i;
    }
    return first;
}

static void fail_late(void)
{
    struct actor *x;
    int a;

    while ((a = next_alarm(FAILURE, m.expiring)) >= 0) {
        x = &m.actors[a];
        if (x->due <= m.expiring)
            wake(a, x->due_index, 0);
        else
            wake(a, -1, x->until <= x->limit ? ETIMEDOUT : blame(x));
    }
    m.expiring = NEVER;
}

static void rest(void)
{
    int a = next_alarm(NONE, NEVER);

    if (a < 0) {
        wake(0, -1, EDEADLK);
        return;
    }
    m.now = m.actors[a].alarm_time;
    m.now += late_by(m.now);
    while ((a = next_alarm(SUCCESS, m.now)) >= 0)
        wake(a, m.actors[a].due_index, 0);
    if (next_alarm(FAILURE, m.now) >= 0) {
        m.expiring = m.now;
        m.mark = m.tail;
    }
}

static int next_actor(void)
{
    int a;

    do {
        if (m.expiring != NEVER && m.head >= m.mark)
            fail_late();
        if (m.head == m.tail)
            rest();
    } while (m.head == m.tail);
    a = m.ring[m.head++ % 1000];
    m.actors[a].state = RUNNING;
    return a;
}

/* Others run until main is next; false if its wait failed. */
static int let_others_run(void)
{
    int a;

    while ((a = next_actor()) != 0)
        run_actor(a);
    return -m.actors[0].wake_error;
}

static void run_main(void)
{
    struct actor *x = &m.actors[0];

    while (x->pc < m.program->n[0])
        if (!do_step(0))
            let_others_run();
}

static void end_others(void)
{
    int r;

    clean_up(0);
    begin_scope(&m.actors[0], FOREVER, true);
    wait_until(0, FOREVER, 100, 0);
    let_others_run();
    do {
        for (int i = 1; i < ACTORS; i++)
            if (m.actors[i].has_handle || m.actors[i].began)
                kill_actor(i);
        r = 0;
        if (count_living() > 1) {
            wait_in(ALL_ROW, 0, 0, false, FOREVER);
            r = let_others_run();
        }
        write_line(0, RAN, r, 0);
    } while (r != 0);
}

void run_by_model(const struct program *p, struct log *l)
{
    memset(&m, 0, sizeof m);
    memset(l, 0, sizeof *l);
    memset(was_born, 0, sizeof was_born);
    ended_n = 0;
    m.program = p;
    m.log = l;
    m.expiring = NEVER;
    m.sems[1] = 1;
    for (int i = 0; i < OWNED; i++)
        m.owners[i] = -1;
    for (int i = 0; i < ACTORS; i++)
        m.actors[i].blocked_by_actor = m.actors[i].blocked_by_mutex = -1;
    was_born[0] = true;
    m.actors[0].state = RUNNING;
    m.actors[0].began = true;
    m.actors[0].limit = NEVER;
    m.actors[0].stage = -1;
    run_main();
    end_others();
}
