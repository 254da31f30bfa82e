/* SPDX-License-Identifier: MIT */
/* test_lane.c - threads that work off a queue of tasks. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "lane.h"
#include "sys.h"
#include "alone.h"

enum { THREADS = 16, MANY = 40 };

/* Calls are counted, or fail, in place of the real ones. */
static struct sys real;
static int starts, joins, refused_starts;

static int count_start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    starts++;
    if (refused_starts > 0) {
        refused_starts--;
        return EAGAIN;
    }
    return real.thread_start(thread, fn, arg);
}

static int count_join(pthread_t thread)
{
    joins++;
    return real.thread_join(thread);
}

static void *refuse_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static void count_calls(void)
{
    real = green__sys;
    green__sys.thread_start = count_start;
    green__sys.thread_join = count_join;
}

/* ---- a task that tells when it runs, and ends when it is told to ---- */

struct held {
    struct task task;
    int told[2], go_on[2];
    char letter;
};

static pthread_mutex_t text_lock = PTHREAD_MUTEX_INITIALIZER;
static char text[MANY + 1]; /* the letters of the tasks, as they began */
static size_t length;

static void hold(void *arg)
{
    struct held *h = arg;
    char byte;

    pthread_mutex_lock(&text_lock);
    text[length++] = h->letter;
    pthread_mutex_unlock(&text_lock);
    if (write(h->told[1], "", 1) != 1 || read(h->go_on[0], &byte, 1) != 1)
        abort();
}

static void tell(void *arg)
{
    struct held *h = arg;

    if (write(h->told[1], "", 1) != 1)
        abort();
}

static void hold_in(struct lane *lane, struct held *h, char letter)
{
    memset(h, 0, sizeof *h);
    CHECK(pipe(h->told) == 0 && pipe(h->go_on) == 0);
    h->task.run = hold;
    h->task.done = tell;
    h->task.arg = h;
    h->letter = letter;
    CHECK(green__lane_submit(lane, &h->task) == 0);
}

static void await(struct held *h)
{
    char byte;

    CHECK(read(h->told[0], &byte, 1) == 1);
}

static void let_go(struct held *h)
{
    CHECK(write(h->go_on[1], "", 1) == 1);
}

static void finish(struct held *h)
{
    let_go(h);
    await(h);
    close(h->told[0]);
    close(h->told[1]);
    close(h->go_on[0]);
    close(h->go_on[1]);
}

static void occupy(struct lane *lane, struct held *all, int n)
{
    int i;

    for (i = 0; i < n; i++)
        hold_in(lane, &all[i], 'o');
    for (i = 0; i < n; i++)
        await(&all[i]);
}

static void finish_all(struct held *all, int n)
{
    int i;

    for (i = 0; i < n; i++)
        finish(&all[i]);
}

/* ---- the tests, each in a process of its own ---- */

static void start_few(void)
{
    struct held all[THREADS];

    count_calls();
    occupy(&green__user_lane, all, 1);
    CHECK(starts == 1);
    occupy(&green__user_lane, all + 1, THREADS - 1);
    CHECK(starts == THREADS);
    finish_all(all, THREADS);
    occupy(&green__user_lane, all, THREADS);
    CHECK(starts == THREADS);
    finish_all(all, THREADS);
}

static void threads_are_started_as_needed_and_kept(void **state)
{
    (void)state;
    assert_true(passes_alone(start_few));
}

static void queue_many(void)
{
    struct held all[THREADS], more[3];

    count_calls();
    occupy(&green__user_lane, all, THREADS);
    hold_in(&green__user_lane, &more[0], 'a');
    hold_in(&green__user_lane, &more[1], 'b');
    hold_in(&green__user_lane, &more[2], 'c');
    CHECK(starts == THREADS && length == THREADS);
    finish(&all[7]);
    await(&more[0]);
    CHECK(length == THREADS + 1 && text[THREADS] == 'a');
    finish(&all[3]);
    await(&more[1]);
    CHECK(length == THREADS + 2 && text[THREADS + 1] == 'b');
    finish(&more[0]);
    await(&more[2]);
    finish(&more[1]);
    finish(&more[2]);
    finish_all(all, 3);
    finish_all(all + 4, 3);
    finish_all(all + 8, THREADS - 8);
    CHECK(starts == THREADS);
}

