/* SPDX-License-Identifier: MIT */
/* test_fds.c - waiting for descriptors (src/fds.c): whom an event wakes. */
#include <poll.h>
#include <unistd.h>
#include "support.h"

static int pair[2];

/* ---- one greenlet, several times on one descriptor ---- */

/* A wait that ends twice would end the sleep that comes after it. */
static void note_and_sleep(const char *name, int got)
{
    note("%s:%d", name, got);
    note_result("slept", green_sleep(GREEN_SEC));
}

static void *select_both_ways(void *unused)
{
    green_case_t cases[] = {GREEN_ON_FD(pair[0], GREEN_READ),
                            GREEN_ON_FD(pair[0], GREEN_READ | GREEN_WRITE),
                            GREEN_ON_FD(pair[0], GREEN_WRITE)};

    (void)unused;
    note_and_sleep("select", green_select(cases, 3, GREEN_FOREVER));
    return NULL;
}

static void *poll_twice(void *unused)
{
    struct pollfd fds[] = {{pair[0], POLLIN, 0}, {pair[0], POLLIN, 0}};

    (void)unused;
    note_and_sleep("poll", green_poll(fds, 2, GREEN_FOREVER));
    return NULL;
}

static void *await_something(void *unused)
{
    (void)unused;
    note_result("reader", green_wait_fd(pair[0], GREEN_READ, GREEN_FOREVER));
    return NULL;
}

/* fn waits, and so does a reader behind it; then the peer hangs up. */
static void meet_a_hang_up(void *(*fn)(void *arg), const char *expected)
{
    green_t *all[2];

    make_pair(pair);
    fill(pair[0]);
    all[0] = spawn(fn, NULL);
    all[1] = spawn(await_something, NULL);
    settle();
    green_close(pair[1]);
    check_equal(green_sleep(GREEN_MS), 0);
    check_log(expected);
    end_by_kill(all[0]);
    finish(all[1]);
    check_log("slept:ECANCELED");
    green_close(pair[0]);
}

static void a_select_with_a_descriptor_in_several_cases_ends_once(void **state)
{
    (void)state;
    meet_a_hang_up(select_both_ways, "select:0 reader:ok");
}

static void a_poll_with_a_descriptor_in_several_entries_ends_once(void **state)
{
    (void)state;
    meet_a_hang_up(poll_twice, "poll:2 reader:ok");
}

/* ---- plain close ---- */

static void *await_a_second(void *unused)
{
    (void)unused;
    note_result("reader", green_wait_fd(pair[0], GREEN_READ, GREEN_SEC));
    return NULL;
}

/* A turn lasts up to 64 switches; in each the hub finds that it is late. */
static void keep_busy(void)
{
    int i;

    for (i = 0; i < 200; i++) {
        clock_turn(GREEN_MS);
        check_equal(green_yield(), 0);
    }
}

static void a_plain_close_is_noticed_by_a_hub_that_has_been_busy(void **state)
{
    green_t *reader;

    (void)state;
    make_pair(pair);
    clock_take();
    reader = spawn(await_a_second, NULL);
    keep_busy();
    check(!green_ready(reader));
    close(pair[0]);
    finish(reader);
    check_log("reader:EBADF");
    close(pair[1]);
}

static void a_busy_hub_notices_a_plain_close(void **state)
{
    green_t *reader;

    (void)state;
    make_pair(pair);
    clock_take();
    /* A rest: the hub looks again in so many milliseconds from here. */
    check_fails(green_wait_fd(pair[0], GREEN_READ, GREEN_MS), ETIMEDOUT);
    reader = spawn(await_a_second, NULL);
    green_yield();
    close(pair[0]);
    keep_busy();
    check(green_ready(reader));
    finish(reader);
    check_log("reader:EBADF");
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_select_with_a_descriptor_in_several_cases_ends_once),
        green_test(a_poll_with_a_descriptor_in_several_entries_ends_once),
        green_test(a_plain_close_is_noticed_by_a_hub_that_has_been_busy),
        green_test(a_busy_hub_notices_a_plain_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
