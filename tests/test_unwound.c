/* SPDX-License-Identifier: MIT */
/* test_unwound.c - threads that end by pthread_exit or cancellation, amid what a
 * greenlet does (src/hub.c). */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include "support.h"

static green_t *worker;
static sem_t begun;
static int steps; /* of main's deferred call */
static int64_t wait_of_main;

/* Write over what main's frames left. */
static void __attribute__((noinline)) use_much_stack(void)
{
    char bytes[4096];

    memset(bytes, 0x55, sizeof bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* Longer than all that main and the worker waited for. */
static void take_leave(void *unused)
{
    (void)unused;
    use_much_stack();
    steps += green_sleep(20 * GREEN_MS) == 0;
    green_kill(worker);
    steps += green_join(worker, NULL, GREEN_SEC) == 0;
    steps += green_ready(worker);
    green_release(worker);
}

static void *end_thread(void *value)
{
    green_yield();
    pthread_exit(value); /* not ours to return from */
}

static void *rest_for_ever(void *unused)
{
    sem_post(&begun);
    green_sleep(GREEN_FOREVER - 1);
    return unused;
}

/* A wait that ends while main takes leave, or is followed by one in which main
 * is the last to wait, and so the one to rest. */
static void *wait_for_worker(void *fn)
{
    if (green_defer(take_leave, NULL) != 0)
        return NULL;
    worker = green_spawn(*(void *(**)(void *))fn, &steps);
    green_join(worker, NULL, wait_of_main);
    green_yield();
    green_sleep(GREEN_FOREVER - 1);
    return NULL;
}

/* Run fn in a greenlet of a thread, and cancel that if asked. */
static void *end_amid(void *(*fn)(void *arg), bool cancel)
{
    pthread_t thread;
    void *value = NULL;

    steps = 0;
    sem_init(&begun, 0, 0);
    check_equal(pthread_create(&thread, NULL, wait_for_worker, &fn), 0);
    if (cancel) {
        sem_wait(&begun);
        check_equal(pthread_cancel(thread), 0);
    }
    check_equal(pthread_join(thread, &value), 0);
    sem_destroy(&begun);
    return value;
}

static void a_greenlet_may_end_its_thread(void **state)
{
    (void)state;
    wait_of_main = 10 * GREEN_MS;
    check(end_amid(end_thread, false) == &steps);
    check_equal(steps, 3);
}

static void a_thread_may_be_cancelled_while_a_greenlet_rests(void **state)
{
    (void)state;
    wait_of_main = GREEN_FOREVER - 1;
    check(end_amid(rest_for_ever, true) == PTHREAD_CANCELED);
    check_equal(steps, 3);
}

static void a_thread_may_be_cancelled_while_main_rests(void **state)
{
    (void)state;
    wait_of_main = 0;
    check(end_amid(rest_for_ever, true) == PTHREAD_CANCELED);
    check_equal(steps, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_greenlet_may_end_its_thread),
        green_test(a_thread_may_be_cancelled_while_a_greenlet_rests),
        green_test(a_thread_may_be_cancelled_while_main_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