static void tasks_beyond_the_last_thread_wait_in_order(void **state)
{
    (void)state;
    assert_true(passes_alone(queue_many));
}

static void fill_one_lane(void)
{
    struct held all[THREADS + 1], other;

    occupy(&green__lookup_lane, all, THREADS);
    hold_in(&green__lookup_lane, &all[THREADS], 'o');
    hold_in(&green__user_lane, &other, 'u');
    await(&other);
    finish(&other);
    finish(&all[0]);
    await(&all[THREADS]);
    finish_all(all + 1, THREADS);
}

static void a_full_lane_does_not_hold_up_the_other(void **state)
{
    (void)state;
    assert_true(passes_alone(fill_one_lane));
}

static void withdraw_some(void)
{
    struct held all[THREADS], more[2];

    occupy(&green__user_lane, all, THREADS);
    hold_in(&green__user_lane, &more[0], 'a');
    hold_in(&green__user_lane, &more[1], 'b');
    CHECK(green__lane_withdraw(&green__user_lane, &more[0].task));
    CHECK(!green__lane_withdraw(&green__user_lane, &more[0].task));
    CHECK(!green__lane_withdraw(&green__user_lane, &all[0].task));
    finish(&all[0]);
    await(&more[1]);
    finish(&more[1]);
    finish_all(all + 1, THREADS - 1);
    CHECK(strchr(text, 'b') && !strchr(text, 'a'));
}

static void a_task_that_was_withdrawn_never_runs(void **state)
{
    (void)state;
    assert_true(passes_alone(withdraw_some));
}

static void start_none(void)
{
    struct held h;

    count_calls();
    hold_in(&green__lookup_lane, &h, 'l'); /* exit and fork are watched now */
    await(&h);
    memset(&h.task.place, 0, sizeof h.task.place);
    refused_starts = 1;
    CHECK(green__lane_submit(&green__user_lane, &h.task) == EAGAIN);
    CHECK(!h.task.place.queue);
    green__sys.malloc = refuse_malloc;
    CHECK(green__lane_submit(&green__user_lane, &h.task) == ENOMEM);
    CHECK(!h.task.place.queue);
    green__sys.malloc = real.malloc;
    finish(&h);
    CHECK(length == 1);
}

static void without_any_thread_a_task_is_refused(void **state)
{
    (void)state;
    assert_true(passes_alone(start_none));
}

static void start_one_only(void)
{
    struct held first, second;

    count_calls();
    hold_in(&green__user_lane, &first, '1');
    await(&first);
    refused_starts = 1;
    hold_in(&green__user_lane, &second, '2');
    CHECK(refused_starts == 0 && starts == 2);
    finish(&first);
    await(&second);
    finish(&second);
}

static void with_one_thread_a_further_one_can_be_missed(void **state)
{
    (void)state;
    assert_true(passes_alone(start_one_only));
}

static sigset_t blocked_in_thread;

static void look_at_signals(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, &blocked_in_thread);
    hold(arg);
}

static void compare_signals(void)
{
    sigset_t mine;
    struct held h = {.task = {.run = look_at_signals, .done = tell}};

    CHECK(pipe(h.told) == 0 && pipe(h.go_on) == 0);
    h.task.arg = &h;
    CHECK(green__lane_submit(&green__user_lane, &h.task) == 0);
    await(&h);
    finish(&h);
    CHECK(sigismember(&blocked_in_thread, SIGINT) == 1);
    CHECK(sigismember(&blocked_in_thread, SIGUSR1) == 1);
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mine) == 0);
    CHECK(sigismember(&mine, SIGINT) == 0 && sigismember(&mine, SIGUSR1) == 0);
}

