/* SPDX-License-Identifier: MIT */
/* test_call.c - call a function in the hub of another thread. */
#include "support.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
#include "mail.h"
#include "sys.h"

static green_hub_t *there; /* what most tests call */
static sem_t begun;        /* posted by whom the next two run */
static atomic_bool may_end;

static int set_up_group(void **state)
{
    sem_init(&begun, 0, 0);
    return open_wake_up(state);
}

static void start_there(void)
{
    there = green_hub_start();
    check(there != NULL);
    may_end = false;
}

static void stop_there(void)
{
    check_equal(green_hub_stop(there, GREEN_FOREVER), 0);
    check_equal(green__hub()->outside, 0);
}

static void *run_there(void *arg)
{
    check(green__hub() == there);
    return arg;
}

/* Until it is told to end; there is no way to tell it but this flag. */
static void *run_until_told(void *arg)
{
    sem_post(&begun);
    while (!may_end)
        green_sleep(GREEN_MS);
    return arg;
}

static void *run_until_killed(void *arg)
{
    sem_post(&begun);
    check_fails(green_sleep(GREEN_FOREVER), ECANCELED);
    return arg;
}

static void *fail_there(void *arg)
{
    (void)arg;
    green_fail(EXDEV, "no way");
}

/* ---- what comes back ---- */

static void the_result_of_a_greenlet_there_comes_back(void **state)
{
    void *result = NULL;
    int value;

    (void)state;
    start_there();
    check_equal(green_call_on(there, run_there, &value, &result, GREEN_FOREVER),
                0);
    check(result == &value);
    check_equal(green_call_on(there, run_there, NULL, &result, 100 * GREEN_SEC),
                0);
    check(result == NULL);
    check_equal(green_call_on(there, run_there, &value, NULL, GREEN_FOREVER),
                0);
    stop_there();
}

static void one_that_fails_there_fails_here(void **state)
{
    int value;
    void *result = &value;

    (void)state;
    start_there();
    check_fails(green_call_on(there, fail_there, NULL, &result, GREEN_FOREVER),
                EXDEV);
    check(result == &value);
    stop_there();
}

static void *call_there(void *value)
{
    void *result = NULL;

    check_equal(green_call_on(there, run_there, value, &result, GREEN_FOREVER),
                0);
    check(result == value);
    return NULL;
}

static void many_may_call_at_once(void **state)
{
    green_t *gs[100];
    int values[100];

    (void)state;
    start_there();
    for (int i = 0; i < 100; i++)
        gs[i] = spawn(call_there, &values[i]);
    finish_all(gs, 100);
    stop_there();
}

static green_hub_t *here;

static void *call_back(void *depth)
{
    intptr_t left = (intptr_t)depth;
    void *result = NULL;

    if (left == 0)
        return NULL;
    check_equal(green_call_on(green__hub() == here ? there : here, call_back,
                              (void *)(left - 1), &result, GREEN_FOREVER),
                0);
    return (void *)((intptr_t)result + 1);
}

static void two_hubs_call_each_other(void **state)
{
    (void)state;
    here = green__hub();
    start_there();
    check_equal((intptr_t)call_back((void *)10), 10);
    stop_there();
}

/* ---- one's own hub ---- */

static void *join_caller(void *caller)
{
    check_fails(green_join(caller, NULL, GREEN_FOREVER), EDEADLK);
    return NULL;
}

static void ones_own_hub_can_be_called_as_well(void **state)
{
    void *result = NULL;
    int value;

    (void)state;
    there = green__hub();
    check_equal(green_call_on(there, run_there, &value, &result, GREEN_FOREVER),
                0);
    check(result == &value);
    check_fails(green_call_on(there, fail_there, NULL, &result, GREEN_FOREVER),
                EXDEV);
    check_equal(
        green_call_on(there, join_caller, green_self(), NULL, GREEN_FOREVER),
        0);
    may_end = false;
    check_fails(green_call_on(there, run_until_told, NULL, NULL, GREEN_MS),
                ETIMEDOUT);
    sem_wait(&begun);
    may_end = true;
    while (count_greenlets() > 1)
        check_equal(green_sleep(GREEN_MS), 0);
}

/* ---- who leaves ---- */

static void *call_until_told(void *arg)
{
    void *result = arg;

    note_result("call", green_call_on(there, run_until_told, NULL, &result,
                                      GREEN_FOREVER));
    check(result == arg || result == NULL);
    return arg;
}

static void a_timeout_ends_the_wait_and_the_late_answer_is_dropped(void **state)
{
    int value;
    void *result = &value;

    (void)state;
    start_there();
    check_fails(green_call_on(there, run_until_told, NULL, &result, GREEN_MS),
                ETIMEDOUT);
    sem_wait(&begun);
    check_equal(green__hub()->outside, 1);
    may_end = true;
    while (green__hub()->outside > 0)
        check_equal(green_sleep(GREEN_MS), 0);
    check(result == &value);
    stop_there();
}

