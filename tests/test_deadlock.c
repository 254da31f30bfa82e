/* SPDX-License-Identifier: MIT */
/* test_deadlock.c - waits that nothing could ever end: main is told, cycles are
 * refused at the call, and whoever can still be woken is left alone. */
#include "support.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { STACK_SIZE = 65536 };

static green_event_t never;
static green_mutex_t a, b, c;
static int reports;

static void count_report(void *arg)
{
    check(arg == &reports);
    reports++;
}

/* Each test starts with no reports, and with its own function to count them. */
static void set_up(void)
{
    green_event_init(&never);
    green_mutex_init(&a);
    green_mutex_init(&b);
    green_mutex_init(&c);
    reports = 0;
    green_set_deadlock_fn(count_report, &reports);
}

/* ---- main waits and nothing could wake it ---- */

/* As large as it may be. */
static char letters[STACK_SIZE / 2];

static void *compare_letters(void *copy)
{
    note("%s", memcmp(copy, letters, sizeof letters) == 0 ? "same" : "other");
    green_event_set(&never);
    return NULL;
}

static void spawn_with_letters(void *unused)
{
    const green_options_t options = {.stack_size = STACK_SIZE,
                                     .copy = sizeof letters};

    (void)unused;
    memset(letters, 'x', sizeof letters);
    green_release(green_spawn_with(&options, compare_letters, letters));
}

/* The hub rests on the stack of the one that has just ended. */
static void the_function_for_deadlocks_may_spawn(void **state)
{
    const green_options_t options = {.stack_size = STACK_SIZE};

    (void)state;
    set_up();
    green_set_deadlock_fn(spawn_with_letters, NULL);
    green_release(green_spawn_with(&options, return_argument, NULL));
    check_fails(green_event_wait(&never, GREEN_FOREVER), EDEADLK);
    check_equal(green_event_wait(&never, GREEN_FOREVER), 0);
    check_log("same");
}

static void *wait_for_never(void *name)
{
    note_result(name, green_event_wait(&never, GREEN_FOREVER));
    return NULL;
}

/* gevent: test__queue.py test_peek_empty; LoopExit */
static void main_that_waits_for_nothing_is_told(void **state)
{
    green_queue_t queue = GREEN_QUEUE_INIT(int, 1);
    green_sem_t sem = GREEN_SEM_INIT(0);
    int item;

    (void)state;
    set_up();
    check_fails(green_event_wait(&never, GREEN_FOREVER), EDEADLK);
    check_fails(green_queue_peek(&queue, &item, GREEN_FOREVER), EDEADLK);
    check_fails(green_queue_get(&queue, &item, GREEN_FOREVER), EDEADLK);
    check_fails(green_sem_wait(&sem, GREEN_FOREVER), EDEADLK);
    check_fails(green_sleep(GREEN_FOREVER), EDEADLK);
    check_fails(green_select(NULL, 0, GREEN_FOREVER), EDEADLK);
    check_equal(reports, 6);
}

/* gevent: test__semaphore.py TestSemaphoreFair.test_fair_or_hangs, its end */
static void main_that_joins_greenlets_that_wait_for_ever_is_told(void **state)
{
    green_t *gs[2];

    (void)state;
    set_up();
    gs[0] = spawn(wait_for_never, text("0"));
    gs[1] = spawn(wait_for_never, text("1"));
    check_fails(green_joinall(gs, 2, GREEN_FOREVER), EDEADLK);
    check_fails(green_join(gs[1], NULL, GREEN_FOREVER), EDEADLK);
    check_equal(reports, 2);
    check_log("");
    green_event_set(&never);
    finish_all(gs, 2);
    check_log("0:ok 1:ok");
}

static void a_wait_after_a_deadlock_works_as_ever(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    set_up();
    check_fails(green_event_wait(&never, GREEN_FOREVER), EDEADLK);
    check_equal(green_sleep(GREEN_MS), 0);
    check_fails(green_event_wait(&never, GREEN_MS), ETIMEDOUT);
    g = spawn(return_argument, NULL);
    finish(g);
    check_equal(reports, 1);
}

