/* SPDX-License-Identifier: MIT */
/* locks.c - greenlets and threads that wait for libc's locks, patched.
 *
 * A program of its own, since the shared libraries are what has these hooks.  Ends
 * with 77 where others come before them, as a sanitizer's do. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <green.h>

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(bool fine, const char *what, int line)
{
    if (fine)
        return;
    fprintf(stderr, "tests/locks.c:%d: not so: %s\n", line, what);
    abort();
}

/* ---- two greenlets of a thread ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int inside, in_a_row, last;

static void *hold_and_sleep(void *arg)
{
    for (int i = 0; i < 5; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        CHECK(inside++ == 0);
        in_a_row = last == (int)(intptr_t)arg ? in_a_row + 1 : 1;
        last = (int)(intptr_t)arg;
        CHECK(in_a_row <= 2 || i > 2);
        green_sleep(GREEN_MS);
        inside--;
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return NULL;
}

static void join_both(green_t *a, green_t *b)
{
    green_t *all[2] = {a, b};

    CHECK(green_joinall(all, 2, GREEN_FOREVER) == 0);
    green_releaseall(all, 2);
}

/* Neither starves, though the one who unlocks locks again at once. */
static void held_across_a_switch(void)
{
    join_both(green_spawn(hold_and_sleep, (void *)1),
              green_spawn(hold_and_sleep, (void *)2));
    CHECK(pthread_mutex_trylock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

static void *try_others(void *arg)
{
    CHECK(pthread_mutex_trylock(&recursive) == EBUSY);
    CHECK(pthread_mutex_unlock(&recursive) == EPERM);
    CHECK(pthread_mutex_unlock(&checking) == EPERM);
    CHECK(pthread_mutex_trylock(&checking) == EBUSY);
    green_event_set(arg);
    CHECK(pthread_mutex_lock(&recursive) == 0);
    CHECK(inside == 0);
    CHECK(pthread_mutex_unlock(&recursive) == 0);
    return NULL;
}

static void each_greenlet_is_an_owner(void)
{
    green_event_t tried = GREEN_EVENT_INIT;
    green_t *g = green_spawn(try_others, &tried);

    CHECK(pthread_mutex_lock(&recursive) == 0);
    CHECK(pthread_mutex_lock(&recursive) == 0);
    CHECK(pthread_mutex_lock(&checking) == 0);
    CHECK(pthread_mutex_lock(&checking) == EDEADLK);
    inside = 1;
    CHECK(green_event_wait(&tried, GREEN_FOREVER) == 0);
    green_sleep(GREEN_MS);
    CHECK(pthread_mutex_unlock(&recursive) == 0);
    inside = 0;
    CHECK(pthread_mutex_unlock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&checking) == 0);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0);
    green_release(g);
}

/* ---- a queue, with consumers of all kinds ---- */

enum { ROOM = 4, ITEMS = 2000, CONSUMERS = 6 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more, less;
    int n, put, taken;
    long sum;
} queue = {PTHREAD_MUTEX_INITIALIZER,
           PTHREAD_COND_INITIALIZER,
           PTHREAD_COND_INITIALIZER,
           0,
           0,
           0,
           0};

static void *produce(void *arg)
{
    for (;;) {
        pthread_mutex_lock(&queue.lock);
        while (queue.n == ROOM)
            pthread_cond_wait(&queue.less, &queue.lock);
        if (queue.put == ITEMS)
            break;
        queue.put++;
        queue.n++;
        pthread_cond_signal(&queue.more);
        pthread_mutex_unlock(&queue.lock);
    }
    pthread_mutex_unlock(&queue.lock);
    return arg;
}

static void *consume(void *arg)
{
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        while (queue.n == 0 && queue.taken < ITEMS)
            pthread_cond_wait(&queue.more, &queue.lock);
        if (queue.taken == ITEMS)
            break;
        queue.n--;
        if (++queue.taken == ITEMS)
            pthread_cond_broadcast(&queue.more);
        pthread_cond_signal(&queue.less);
    }
    pthread_mutex_unlock(&queue.lock);
    return arg;
}

static bool over;
static int ticks;

static void *tick(void *arg)
{
    while (!over) {
        green_sleep(GREEN_MS);
        ticks++;
    }
    return arg;
}

static void run_queue(green_hub_t *other, int threads)
{
    pthread_t thread[2];
    green_t *g[CONSUMERS];
    int i;

    queue.n = queue.put = queue.taken = 0;
    for (i = 0; i < threads; i++)
        CHECK(pthread_create(&thread[i], NULL, i ? consume : produce, NULL) ==
              0);
    for (i = 0; i < CONSUMERS; i++) {
        g[i] = green_spawn(i % 3 ? consume : produce, NULL);
        CHECK(!other ||
              green_spawn_on(other, i % 3 ? produce : consume, NULL) == 0);
    }
    CHECK(green_joinall(g, CONSUMERS, GREEN_FOREVER) == 0);
    green_releaseall(g, CONSUMERS);
    for (i = 0; i < threads; i++) {
        pthread_mutex_lock(&queue.lock);
        pthread_cond_broadcast(&queue.less);
        pthread_mutex_unlock(&queue.lock);
        CHECK(pthread_join(thread[i], NULL) == 0);
    }
    CHECK(queue.taken == ITEMS && queue.put == ITEMS && queue.n == 0);
}