static green_t *begin_call(void)
{
    green_t *g;

    start_there();
    g = spawn(call_until_told, &may_end);
    green_yield();
    sem_wait(&begun);
    return g;
}

static void a_kill_ends_the_wait_and_not_the_call(void **state)
{
    green_t *g = begin_call();

    (void)state;
    end_by_kill(g);
    check_log("call:ECANCELED");
    may_end = true;
    stop_there();
}

static void await_mail(void)
{
    while (!atomic_load(&green__hub()->mail))
        usleep(1000);
}

static void an_answer_just_after_the_kill_is_dropped(void **state)
{
    green_t *g = begin_call();

    (void)state;
    may_end = true;
    await_mail();
    green_kill(g);
    green__mail_deliver(green__hub());
    finish(g);
    check_log("call:ECANCELED");
    stop_there();
}

static void an_answer_just_before_the_kill_is_taken(void **state)
{
    green_t *g = begin_call();

    (void)state;
    may_end = true;
    await_mail();
    green__mail_deliver(green__hub());
    green_kill(g);
    finish(g);
    check_log("call:ok");
    stop_there();
}

static void without_a_wait_or_an_argument_nothing_is_begun(void **state)
{
    (void)state;
    start_there();
    check_fails(green_call_on(there, run_until_killed, NULL, NULL, 0),
                ETIMEDOUT);
    check_fails(green_call_on(there, run_until_killed, NULL, NULL, -1),
                ETIMEDOUT);
    check_fails(green_call_on(NULL, run_there, NULL, NULL, GREEN_FOREVER),
                EINVAL);
    check_fails(green_call_on(there, NULL, NULL, NULL, GREEN_FOREVER), EINVAL);
    stop_there(); /* it need not kill anybody */
}

static void *call_and_leave(void *arg)
{
    green_release(spawn(call_until_told, arg));
    green_yield();
    sem_wait(&begun);
    return arg;
}

static void *be_next(void *arg)
{
    may_end = true;
    while (!atomic_load(&there->resting)) /* it has answered and waits again */
        green_sleep(GREEN_MS);
    green_sleep(GREEN_MS);
    check_equal(green__hub()->outside, 0);
    return arg;
}

static void run_thread(void *(*fn)(void *arg), void *arg)
{
    pthread_t thread;

    check_equal(pthread_create(&thread, NULL, fn, arg), 0);
    check_equal(pthread_join(thread, NULL), 0);
}

static void an_answer_to_a_thread_that_has_ended_is_dropped(void **state)
{
    (void)state;
    start_there();
    run_thread(call_and_leave, &may_end);
    run_thread(be_next, NULL);
    stop_there();
}

/* ---- when the other hub stops ---- */

static void *call_until_killed(void *arg)
{
    void *result = NULL;

    note_result("call", green_call_on(there, run_until_killed, arg, &result,
                                      GREEN_FOREVER));
    check(result == arg);
    return NULL;
}

static void a_hub_that_is_stopped_answers_what_it_has_begun(void **state)
{
    green_t *g;

    (void)state;
    start_there();
    g = spawn(call_until_killed, &may_end);
    green_yield();
    sem_wait(&begun);
    check_fails(green_hub_stop(there, GREEN_MS), ETIMEDOUT);
    finish(g);
    check_log("call:ok");
    check_fails(green_call_on(there, run_there, NULL, NULL, GREEN_FOREVER),
                ESRCH);
    check_equal(green__hub()->outside, 0);
}

static green_event_t over;

static void *set_over(void *arg)
{
    green_event_set(&over);
    return arg;
}

static void *be_there(void *arg)
{
    there = green_hub();
    green_event_init(&over);
    sem_post(&begun);
    check_equal(green_event_wait(&over, GREEN_FOREVER), 0);
    return arg;
}

/* A thread that just ends, whatever its greenlets are doing. */
static pthread_t start_plain(void *(*fn)(void *arg))
{
    pthread_t thread;

    check_equal(pthread_create(&thread, NULL, fn, NULL), 0);
    sem_wait(&begun);
    return thread;
}

static void *call_in_vain(void *arg)
{
    int *value = arg;
    void *result = value;

    note_result("call", green_call_on(there, run_until_told, NULL, &result,
                                      GREEN_FOREVER));
    check(result == value);
    return NULL;
}

static void a_thread_that_ends_under_a_call_is_ESRCH(void **state)
{
    pthread_t thread = start_plain(be_there);
    green_t *gs[2];
    int value;

    (void)state;
    may_end = false;
    gs[0] = spawn(call_in_vain, &value);
    gs[1] = spawn(call_in_vain, &value);
    green_yield();
    sem_wait(&begun);
    sem_wait(&begun);
    check_equal(green_spawn_on(there, set_over, NULL), 0);
    finish_all(gs, 2);
    check_log("call:No such process call:No such process");
    check_equal(pthread_join(thread, NULL), 0);
    check_equal(green__hub()->outside, 0);
}

static void *end_when_there_is_mail(void *arg)
{
    there = green_hub();
    sem_post(&begun);
    await_mail();
    return arg;
}

