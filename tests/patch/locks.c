/* SPDX-License-Identifier: MIT */
/* locks.c - of conform.c: mutexes, conditions, rwlocks, semaphores, and what else
 * threads wait for. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include "conform.h"

/* pthreads return their errors. */
static void say(const char *what, int error)
{
    printf("%s: %s\n", what, error ? strerrorname_np(error) : "0");
}

static struct timespec in_a_moment(clockid_t clock, int milliseconds)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_nsec += milliseconds * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static const struct timespec past = {1, 0}, nonsense = {0, 1000000000};

/* ---- another thread ---- */

static void *run(void *arg)
{
    void (*fn)(void) = *(void (**)(void))arg;

    fn();
    return NULL;
}

/* Do it in another thread, and wait for it with nothing that is tested here. */
static void elsewhere(void (*fn)(void))
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, (void *)&fn) != 0)
        abort();
    pthread_join(thread, NULL);
}

/* Begin it there; pthread_join ends it. */
static void (*beside)(void);
static pthread_t begin(void (*fn)(void))
{
    pthread_t thread;

    beside = fn;
    if (pthread_create(&thread, NULL, run, (void *)&beside) != 0)
        abort();
    return thread;
}

/* ---- mutexes ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void from_elsewhere(void)
{
    struct timespec soon = in_a_moment(CLOCK_MONOTONIC, 30);
    int64_t begun = begin_watch();

    say("  trylock elsewhere", pthread_mutex_trylock(&mutex));
    say("  timedlock, past", pthread_mutex_timedlock(&mutex, &past));
    say("  timedlock, nonsense", pthread_mutex_timedlock(&mutex, &nonsense));
    say("  clocklock", pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &soon));
    tell_waited("  clocklock", begun, 25);
    say("  clocklock of no clock",
        pthread_mutex_clocklock(&mutex, CLOCK_PROCESS_CPUTIME_ID, &soon));
}

static void unlock_elsewhere(void)
{
    say("  unlock elsewhere", pthread_mutex_unlock(&mutex));
}

static void make_mutex(int type, int shared, int robust, int protocol)
{
    pthread_mutexattr_t a;

    pthread_mutexattr_init(&a);
    pthread_mutexattr_settype(&a, type);
    pthread_mutexattr_setpshared(&a, shared);
    pthread_mutexattr_setrobust(&a, robust);
    pthread_mutexattr_setprotocol(&a, protocol);
    say("init", pthread_mutex_init(&mutex, &a));
    pthread_mutexattr_destroy(&a);
}

static void use_mutex(int type)
{
    bool checks =
        type == PTHREAD_MUTEX_RECURSIVE || type == PTHREAD_MUTEX_ERRORCHECK;

    say("lock", pthread_mutex_lock(&mutex));
    if (checks) {
        int again = pthread_mutex_lock(&mutex);

        say("lock again", again);
        if (again == 0)
            say("unlock", pthread_mutex_unlock(&mutex));
        elsewhere(unlock_elsewhere);
    }
    elsewhere(from_elsewhere);
    say("destroy a locked one", pthread_mutex_destroy(&mutex));
    say("unlock", pthread_mutex_unlock(&mutex));
    if (checks)
        say("unlock again", pthread_mutex_unlock(&mutex));
    say("trylock", pthread_mutex_trylock(&mutex));
    if (checks) {
        int again = pthread_mutex_trylock(&mutex);

        say("trylock again", again);
        if (again == 0)
            say("unlock", pthread_mutex_unlock(&mutex));
    }
    say("unlock", pthread_mutex_unlock(&mutex));
    say("timedlock of a free one", pthread_mutex_timedlock(&mutex, &nonsense));
    say("unlock", pthread_mutex_unlock(&mutex));
    say("destroy", pthread_mutex_destroy(&mutex));
}

static void mutexes(void)
{
    static const struct {
        const char *name;
        int type, shared, robust, protocol;
    } kinds[] = {
        {"normal", PTHREAD_MUTEX_NORMAL, 0, 0, 0},
        {"recursive", PTHREAD_MUTEX_RECURSIVE, 0, 0, 0},
        {"errorcheck", PTHREAD_MUTEX_ERRORCHECK, 0, 0, 0},
        {"adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, 0, 0, 0},
        {"shared", PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED, 0, 0},
        {"robust", PTHREAD_MUTEX_ERRORCHECK, 0, PTHREAD_MUTEX_ROBUST, 0},
        {"inheriting", PTHREAD_MUTEX_RECURSIVE, 0, 0, PTHREAD_PRIO_INHERIT},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        printf("a mutex, %s\n", kinds[i].name);
        make_mutex(kinds[i].type, kinds[i].shared, kinds[i].robust,
                   kinds[i].protocol);
        use_mutex(kinds[i].type);
    }
}

static void leave_it_locked(void)
{
    pthread_mutex_lock(&mutex);
}

static void a_dead_owner(void)
{
    make_mutex(PTHREAD_MUTEX_NORMAL, 0, PTHREAD_MUTEX_ROBUST, 0);
    elsewhere(leave_it_locked);
    say("lock of a dead owner", pthread_mutex_lock(&mutex));
    say("consistent", pthread_mutex_consistent(&mutex));
    say("unlock", pthread_mutex_unlock(&mutex));
    say("destroy", pthread_mutex_destroy(&mutex));
}

/* ---- conditions ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turns;

static void take_turns(void)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 100; i++) {
        while (turns % 2 == 0)
            pthread_cond_wait(&cond, &lock);
        turns++;
        pthread_cond_signal(&cond);
    }
    pthread_mutex_unlock(&lock);
}

static void ping_pong(void)
{
    pthread_t other = begin(take_turns);

    pthread_mutex_lock(&lock);
    while (turns < 200) {
        if (turns % 2 == 0) {
            turns++;
            pthread_cond_broadcast(&cond);
        } else {
            pthread_cond_wait(&cond, &lock);
        }
    }
    pthread_mutex_unlock(&lock);
    pthread_join(other, NULL);
    tell("turns taken", turns);
}

static void wait_in_vain(const char *what, pthread_condattr_t *a,
                         clockid_t clock)
{
    struct timespec soon = in_a_moment(clock, 30);
    int64_t begun = begin_watch();
    pthread_cond_t c;

    pthread_cond_init(&c, a);
    pthread_mutex_lock(&lock);
    printf("%s\n", what);
    say("cond_timedwait", pthread_cond_timedwait(&c, &lock, &soon));
    tell_waited("cond_timedwait", begun, 25);
    say("cond_timedwait, past", pthread_cond_timedwait(&c, &lock, &past));
    say("cond_timedwait, nonsense",
        pthread_cond_timedwait(&c, &lock, &nonsense));
    say("it is still held", pthread_mutex_trylock(&lock));
    pthread_mutex_unlock(&lock);
    say("cond_destroy", pthread_cond_destroy(&c));
}

static void conditions(void)
{
    struct timespec soon = in_a_moment(CLOCK_MONOTONIC, 30);
    pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    pthread_condattr_t a;

    ping_pong();
    wait_in_vain("a condition", NULL, CLOCK_REALTIME);
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    wait_in_vain("a monotonic condition", &a, CLOCK_MONOTONIC);
    pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    wait_in_vain("a shared condition", &a, CLOCK_MONOTONIC);
    pthread_condattr_destroy(&a);
    say("cond_wait without the mutex", pthread_cond_wait(&cond, &checking));
    pthread_mutex_lock(&lock);
    say("cond_clockwait",
        pthread_cond_clockwait(&cond, &lock, CLOCK_MONOTONIC, &soon));
    say("cond_clockwait of no clock",
        pthread_cond_clockwait(&cond, &lock, CLOCK_PROCESS_CPUTIME_ID, &soon));
    pthread_mutex_unlock(&lock);
    say("cond_signal", pthread_cond_signal(&cond));
}

static bool waiting;

static void unlock_it(void *arg)
{
    say("unlock of a cancelled one", pthread_mutex_unlock(arg));
}

static void wait_for_ever(void)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock_it, &lock);
    waiting = true;
    for (;;)
        pthread_cond_wait(&cond, &lock);
    pthread_cleanup_pop(0);
}

static void cancellation(void)
{
    pthread_t other = begin(wait_for_ever);
    void *result = NULL;
    bool there = false;

    while (!there) {
        usleep(1000);
        pthread_mutex_lock(&lock);
        there = waiting;
        pthread_mutex_unlock(&lock);
    }
    pthread_cancel(other);
    pthread_join(other, &result);
    tell("was cancelled", result == PTHREAD_CANCELED);
    say("trylock", pthread_mutex_trylock(&lock));
    pthread_mutex_unlock(&lock);
}

/* ---- rwlocks ---- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void use_rwlock_elsewhere(void)
{
    struct timespec soon = in_a_moment(CLOCK_REALTIME, 30);
    int error;

    error = pthread_rwlock_tryrdlock(&rwlock);
    say("  tryrdlock", error);
    if (error == 0)
        pthread_rwlock_unlock(&rwlock);
    say("  trywrlock", pthread_rwlock_trywrlock(&rwlock));
    say("  timedwrlock", pthread_rwlock_timedwrlock(&rwlock, &soon));
    say("  timedrdlock, nonsense",
        pthread_rwlock_timedrdlock(&rwlock, &nonsense));
    say("  clockrdlock of no clock",
        pthread_rwlock_clockrdlock(&rwlock, CLOCK_PROCESS_CPUTIME_ID, &soon));
    error = pthread_rwlock_timedrdlock(&rwlock, &past);
    say("  timedrdlock, past", error);
    if (error == 0)
        pthread_rwlock_unlock(&rwlock);
}

static void use_rwlock(void)
{
    say("rdlock", pthread_rwlock_rdlock(&rwlock));
    say("rdlock again", pthread_rwlock_rdlock(&rwlock));
    elsewhere(use_rwlock_elsewhere);
    say("unlock", pthread_rwlock_unlock(&rwlock));
    say("unlock", pthread_rwlock_unlock(&rwlock));
    say("wrlock", pthread_rwlock_wrlock(&rwlock));
    say("wrlock again", pthread_rwlock_wrlock(&rwlock));
    say("rdlock beside", pthread_rwlock_rdlock(&rwlock));
    elsewhere(use_rwlock_elsewhere);
    say("unlock", pthread_rwlock_unlock(&rwlock));
    elsewhere(use_rwlock_elsewhere);
}

static void rwlocks(void)
{
    pthread_rwlockattr_t a;

    printf("an rwlock\n");
    use_rwlock();
    pthread_rwlockattr_init(&a);
    pthread_rwlockattr_setkind_np(&a,
                                  PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&rwlock, &a);
    printf("an rwlock that prefers writers\n");
    use_rwlock();
    pthread_rwlock_destroy(&rwlock);
    pthread_rwlockattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&rwlock, &a);
    printf("a shared rwlock\n");
    use_rwlock();
    pthread_rwlock_destroy(&rwlock);
}

/* ---- semaphores, barriers, once, and those of C11 ---- */