/* Makes the report come to a pipe in place of standard error. */
static void deadlock_with_report(void *fds)
{
    green_options_t options = {.name = "stuck"};
    green_t *g;

    dup2(((int *)fds)[1], STDERR_FILENO);
    green_set_deadlock_fn(NULL, NULL);
    g = green_spawn_with(&options, wait_for_never, text("g"));
    check_fails(green_join(g, NULL, GREEN_FOREVER), EDEADLK);
}

/* gevent: LoopExit; its users' issues 368, 585, 863, 2010 ask for the cause */
static void the_report_says_who_waits_on_what(void **state)
{
    char report[4096] = "";
    int fds[2];

    (void)state;
    set_up();
    make_pipe(fds);
    check_in_child(deadlock_with_report, fds);
    check(read(fds[0], report, sizeof report - 1) > 0);
    check(strstr(report, "main") && strstr(report, "stuck"));
    check(strstr(report, "join") && strstr(report, "event"));
    close_both(fds);
}

/* ---- silent while something could still happen ---- */

static void *set_never_later(void *arg)
{
    check_equal(green_sleep(GREEN_MS), 0);
    green_event_set(&never);
    return arg;
}

static void a_sleeper_may_still_wake_main(void **state)
{
    green_t *g;

    (void)state;
    clock_take();
    set_up();
    g = spawn(set_never_later, NULL);
    check_equal(green_event_wait(&never, GREEN_FOREVER), 0);
    finish(g);
    check_equal(reports, 0);
}

static void a_timeout_may_still_wake_main(void **state)
{
    green_scope_t scope;

    (void)state;
    clock_take();
    set_up();
    check_fails(green_event_wait(&never, GREEN_SEC), ETIMEDOUT);
    green_timeout_begin(&scope, GREEN_SEC);
    check_fails(green_event_wait(&never, GREEN_FOREVER), ETIMEDOUT);
    check(green_scope_end(&scope));
    check_equal(reports, 0);
}

static void *write_from_thread(void *fd)
{
    usleep(20000);
    return (void *)(intptr_t)write(*(int *)fd, "x", 1);
}

static void a_descriptor_may_still_wake_main(void **state)
{
    pthread_t thread;
    char byte;
    int fds[2];

    (void)state;
    set_up();
    make_pipe(fds);
    check_equal(pthread_create(&thread, NULL, write_from_thread, &fds[1]), 0);
    check_equal(green_read(fds[0], &byte, 1), 1);
    pthread_join(thread, NULL);
    close_both(fds);
    check_equal(reports, 0);
}

static void *sleep_in_thread(void *arg)
{
    usleep(20000);
    return arg;
}

static void offloaded_work_may_still_wake_main(void *arg)
{
    int one;

    check_equal(green_offload(sleep_in_thread, &one, &arg, GREEN_FOREVER), 0);
    check(arg == &one);
    check_equal(reports, 0);
}

static void a_thread_that_works_for_main_is_waited_for(void **state)
{
    (void)state;
    set_up();
    check_in_child(offloaded_work_may_still_wake_main, NULL);
}

/* ---- cycles ---- */

struct pair {
    const char *name;
    green_mutex_t *first, *second;
    int64_t timeout;
};

static void *lock_both(void *arg)
{
    struct pair *p = arg;
    int result;

    check_equal(green_mutex_lock(p->first, GREEN_FOREVER), 0);
    green_yield();
    result = green_mutex_lock(p->second, p->timeout);
    note_result(p->name, result);
    if (result == 0)
        green_mutex_unlock(p->second);
    green_mutex_unlock(p->first);
    return NULL;
}

static void locking_in_a_circle_is_refused_to_who_would_close_it(void **state)
{
    struct pair pairs[] = {{"ab", &a, &b, GREEN_FOREVER},
                           {"bc", &b, &c, GREEN_SEC},
                           {"ca", &c, &a, GREEN_SEC}};
    green_t *gs[3];

    (void)state;
    clock_take();
    set_up();
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(lock_both, &pairs[i]);
    finish_all(gs, 3);
    check_log("ca:EDEADLK bc:ok ab:ok");
    check_equal(reports, 0);
}