static void a_thread_that_ends_before_the_call_begins_is_ESRCH(void **state)
{
    pthread_t thread = start_plain(end_when_there_is_mail);

    (void)state;
    check_fails(green_call_on(there, run_there, NULL, NULL, GREEN_FOREVER),
                ESRCH);
    check_equal(pthread_join(thread, NULL), 0);
}

/* ---- memory ---- */

static _Thread_local bool refuses;
static struct sys real;

static void *refuse_aligned_alloc(size_t alignment, size_t size)
{
    errno = ENOMEM;
    return refuses ? NULL : real.aligned_alloc(alignment, size);
}

/* Its first greenlet needs memory, and there is none. */
static void *be_there_in_need(void *arg)
{
    check(green_hub() != NULL);
    refuses = true;
    return be_there(arg);
}

static void *have_memory(void *arg)
{
    refuses = false;
    return arg;
}

static void without_memory_there_it_is_ENOMEM(void **state)
{
    pthread_t thread;

    (void)state;
    real = green__sys;
    green__sys.aligned_alloc = refuse_aligned_alloc;
    thread = start_plain(be_there_in_need);
    check_fails(green_call_on(there, run_there, NULL, NULL, GREEN_FOREVER),
                ENOMEM);
    green__sys.aligned_alloc = real.aligned_alloc;
    check_equal(green_call_on(there, have_memory, NULL, NULL, GREEN_FOREVER),
                0);
    check_equal(green_spawn_on(there, set_over, NULL), 0);
    check_equal(pthread_join(thread, NULL), 0);
}

/* ---- deadlocks, forks ---- */

static void ignore_report(void *arg)
{
    (void)arg;
}

static void *sleep_there(void *arg)
{
    check_equal(green_sleep(5 * GREEN_MS), 0);
    return arg;
}

/* Nobody was given our address: only the answer may come. */
static void call_and_wait_for_nothing(void *arg)
{
    green_event_t never = GREEN_EVENT_INIT;

    green_set_deadlock_fn(ignore_report, NULL);
    start_there();
    check_equal(green_call_on(there, sleep_there, arg, NULL, GREEN_FOREVER), 0);
    stop_there();
    check_fails(green_event_wait(&never, GREEN_FOREVER), EDEADLK);
}

static void
main_is_told_of_a_deadlock_after_a_call_and_not_during_it(void **state)
{
    (void)state;
    check_in_child(call_and_wait_for_nothing, NULL);
}

static void in_the_child_of_a_fork_no_answer_is_expected(void **state)
{
    green_t *g = begin_call();
    int status = -1;
    pid_t child = green_fork();

    (void)state;
    if (child == 0)
        _exit(green__hub()->outside == 0 && green_sleep(GREEN_MS) == 0 ? 0 : 1);
    may_end = true;
    finish(g);
    check_log("call:ok");
    check_equal(green_waitpid(child, &status, 0), child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    stop_there();
}

static void end_process(void *arg)
{
    (void)arg;
    _exit(0);
}

static void *fork_there(void *arg)
{
    pid_t child = green_fork();

    if (child == 0)
        check_equal(green_defer(end_process, NULL), 0);
    *(pid_t *)arg = child;
    return arg;
}

static void a_call_that_forks_is_answered_once(void **state)
{
    int status = -1;
    pid_t child = -1;

    (void)state;
    start_there();
    check_equal(green_call_on(there, fork_there, &child, NULL, GREEN_FOREVER),
                0);
    check_equal(waitpid(child, &status, 0), child);
    stop_there();
}

int main(void)
{
    /* In a process that has no hub yet. */
    const struct CMUnitTest first[] = {
        cmocka_unit_test(
            main_is_told_of_a_deadlock_after_a_call_and_not_during_it),
    };
    const struct CMUnitTest tests[] = {
        green_test(the_result_of_a_greenlet_there_comes_back),
        green_test(one_that_fails_there_fails_here),
        green_test(many_may_call_at_once),
        green_test(two_hubs_call_each_other),
        green_test(ones_own_hub_can_be_called_as_well),
        green_test(a_timeout_ends_the_wait_and_the_late_answer_is_dropped),
        green_test(a_kill_ends_the_wait_and_not_the_call),
        green_test(an_answer_just_after_the_kill_is_dropped),
        green_test(an_answer_just_before_the_kill_is_taken),
        green_test(without_a_wait_or_an_argument_nothing_is_begun),
        green_test(an_answer_to_a_thread_that_has_ended_is_dropped),
        green_test(a_hub_that_is_stopped_answers_what_it_has_begun),
        green_test(a_thread_that_ends_under_a_call_is_ESRCH),
        green_test(a_thread_that_ends_before_the_call_begins_is_ESRCH),
        green_test(without_memory_there_it_is_ENOMEM),
        green_test(in_the_child_of_a_fork_no_answer_is_expected),
        green_test(a_call_that_forks_is_answered_once),
    };

    return cmocka_run_group_tests(first, NULL, NULL) +
           cmocka_run_group_tests(tests, set_up_group, NULL);
}
