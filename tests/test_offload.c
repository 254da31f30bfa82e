/* SPDX-License-Identifier: MIT */
/* test_offload.c - run a blocking function in a thread. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "mail.h"
#include "offload.h"
#include "sys.h"
#include "leaks.h"

enum { THREADS = 16 };

static struct sys real;

/* A clock that can be set forward. */
static _Atomic int64_t skew;

static int64_t skewed_now(void)
{
    return real.now() + skew;
}

/* A function that tells when it runs, and returns when it is told to. */
struct held {
    int begun[2], go_on[2];
    atomic_int runs, drops;
    void *result;
};

static void make_held(struct held *h)
{
    memset(h, 0, sizeof *h);
    assert_int_equal(pipe(h->begun), 0);
    assert_int_equal(pipe(h->go_on), 0);
}

static void free_held(struct held *h)
{
    assert_int_equal(green_close(h->begun[0]), 0);
    assert_int_equal(close(h->begun[1]), 0);
    assert_int_equal(close(h->go_on[0]), 0);
    assert_int_equal(close(h->go_on[1]), 0);
}

static void *hold(void *arg)
{
    struct held *h = arg;
    char byte;

    h->runs++;
    if (write(h->begun[1], "", 1) != 1 || read(h->go_on[0], &byte, 1) != 1)
        abort();
    return arg;
}

static void count_drop(void *arg)
{
    struct held *h = arg;

    h->drops++;
}

/* In a greenlet: offload, and fail as the offload does. */
static void *offload_held(void *arg)
{
    struct held *h = arg;

    if (green__offload(&green__user_lane, hold, h, count_drop, &h->result,
                       GREEN_FOREVER) != 0)
        green_fail(errno, "offload");
    return h->result;
}

static void await_begin(struct held *h)
{
    char byte;

    assert_int_equal(green_read(h->begun[0], &byte, 1), 1);
}

/* In a greenlet: when fn runs, let an hour pass. */
static void *let_time_pass(void *arg)
{
    await_begin(arg);
    skew += 3600 * GREEN_SEC;
    return NULL;
}

static void let_go(struct held *h)
{
    assert_int_equal(write(h->go_on[1], "", 1), 1);
}

/* The drop may happen in any thread, so nothing wakes us. */
static void await_drop(struct held *h)
{
    while (h->drops == 0)
        assert_int_equal(green_sleep(GREEN_MS), 0);
    assert_int_equal(h->drops, 1);
}

static green_t *begin_held(struct held *h)
{
    green_t *g;

    make_held(h);
    g = green_spawn(offload_held, h);
    assert_non_null(g);
    await_begin(h);
    return g;
}

static void end_held(struct held *h, green_t *g)
{
    let_go(h);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    green_release(g);
    free_held(h);
}

/* ---- what the manual says ---- */

static void *name_thread(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return arg;
}

static void fn_runs_in_another_thread_and_its_result_comes_back(void **state)
{
    pthread_t thread = pthread_self();
    void *result = NULL;

    (void)state;
    assert_int_equal(
        green_offload(name_thread, &thread, &result, GREEN_FOREVER), 0);
    assert_ptr_equal(result, &thread);
    assert_false(pthread_equal(thread, pthread_self()));
    assert_int_equal(green_offload(name_thread, &thread, NULL, GREEN_SEC), 0);
}

static void *count_up(void *arg)
{
    int *n = arg;

    while (green_yield() == 0)
        ++*n;
    return NULL;
}

static void other_greenlets_run_meanwhile(void **state)
{
    int n = 0;
    struct held h;
    green_t *g = begin_held(&h), *counter = green_spawn(count_up, &n);

    (void)state;
    while (n < 100)
        green_yield();
    assert_false(green_ready(g));
    green_kill(counter);
    end_held(&h, g);
    green_release(counter);
    assert_int_equal(h.drops, 0);
}

static void *echo_arg(void *arg)
{
    return arg;
}

static void *offload_echo(void *arg)
{
    void *result;

    return green_offload(echo_arg, arg, &result, GREEN_FOREVER) == 0 ? result
                                                                     : NULL;
}

static void many_at_once_each_get_their_own_result(void **state)
{
    static char bytes[500];
    green_t *all[500];
    size_t i;

    (void)state;
    for (i = 0; i < 500; i++)
        assert_non_null(all[i] = green_spawn(offload_echo, &bytes[i]));
    assert_int_equal(green_joinall(all, 500, GREEN_FOREVER), 0);
    for (i = 0; i < 500; i++)
        assert_ptr_equal(green_value(all[i]), &bytes[i]);
    green_releaseall(all, 500);
}

static void *sleep_a_little(void *arg)
{
    usleep(20000);
    return arg;
}