static green_t *joined[2];

static void *join_other(void *index)
{
    size_t i = (size_t)(uintptr_t)index;

    note_result(i ? "1" : "0", green_join(joined[!i], NULL, GREEN_SEC));
    return NULL;
}

static void joining_in_a_circle_is_refused(void **state)
{
    (void)state;
    clock_take();
    set_up();
    joined[0] = spawn(join_other, (void *)0);
    joined[1] = spawn(join_other, (void *)1);
    finish_all(joined, 2);
    check_log("1:EDEADLK 0:ok");
}

static void *join_main(void *main_greenlet)
{
    note_result("main", green_join(main_greenlet, NULL, GREEN_FOREVER));
    return NULL;
}

static void joining_main_which_joins_is_refused(void **state)
{
    (void)state;
    set_up();
    finish(spawn(join_main, green_self()));
    check_log("main:EDEADLK");
    check_equal(reports, 0);
}

static void *lock_a(void *arg)
{
    note_result("lock", green_mutex_lock(&a, GREEN_FOREVER));
    return arg;
}

static void a_circle_of_a_lock_and_a_join_is_refused(void **state)
{
    green_t *g;

    (void)state;
    set_up();
    check_equal(green_mutex_lock(&a, 0), 0);
    g = spawn(lock_a, NULL);
    check_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    check_log("lock:EDEADLK");
    green_release(g);
    g = spawn(lock_both, &(struct pair){"ba", &b, &a, GREEN_FOREVER});
    settle();
    check_fails(green_join(g, NULL, GREEN_SEC), EDEADLK);
    check_fails(green_mutex_lock(&b, GREEN_SEC), EDEADLK);
    check_fails(green_mutex_lock(&b, 0), ETIMEDOUT);
    green_mutex_unlock(&a);
    finish(g);
    check_log("ba:ok");
    check_equal(reports, 0);
}

static void *try_in_circle(void *arg)
{
    note_result("try", green_mutex_lock(&a, 0));
    return arg;
}

static void a_try_closes_no_circle(void **state)
{
    (void)state;
    set_up();
    check_equal(green_mutex_lock(&a, 0), 0);
    finish(spawn(try_in_circle, NULL));
    green_mutex_unlock(&a);
    check_log("try:ETIMEDOUT");
}

static void *lock_a_in_time(void *arg)
{
    note_result("lock", green_mutex_lock(&a, GREEN_MS));
    return arg;
}

/* A long chain that is no circle is none. */
static void a_chain_is_not_a_circle(void **state)
{
    green_t *gs[2];

    (void)state;
    clock_take();
    set_up();
    gs[0] = spawn(lock_both, &(struct pair){"ab", &a, &b, GREEN_FOREVER});
    check_equal(green_mutex_lock(&b, 0), 0);
    settle();
    gs[1] = spawn(lock_a_in_time, NULL);
    check_equal(green_sleep(2 * GREEN_MS), 0);
    green_mutex_unlock(&b);
    finish_all(gs, 2);
    check_log("lock:ETIMEDOUT ab:ok");
    check_equal(reports, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(main_that_waits_for_nothing_is_told),
        green_test(main_that_joins_greenlets_that_wait_for_ever_is_told),
        green_test(a_wait_after_a_deadlock_works_as_ever),
        green_test(the_function_for_deadlocks_may_spawn),
        green_test(the_report_says_who_waits_on_what),
        green_test(a_sleeper_may_still_wake_main),
        green_test(a_timeout_may_still_wake_main),
        green_test(a_descriptor_may_still_wake_main),
        green_test(a_thread_that_works_for_main_is_waited_for),
        green_test(locking_in_a_circle_is_refused_to_who_would_close_it),
        green_test(joining_in_a_circle_is_refused),
        green_test(joining_main_which_joins_is_refused),
        green_test(a_circle_of_a_lock_and_a_join_is_refused),
        green_test(a_try_closes_no_circle),
        green_test(a_chain_is_not_a_circle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