static void producers_and_consumers_of_one_thread(void)
{
    run_queue(NULL, 0);
}

static void producers_and_consumers_of_two_hubs_and_two_threads(void)
{
    green_hub_t *other = green_hub_start();
    green_t *ticker = green_spawn(tick, NULL);

    CHECK(other);
    over = false;
    for (int i = 0; i < 5; i++)
        run_queue(other, 2);
    CHECK(green_hub_stop(other, GREEN_FOREVER) == 0);
    over = true;
    CHECK(green_join(ticker, NULL, GREEN_FOREVER) == 0);
    CHECK(ticks > 0);
    green_release(ticker);
}

/* ---- all kinds of locks, hammered ---- */

enum { ROUNDS = 3000, HAMMERS = 4 };

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static long counts[4];

static void *hammer(void *arg)
{
    int mine = (int)(intptr_t)arg;

    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counts[0]++;
        if (green_has_hub() && i % 100 == mine)
            green_sleep(50 * GREEN_US);
        pthread_mutex_unlock(&mutex);
        pthread_rwlock_wrlock(&rwlock);
        counts[1]++;
        if (green_has_hub() && i % 100 == mine + 10)
            green_yield();
        pthread_rwlock_unlock(&rwlock);
        pthread_rwlock_rdlock(&rwlock);
        pthread_rwlock_unlock(&rwlock);
        CHECK(sem_wait(&sem) == 0);
        counts[2]++;
        if (green_has_hub() && i % 100 == mine + 20)
            green_yield();
        sem_post(&sem);
        pthread_mutex_lock(&recursive);
        pthread_mutex_lock(&recursive);
        counts[3]++;
        pthread_mutex_unlock(&recursive);
        if (green_has_hub() && i % 100 == mine + 30)
            green_yield();
        pthread_mutex_unlock(&recursive);
    }
    return NULL;
}

static void greenlets_of_two_hubs_and_threads_hammer(void)
{
    green_hub_t *other = green_hub_start();
    green_t *g[HAMMERS], *ticker = green_spawn(tick, NULL);
    pthread_t thread[2];
    int i;

    over = false;
    ticks = 0;
    CHECK(other && sem_init(&sem, 0, 1) == 0);
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&thread[i], NULL, hammer, NULL) == 0);
    for (i = 0; i < HAMMERS; i++) {
        CHECK(green_spawn_on(other, hammer, (void *)(intptr_t)i) == 0);
        g[i] = green_spawn(hammer, (void *)(intptr_t)i);
    }
    CHECK(green_joinall(g, HAMMERS, GREEN_FOREVER) == 0);
    green_releaseall(g, HAMMERS);
    CHECK(green_hub_stop(other, GREEN_FOREVER) == 0);
    CHECK(pthread_join(thread[0], NULL) == 0);
    CHECK(pthread_join(thread[1], NULL) == 0);
    for (i = 0; i < 4; i++)
        CHECK(counts[i] == (2 * HAMMERS + 2) * ROUNDS);
    over = true;
    CHECK(green_join(ticker, NULL, GREEN_FOREVER) == 0);
    CHECK(ticks > 0);
    green_release(ticker);
    CHECK(sem_destroy(&sem) == 0);
}

/* ---- kills and scopes ---- */

static struct timespec far_away(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_sec += 100;
    return t;
}

static void *wait_in_all_ways(void *arg)
{
    struct timespec far = far_away(CLOCK_REALTIME);
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    sem_t none;

    sem_init(&none, 0, 0);
    CHECK(sem_wait(&none) == -1 && errno == ECANCELED);
    CHECK(sem_timedwait(&none, &far) == -1 && errno == ECANCELED);
    pthread_mutex_lock(&m);
    CHECK(pthread_cond_timedwait(&c, &m, &far) == ETIMEDOUT);
    CHECK(pthread_mutex_trylock(&m) == EBUSY);
    pthread_mutex_unlock(&m);
    CHECK(pthread_mutex_timedlock(&mutex, &far) == ETIMEDOUT);
    CHECK(pthread_mutex_lock(&mutex) == 0); /* a kill does not end this */
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void a_kill_ends_what_may_fail(void)
{
    green_t *g = green_spawn(wait_in_all_ways, &mutex);

    CHECK(pthread_mutex_lock(&mutex) == 0);
    green_sleep(GREEN_MS);
    green_kill(g);
    green_sleep(5 * GREEN_MS);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0);
    CHECK(green_value(g) == &mutex);
    green_release(g);
}

