/* SPDX-License-Identifier: MIT */
/* test_post.c - what many threads send a hub arrives, each thread's in its order.
 *
 * Usage: test_post [long].  Long are ten million posts, and figures. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { POSTERS = 8, FEWEST = 500, FEW = 25000, MANY = 1250000 };

/* ThreadSanitizer takes most of a millisecond for each greenlet. */
void __tsan_init(void) __attribute__((weak));

static green_hub_t *home;
static int posts = FEW; /* by each */

static green_event_t all_came;
static int came[POSTERS];
static long came_in_all, out_of_order;
static uint64_t most_at_once;

static void note_number_alive(void)
{
    uint64_t alive = count_greenlets();

    if (alive > most_at_once)
        most_at_once = alive;
}

/* arg: the poster, and its how manieth post. */
static void *arrive(void *arg)
{
    uintptr_t poster = (uintptr_t)arg % POSTERS;
    int number = (int)((uintptr_t)arg / POSTERS);

    if (number != came[poster]++)
        out_of_order++;
    note_number_alive();
    if (++came_in_all == (long)posts * POSTERS)
        green_event_set(&all_came);
    return NULL;
}

static void *post_all(void *poster)
{
    uintptr_t number = (uintptr_t)poster,
              end = number + (uintptr_t)posts * POSTERS;

    for (; number < end; number += POSTERS)
        if (green_spawn_on(home, arrive, (void *)number) < 0)
            return NULL;
    return poster;
}

static void print_figures(int64_t began)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("%ld posts by %d threads in %.1f s; at most %llu greenlets at once, "
           "%ld MiB\n",
           came_in_all, POSTERS, (double)(green_now() - began) / GREEN_SEC,
           (unsigned long long)most_at_once, usage.ru_maxrss / 1024);
}

static void what_eight_threads_post_arrives_in_the_order_of_each(void **state)
{
    pthread_t threads[POSTERS];
    int64_t began = green_now();
    void *result;

    (void)state;
    home = green_hub();
    for (uintptr_t i = 0; i < POSTERS; i++)
        check_equal(pthread_create(&threads[i], NULL, post_all, (void *)i), 0);
    check_equal(green_event_wait(&all_came, GREEN_FOREVER), 0);
    for (uintptr_t i = 0; i < POSTERS; i++) {
        check_equal(pthread_join(threads[i], &result), 0);
        check(result == (void *)i);
        check_equal(came[i], posts);
    }
    settle();
    check_equal(came_in_all, (long)posts * POSTERS);
    check_equal(out_of_order, 0);
    check(most_at_once < 1500); /* the rest waits as messages */
    if (posts == MANY)
        print_figures(began);
}

static bool came_at_last;

static void *yield_until_it_came(void *arg)
{
    while (!came_at_last)
        green_yield();
    return arg;
}

static void *come(void *arg)
{
    came_at_last = true;
    return arg;
}

static void a_post_is_begun_however_many_are_ready(void **state)
{
    static green_t *gs[1200];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(gs); i++)
        gs[i] = spawn(yield_until_it_came, NULL);
    check_equal(green_spawn_on(green_hub(), come, NULL), 0);
    finish_all(gs, ARRAY_SIZE(gs));
    settle();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        green_test(what_eight_threads_post_arrives_in_the_order_of_each),
        green_test(a_post_is_begun_however_many_are_ready),
    };

    if (__tsan_init)
        posts = FEWEST;
    if (argc > 1 && strcmp(argv[1], "long") == 0)
        posts = MANY;
    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