static sem_t semaphore;

static void post_it(void)
{
    usleep(30000);
    sem_post(&semaphore);
}

static void semaphores(int shared)
{
    struct timespec soon = in_a_moment(CLOCK_REALTIME, 30);
    pthread_t other;
    int value = -1;

    tell("sem_init", sem_init(&semaphore, shared, 2));
    tell("sem_wait", sem_wait(&semaphore));
    tell("sem_trywait", sem_trywait(&semaphore));
    tell("sem_trywait", sem_trywait(&semaphore));
    tell("sem_timedwait", sem_timedwait(&semaphore, &soon));
    tell("sem_timedwait, nonsense", sem_timedwait(&semaphore, &nonsense));
    tell("sem_clockwait, past",
         sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past));
    other = begin(post_it);
    tell("sem_wait for a post", sem_wait(&semaphore));
    pthread_join(other, NULL);
    tell("sem_post", sem_post(&semaphore));
    sem_getvalue(&semaphore, &value);
    tell("value", value);
    tell("sem_destroy", sem_destroy(&semaphore));
    sem_init(&semaphore, shared, SEM_VALUE_MAX);
    tell("sem_post of too many", sem_post(&semaphore));
    sem_destroy(&semaphore);
}

static pthread_barrier_t barrier;
static int serial;