static void main_is_not_deadlocked_while_an_answer_is_owed(void **state)
{
    (void)state;
    assert_int_equal(green_offload(sleep_a_little, NULL, NULL, GREEN_FOREVER),
                     0);
    assert_int_equal(green__hub()->outside, 0);
}

static void without_a_function_it_is_invalid(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(green_offload(NULL, NULL, NULL, GREEN_FOREVER), -1);
    assert_int_equal(errno, EINVAL);
}

static void *never(void *arg)
{
    struct held *h = arg;

    h->runs++;
    return NULL;
}

static void with_no_time_it_is_not_begun(void **state)
{
    static const int64_t none[] = {0, -1, INT64_MIN};
    struct held h = {.runs = 0};
    void *result = &h;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        errno = 0;
        assert_int_equal(green__offload(&green__user_lane, never, &h,
                                        count_drop, &result, none[i]),
                         -1);
        assert_int_equal(errno, ETIMEDOUT);
    }
    assert_ptr_equal(result, &h);
    assert_int_equal(h.runs, 0);
    assert_int_equal(h.drops, 3);
}

static void *offload_never(void *arg)
{
    struct held *h = arg;
    int rc = green__offload(&green__user_lane, never, h, count_drop, &h->result,
                            GREEN_FOREVER);

    assert_int_equal(rc, -1);
    return errno == ECANCELED ? arg : NULL;
}

static void a_killed_greenlet_begins_nothing(void **state)
{
    struct held h = {.runs = 0};
    green_t *g = green_spawn(offload_never, &h);

    (void)state;
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_ptr_equal(green_value(g), &h);
    green_release(g);
    assert_int_equal(h.runs, 0);
    assert_int_equal(h.drops, 1);
}

/* ---- the greenlet leaves first ---- */

static void a_timeout_ends_the_wait_and_the_late_answer_is_dropped(void **state)
{
    struct held h;
    void *result = &h;

    (void)state;
    make_held(&h);
    assert_int_equal(green_go(let_time_pass, &h), 0);
    assert_int_equal(green__offload(&green__user_lane, hold, &h, count_drop,
                                    &result, 1800 * GREEN_SEC),
                     -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_ptr_equal(result, &h);
    assert_int_equal(h.drops, 0);
    let_go(&h);
    await_drop(&h);
    assert_int_equal(green__hub()->outside, 0);
    free_held(&h);
}

static void a_kill_ends_the_wait_at_once(void **state)
{
    struct held h;
    green_t *g = begin_held(&h);

    (void)state;
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_int_equal(green_error(g), ECANCELED);
    green_release(g);
    assert_int_equal(h.drops, 0);
    let_go(&h);
    await_drop(&h);
    free_held(&h);
}

static void a_scope_ends_the_wait(void **state)
{
    struct held h;
    green_scope_t scope;

    (void)state;
    make_held(&h);
    assert_int_equal(green_go(let_time_pass, &h), 0);
    green_timeout_begin(&scope, 1800 * GREEN_SEC);
    assert_int_equal(green_offload(hold, &h, NULL, GREEN_FOREVER), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(green_scope_end(&scope));
    let_go(&h);
    while (green__hub()->outside > 0)
        assert_int_equal(green_sleep(GREEN_MS), 0);
    free_held(&h);
}

static void killed_in_the_queue_it_never_runs(void **state)
{
    struct held busy[THREADS], queued;
    green_t *all[THREADS], *g;
    int i;

    (void)state;
    for (i = 0; i < THREADS; i++)
        all[i] = begin_held(&busy[i]);
    make_held(&queued);
    g = green_spawn(offload_held, &queued);
    green_yield();
    assert_int_equal(green__hub()->outside, THREADS + 1);
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_int_equal(green_error(g), ECANCELED);
    green_release(g);
    assert_int_equal(queued.drops, 1);
    assert_int_equal(green__hub()->outside, THREADS);
    for (i = 0; i < THREADS; i++)
        end_held(&busy[i], all[i]);
    assert_int_equal(queued.runs, 0);
    free_held(&queued);
}

/* The kill decides how the wait ends; the answer that comes before the greenlet
 * runs again finds nobody and must not be lost. */
static void an_answer_just_after_the_kill_is_dropped(void **state)
{
    struct held h;
    green_t *g = begin_held(&h);
    struct green_hub *hub = green__hub();

    (void)state;
    let_go(&h);
    while (!atomic_load(&hub->mail))
        usleep(1000);
    green_kill(g);
    green__mail_deliver(hub);
    assert_int_equal(h.drops, 0);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_int_equal(green_error(g), ECANCELED);
    assert_int_equal(h.drops, 1);
    assert_int_equal(hub->outside, 0);
    green_release(g);
    free_held(&h);
}

static void an_answer_just_before_the_kill_is_taken(void **state)
{
    struct held h;
    green_t *g = begin_held(&h);
    struct green_hub *hub = green__hub();

    (void)state;
    let_go(&h);
    while (!atomic_load(&hub->mail))
        usleep(1000);
    green__mail_deliver(hub);
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_ptr_equal(green_value(g), &h);
    assert_int_equal(h.drops, 0);
    green_release(g);
    free_held(&h);
}

/* ---- the whole hub leaves first ---- */

static void *time_out_and_end(void *arg)
{
    void *result;

    if (green_go(let_time_pass, arg) != 0 ||
        green__offload(&green__user_lane, hold, arg, count_drop, &result,
                       1800 * GREEN_SEC) != -1)
        return NULL;
    return errno == ETIMEDOUT ? arg : NULL;
}

static void *leave_greenlet_waiting(void *arg)
{
    struct held *h = arg;
    green_t *g = green_spawn(offload_held, h);
    char byte;

    green_release(g);
    return green_read(h->begun[0], &byte, 1) == 1 ? arg : NULL;
}

/* A hub that is made where the last was must not take the answer for its own. */
static void *wait_for_nothing(void *arg)
{
    struct held *h = arg;

    let_go(h);
    while (h->drops == 0)
        if (green_sleep(GREEN_MS) != 0)
            return NULL;
    return green__hub()->outside == 0 ? arg : NULL;
}

static void run_thread(void *(*fn)(void *arg), void *arg)
{
    pthread_t thread;
    void *result;

    assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, arg);
}

static void an_answer_to_a_thread_that_has_ended_is_dropped(void **state)
{
    struct held h;

    (void)state;
    make_held(&h);
    run_thread(time_out_and_end, &h);
    assert_int_equal(h.drops, 0);
    let_go(&h);
    await_drop(&h);
    free_held(&h);

    make_held(&h);
    run_thread(leave_greenlet_waiting, &h);
    assert_int_equal(h.drops, 0);
    let_go(&h);
    await_drop(&h);
    free_held(&h);
}

static void an_answer_is_not_given_to_the_next_threads_hub(void **state)
{
    struct held h;

    (void)state;
    make_held(&h);
    run_thread(leave_greenlet_waiting, &h);
    run_thread(wait_for_nothing, &h);
    assert_int_equal(h.drops, 1);
    free_held(&h);
}

/* ---- nothing to be had ---- */

static void *refuse_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static void without_memory_it_is_not_begun(void **state)
{
    struct held h = {.runs = 0};
    void *result = &h;
    int rc;

    (void)state;
    green__sys.malloc = refuse_malloc;
    rc = green__offload(&green__user_lane, never, &h, count_drop, &result,
                        GREEN_FOREVER);
    green__sys.malloc = real.malloc;
    assert_int_equal(rc, -1);
    assert_int_equal(errno, ENOMEM);
    assert_ptr_equal(result, &h);
    assert_int_equal(h.runs, 0);
    assert_int_equal(h.drops, 1);
    assert_int_equal(green__hub()->outside, 0);
}

static int refuse_start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    (void)thread, (void)fn, (void)arg;
    return EAGAIN;
}