static void a_scope_bounds_a_timed_wait(void)
{
    struct timespec far = far_away(CLOCK_REALTIME);
    green_scope_t scope;

    CHECK(pthread_mutex_lock(&mutex) == 0);
    green_timeout_begin(&scope, 5 * GREEN_MS);
    CHECK(pthread_mutex_timedlock(&mutex, &far) == ETIMEDOUT);
    CHECK(green_scope_end(&scope));
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

/* ---- the rest ---- */

static void post_from_handler(int signo)
{
    (void)signo;
    sem_post(&sem);
}

static void *raise_soon(void *arg)
{
    green_sleep(2 * GREEN_MS);
    raise(SIGUSR1);
    return arg;
}

static void a_signal_handler_posts(void)
{
    struct sigaction act = {.sa_handler = post_from_handler};
    green_t *g = green_spawn(raise_soon, NULL);

    CHECK(sem_init(&sem, 0, 0) == 0 && sigaction(SIGUSR1, &act, NULL) == 0);
    CHECK(sem_wait(&sem) == 0);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0);
    green_release(g);
    sem_destroy(&sem);
}

static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int begun, done, serial;

static void do_slowly(void)
{
    begun++;
    green_sleep(2 * GREEN_MS);
    done++;
}

static void *meet(void *arg)
{
    for (int i = 0; i < 100; i++)
        serial += pthread_barrier_wait(&barrier) != 0;
    CHECK(pthread_once(&once, do_slowly) == 0);
    CHECK(begun == 1 && done == 1);
    return arg;
}

static void greenlets_meet_and_do_once(void)
{
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
    join_both(green_spawn(meet, NULL), green_spawn(meet, NULL));
    CHECK(serial == 100);
    CHECK(pthread_barrier_destroy(&barrier) == 0);
}

static pthread_spinlock_t spin;

static void *spin_and_yield(void *arg)
{
    pthread_spin_lock(&spin);
    green_yield();
    pthread_spin_unlock(&spin);
    return arg;
}

static void a_spinning_greenlet_lets_the_holder_run(void)
{
    pthread_spin_init(&spin, 0);
    join_both(green_spawn(spin_and_yield, NULL),
              green_spawn(spin_and_yield, NULL));
}

static void *wait_for_mutex(void *arg)
{
    CHECK(pthread_mutex_lock(arg) == 0);
    CHECK(pthread_mutex_unlock(arg) == 0);
    return arg;
}

static void a_child_has_the_locks_and_not_those_who_wait(void)
{
    green_t *g = green_spawn(wait_for_mutex, &mutex);
    int status = -1;
    pid_t pid;

    CHECK(pthread_mutex_lock(&mutex) == 0);
    green_yield();
    pid = green_fork();
    if (pid == 0) {
        bool fine = pthread_mutex_unlock(&mutex) == 0 &&
                    pthread_mutex_lock(&mutex) == 0 &&
                    pthread_mutex_trylock(&mutex) == EBUSY &&
                    pthread_mutex_unlock(&mutex) == 0;

        _exit(fine ? 0 : 1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0);
    green_release(g);
}

static void unpatched_and_patched_are_one(void)
{
    pthread_mutex_t m = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

    CHECK(green_unpatch(GREEN_PATCH_THREAD) == 0);
    CHECK(pthread_mutex_lock(&m) == 0);
    CHECK(green_patch(GREEN_PATCH_THREAD) == 0);
    CHECK(pthread_mutex_lock(&m) == EDEADLK);
    CHECK(pthread_mutex_unlock(&m) == 0);
}

static void *locks_early(void *arg)
{
    CHECK(pthread_mutex_lock(&recursive) == 0);
    CHECK(pthread_mutex_lock(&mutex) == 0);
    green_event_wait(arg, GREEN_FOREVER);
    CHECK(pthread_mutex_lock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    return arg;
}

/* A greenlet has locked them before the first patch. */
static void what_was_locked_before_is_locked(void)
{
    green_event_t patched = GREEN_EVENT_INIT;
    green_t *g = green_spawn(locks_early, &patched);

    green_yield();
    CHECK(green_patch(GREEN_PATCH_THREAD) == 0);
    CHECK(pthread_mutex_trylock(&recursive) == EBUSY);
    green_event_set(&patched);
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_lock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0);
    green_release(g);
}

int main(void)
{
    static void (*const tests[])(void) = {
        what_was_locked_before_is_locked,
        held_across_a_switch,
        each_greenlet_is_an_owner,
        producers_and_consumers_of_one_thread,
        producers_and_consumers_of_two_hubs_and_two_threads,
        greenlets_of_two_hubs_and_threads_hammer,
        a_kill_ends_what_may_fail,
        a_scope_bounds_a_timed_wait,
        a_signal_handler_posts,
        greenlets_meet_and_do_once,
        a_spinning_greenlet_lets_the_holder_run,
        a_child_has_the_locks_and_not_those_who_wait,
        unpatched_and_patched_are_one,
    };

    if (green_patch_verify() != 0) {
        puts("the hooks are not reached in this build");
        return 77;
    }
    alarm(120);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tests[i]();
    return 0;
}