static void meet(void)
{
    for (int i = 0; i < 50; i++)
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED);
}

static void barriers(void)
{
    pthread_t other;

    serial = 0;
    say("barrier_init", pthread_barrier_init(&barrier, NULL, 2));
    other = begin(meet);
    meet();
    pthread_join(other, NULL);
    tell("serial ones", serial);
    say("barrier_destroy", pthread_barrier_destroy(&barrier));
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int times_done;

static void do_slowly(void)
{
    usleep(20000);
    times_done++;
}

static void have_it_done(void)
{
    pthread_once(&once, do_slowly);
    tell("done", times_done);
}

static void onces(void)
{
    pthread_t other = begin(have_it_done);

    pthread_join(other, NULL);
    have_it_done();
}

static mtx_t c11;

static void c11_elsewhere(void)
{
    struct timespec soon = in_a_moment(CLOCK_REALTIME, 10);

    tell("  mtx_trylock", mtx_trylock(&c11) == thrd_busy);
    tell("  mtx_timedlock", mtx_timedlock(&c11, &soon) == thrd_timedout);
}

static void standard(void)
{
    struct timespec soon = in_a_moment(CLOCK_REALTIME, 10);
    cnd_t c;

    mtx_init(&c11, mtx_timed | mtx_recursive);
    cnd_init(&c);
    tell("mtx_lock", mtx_lock(&c11) == thrd_success);
    tell("mtx_lock again", mtx_lock(&c11) == thrd_success);
    tell("mtx_unlock", mtx_unlock(&c11) == thrd_success);
    elsewhere(c11_elsewhere);
    tell("cnd_timedwait", cnd_timedwait(&c, &c11, &soon) == thrd_timedout);
    tell("cnd_signal", cnd_signal(&c) == thrd_success);
    tell("cnd_broadcast", cnd_broadcast(&c) == thrd_success);
    tell("mtx_unlock", mtx_unlock(&c11) == thrd_success);
    tell("mtx_unlock again", mtx_unlock(&c11) == thrd_error);
    mtx_destroy(&c11);
    cnd_destroy(&c);
}

void thread_locks(void)
{
    mutexes();
    a_dead_owner();
    conditions();
    cancellation();
    rwlocks();
    semaphores(0);
    semaphores(1);
    barriers();
    onces();
    standard();
}