/* Comes first, since it needs a lane without threads. */
static void without_a_thread_it_is_not_begun(void **state)
{
    struct held h = {.runs = 0};
    void *result = &h;
    int rc;

    (void)state;
    green__sys.thread_start = refuse_start;
    rc = green__offload(&green__user_lane, never, &h, count_drop, &result,
                        GREEN_FOREVER);
    green__sys.thread_start = real.thread_start;
    assert_int_equal(rc, -1);
    assert_int_equal(errno, EAGAIN);
    assert_ptr_equal(result, &h);
    assert_int_equal(h.runs, 0);
    assert_int_equal(h.drops, 1);
    assert_int_equal(green__hub()->outside, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        leak_checked(without_a_thread_it_is_not_begun),
        leak_checked(fn_runs_in_another_thread_and_its_result_comes_back),
        leak_checked(other_greenlets_run_meanwhile),
        leak_checked(many_at_once_each_get_their_own_result),
        leak_checked(main_is_not_deadlocked_while_an_answer_is_owed),
        leak_checked(without_a_function_it_is_invalid),
        leak_checked(with_no_time_it_is_not_begun),
        leak_checked(a_killed_greenlet_begins_nothing),
        leak_checked(a_timeout_ends_the_wait_and_the_late_answer_is_dropped),
        leak_checked(a_kill_ends_the_wait_at_once),
        leak_checked(a_scope_ends_the_wait),
        leak_checked(killed_in_the_queue_it_never_runs),
        leak_checked(an_answer_just_after_the_kill_is_dropped),
        leak_checked(an_answer_just_before_the_kill_is_taken),
        leak_checked(an_answer_to_a_thread_that_has_ended_is_dropped),
        leak_checked(an_answer_is_not_given_to_the_next_threads_hub),
        leak_checked(without_memory_it_is_not_begun),
    };

    real = green__sys;
    green__sys.now = skewed_now;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