static void threads_leave_signals_to_the_program(void **state)
{
    (void)state;
    assert_true(passes_alone(compare_signals));
}

static int expected_joins;

static void compare_joins(void)
{
    if (joins != expected_joins)
        _exit(2);
}

/* compare_joins is registered first, and so called last. */
static void exit_with_one_busy(void)
{
    static struct held free_ones[2], busy;

    count_calls();
    CHECK(atexit(compare_joins) == 0);
    occupy(&green__user_lane, free_ones, 2);
    occupy(&green__lookup_lane, &busy, 1);
    finish_all(free_ones, 2);
    expected_joins = 2;
}

static void exit_joins_all_threads_but_busy_ones(void **state)
{
    (void)state;
    assert_true(passes_alone(exit_with_one_busy));
}

static void use_lane_after_all(void)
{
    struct held h;

    occupy(&green__user_lane, &h, 1);
    finish(&h);
    CHECK(length == 2 && starts == 2);
}

/* The same for use_lane_after_all. */
static void use_lane_at_exit(void)
{
    struct held h;

    count_calls();
    CHECK(atexit(use_lane_after_all) == 0);
    occupy(&green__user_lane, &h, 1);
    finish(&h);
}

static void a_lane_can_be_used_again_after_its_end(void **state)
{
    (void)state;
    assert_true(passes_alone(use_lane_at_exit));
}

static sem_t begun;

static void *read_one(void *fd)
{
    char byte;

    sem_post(&begun);
    return read(*(int *)fd, &byte, 1) == 0 ? NULL : fd;
}

static void *end_at_once(void *arg)
{
    return arg;
}

static void start_thread(void)
{
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, end_at_once, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* The same as below, of the system's own threads.  A sanitizer's locks, which it
 * takes when a thread starts, must not be held by one that the child lacks. */
static void fork_without_lanes(void)
{
    pthread_t threads[THREADS];
    int ends[2], i;

    CHECK(pipe(ends) == 0 && sem_init(&begun, 0, 0) == 0);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, read_one, &ends[0]) == 0);
    for (i = 0; i < THREADS; i++)
        CHECK(sem_wait(&begun) == 0);
    CHECK(passes_alone(start_thread));
    close(ends[1]);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void run_in_child(void)
{
    struct held h;

    starts = 0;
    occupy(&green__user_lane, &h, 1);
    CHECK(starts == 1);
    finish(&h);
}

static void fork_while_busy(void)
{
    struct held idle, all[THREADS], queued;

    count_calls();
    occupy(&green__lookup_lane, &idle, 1);
    finish(&idle);
    occupy(&green__user_lane, all, THREADS);
    hold_in(&green__user_lane, &queued, 'q');
    CHECK(passes_alone(run_in_child));
    finish(&all[0]);
    await(&queued);
    finish(&queued);
    finish_all(all + 1, THREADS - 1);
}

static void after_a_fork_the_child_starts_afresh_and_can_exit(void **state)
{
    (void)state;
    if (!passes_alone(fork_without_lanes))
        skip(); /* ThreadSanitizer, Qemu: no threads in such a child */
    assert_true(passes_alone(fork_while_busy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_are_started_as_needed_and_kept),
        cmocka_unit_test(tasks_beyond_the_last_thread_wait_in_order),
        cmocka_unit_test(a_full_lane_does_not_hold_up_the_other),
        cmocka_unit_test(a_task_that_was_withdrawn_never_runs),
        cmocka_unit_test(without_any_thread_a_task_is_refused),
        cmocka_unit_test(with_one_thread_a_further_one_can_be_missed),
        cmocka_unit_test(threads_leave_signals_to_the_program),
        cmocka_unit_test(exit_joins_all_threads_but_busy_ones),
        cmocka_unit_test(a_lane_can_be_used_again_after_its_end),
        cmocka_unit_test(after_a_fork_the_child_starts_afresh_and_can_exit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
