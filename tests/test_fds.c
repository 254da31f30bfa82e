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

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_select_with_a_descriptor_in_several_cases_ends_once),
        green_test(a_poll_with_a_descriptor_in_several_entries_ends_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
