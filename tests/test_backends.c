/* SPDX-License-Identifier: MIT */
/* test_backends.c - descriptors through the public calls, with each GREEN_BACKEND
 * that this system has.
 *
 * A thread's hub has one poller for good, so each backend is tested in a child
 * of its own.  Greenlets note what they saw; only main asserts. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "green.h"

enum { PAIRS = 200, ROUNDS = 5, BIG = 1 << 20 };

static void make_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void close_both(const int fds[2])
{
    assert_int_equal(green_close(fds[0]), 0);
    assert_int_equal(green_close(fds[1]), 0);
}

static green_t *start(void *(*fn)(void *arg), void *arg)
{
    green_t *g = green_spawn(fn, arg);

    assert_non_null(g);
    return g;
}

static void *finish(green_t *g)
{
    void *value = NULL;

    assert_int_equal(green_join(g, &value, GREEN_FOREVER), 0);
    green_release(g);
    return value;
}

static void yield_often(int times)
{
    while (times-- > 0)
        assert_int_equal(green_yield(), 0);
}

/* A wait for a descriptor, and how it ended. */
struct wait {
    int fd, events;
    int64_t timeout;
    int result, error;
};

static void *wait_for(void *arg)
{
    struct wait *w = arg;

    w->result = green_wait_fd(w->fd, w->events, w->timeout);
    w->error = w->result < 0 ? errno : 0;
    return NULL;
}

/* ---- both directions ---- */

static void *read_one(void *fd)
{
    char byte = 0;

    return green_read(*(int *)fd, &byte, 1) == 1 && byte == 'x' ? fd : NULL;
}

static void a_reader_is_woken_by_what_comes(void **state)
{
    int pair[2];
    green_t *reader;

    (void)state;
    make_pair(pair);
    reader = start(read_one, &pair[0]);
    yield_often(3);
    assert_false(green_ready(reader));
    assert_int_equal(green_write(pair[1], "x", 1), 1);
    assert_ptr_equal(finish(reader), &pair[0]);
    close_both(pair);
}

static void *write_big(void *fd)
{
    char *big = calloc(1, BIG);
    ssize_t n = big ? green_write_all(*(int *)fd, big, BIG) : -1;

    free(big);
    return n == BIG ? fd : NULL;
}

static void a_writer_is_woken_by_room(void **state)
{
    char *big = malloc(BIG);
    int pair[2];
    green_t *writer;

    (void)state;
    assert_non_null(big);
    make_pair(pair);
    writer = start(write_big, &pair[0]);
    yield_often(3);
    assert_false(green_ready(writer));
    assert_int_equal(green_read_all(pair[1], big, BIG), BIG);
    assert_ptr_equal(finish(writer), &pair[0]);
    close_both(pair);
    free(big);
}

/* Neither direction's wake-ups get lost in the other's. */
static void both_directions_of_one_descriptor_go_on_at_once(void **state)
{
    char *big = malloc(BIG);
    int pair[2];
    green_t *writers[2];

    (void)state;
    assert_non_null(big);
    make_pair(pair);
    writers[0] = start(write_big, &pair[0]);
    writers[1] = start(write_big, &pair[1]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(green_read_all(pair[i], big, BIG), BIG);
    for (int i = 0; i < 2; i++)
        assert_ptr_equal(finish(writers[i]), &pair[i]);
    close_both(pair);
    free(big);
}

static void the_events_that_are_ready_are_told(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    assert_int_equal(green_wait_fd(pair[0], GREEN_WRITE, GREEN_FOREVER),
                     GREEN_WRITE);
    assert_int_equal(
        green_wait_fd(pair[0], GREEN_READ | GREEN_WRITE, GREEN_FOREVER),
        GREEN_WRITE);
    assert_int_equal(green_write(pair[1], "x", 1), 1);
    assert_int_equal(green_wait_fd(pair[0], GREEN_READ, GREEN_FOREVER),
                     GREEN_READ);
    assert_int_equal(green_wait_fd(pair[0], GREEN_READ, GREEN_FOREVER),
                     GREEN_READ);
    close_both(pair);
}

static void the_peers_end_wakes_a_reader(void **state)
{
    struct wait w = {.events = GREEN_READ, .timeout = GREEN_FOREVER};
    char byte;
    int pair[2];
    green_t *g;

    (void)state;
    make_pair(pair);
    w.fd = pair[0];
    g = start(wait_for, &w);
    yield_often(3);
    assert_int_equal(green_shutdown(pair[1], SHUT_WR), 0);
    finish(g);
    assert_int_equal(w.result, GREEN_READ);
    assert_int_equal(green_read(pair[0], &byte, 1), 0);
    close_both(pair);
}

static void every_waiter_of_a_descriptor_is_woken(void **state)
{
    struct wait w[3] = {{0}};
    green_t *gs[3];
    int pair[2];

    (void)state;
    make_pair(pair);
    for (int i = 0; i < 3; i++) {
        w[i] = (struct wait){pair[0], GREEN_READ, GREEN_FOREVER, 0, 0};
        gs[i] = start(wait_for, &w[i]);
    }
    yield_often(3);
    assert_int_equal(green_write(pair[1], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        finish(gs[i]);
        assert_int_equal(w[i].result, GREEN_READ);
    }
    close_both(pair);
}

static void a_file_is_always_ready(void **state)
{
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    assert_int_equal(green_wait_fd(fileno(file), GREEN_READ, GREEN_FOREVER),
                     GREEN_READ);
    fclose(file);
}

/* ---- many ---- */

static void *echo(void *fd)
{
    char byte;

    while (green_read(*(int *)fd, &byte, 1) == 1)
        if (green_write(*(int *)fd, &byte, 1) != 1)
            return NULL;
    return fd;
}

static void *talk(void *fd)
{
    for (int i = 0; i < ROUNDS; i++) {
        char sent = (char)('a' + i), got = 0;

        if (green_write(*(int *)fd, &sent, 1) != 1 ||
            green_read(*(int *)fd, &got, 1) != 1 || got != sent)
            return NULL;
    }
    return green_close(*(int *)fd) == 0 ? fd : NULL;
}

static void many_descriptors_are_served(void **state)
{
    static int pairs[PAIRS][2];
    static green_t *talkers[PAIRS], *echoes[PAIRS];

    (void)state;
    for (int i = 0; i < PAIRS; i++) {
        make_pair(pairs[i]);
        echoes[i] = start(echo, &pairs[i][0]);
        talkers[i] = start(talk, &pairs[i][1]);
    }
    for (int i = 0; i < PAIRS; i++) {
        assert_ptr_equal(finish(talkers[i]), &pairs[i][1]);
        assert_ptr_equal(finish(echoes[i]), &pairs[i][0]);
        assert_int_equal(green_close(pairs[i][0]), 0);
    }
}

/* ---- close and reuse ---- */

static void closing_ends_every_wait_with_ebadf(void **state)
{
    struct wait w[2];
    green_t *gs[2];
    int pair[2];

    (void)state;
    make_pair(pair);
    for (int i = 0; i < 2; i++) {
        w[i] = (struct wait){pair[0], GREEN_READ, GREEN_FOREVER, 0, 0};
        gs[i] = start(wait_for, &w[i]);
    }
    yield_often(3);
    close_both(pair);
    for (int i = 0; i < 2; i++) {
        finish(gs[i]);
        assert_int_equal(w[i].result, -1);
        assert_int_equal(w[i].error, EBADF);
    }
}

static void plain_close_ends_a_wait_before_the_hub_rests(void **state)
{
    struct wait w = {.events = GREEN_READ, .timeout = GREEN_FOREVER};
    int pair[2];
    green_t *g;

    (void)state;
    make_pair(pair);
    w.fd = pair[0];
    g = start(wait_for, &w);
    yield_often(3);
    close(pair[0]);
    finish(g);
    assert_int_equal(w.result, -1);
    assert_int_equal(w.error, EBADF);
    green_close(pair[1]);
}

/* The old descriptor lives on as a duplicate, and has something to read: none
 * of its events may be taken for the new one's. */
static void a_reused_number_gets_no_old_event(void **state)
{
    int old[2], new[2], number, duplicate;

    (void)state;
    make_pair(old);
    make_pair(new);
    number = old[0];
    assert_int_equal(green_wait_fd(number, GREEN_WRITE, GREEN_FOREVER),
                     GREEN_WRITE);
    duplicate = dup(number);
    assert_true(duplicate >= 0);
    assert_int_equal(green_close(number), 0);
    assert_int_equal(dup2(new[0], number), number);
    assert_int_equal(green_write(old[1], "x", 1), 1);
    assert_int_equal(green_wait_fd(number, GREEN_READ, 20 * GREEN_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(green_write(new[1], "x", 1), 1);
    assert_int_equal(green_wait_fd(number, GREEN_READ, GREEN_FOREVER),
                     GREEN_READ);
    green_close(number);
    green_close(duplicate);
    green_close(old[1]);
    close_both(new);
}

static void a_number_reused_by_plain_calls_is_waited_for_anew(void **state)
{
    char byte;
    int pair[2];

    (void)state;
    for (int i = 0; i < 20; i++) {
        green_t *reader;

        make_pair(pair);
        reader = start(read_one, &pair[0]);
        yield_often(2);
        assert_int_equal(green_write(pair[1], "x", 1), 1);
        assert_ptr_equal(finish(reader), &pair[0]);
        close(pair[1]);
        assert_int_equal(green_read(pair[0], &byte, 1), 0);
        close(pair[0]);
    }
}

/* ---- time ---- */

static void no_wait_or_sleep_ends_early(void **state)
{
    static const int64_t timeouts[] = {1, 300 * GREEN_US, 1700001,
                                       7 * GREEN_MS};
    int pair[2];

    (void)state;
    make_pair(pair);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int64_t begin = green_now();

        assert_int_equal(green_wait_fd(pair[0], GREEN_READ, timeouts[i]), -1);
        assert_int_equal(errno, ETIMEDOUT);
        assert_true(green_now() - begin >= timeouts[i]);
        begin = green_now();
        assert_int_equal(green_sleep(timeouts[i]), 0);
        assert_true(green_now() - begin >= timeouts[i]);
    }
    close_both(pair);
}

static void timers_go_on_beside_descriptors(void **state)
{
    struct wait w[4];
    green_t *gs[4];
    int pair[2];

    (void)state;
    make_pair(pair);
    for (int i = 0; i < 4; i++) {
        w[i] = (struct wait){pair[0], GREEN_READ, (4 - i) * GREEN_MS, 0, 0};
        gs[i] = start(wait_for, &w[i]);
    }
    for (int i = 0; i < 4; i++) {
        finish(gs[i]);
        assert_int_equal(w[i].result, -1);
        assert_int_equal(w[i].error, ETIMEDOUT);
    }
    close_both(pair);
}

/* ---- what programs do to us ---- */

static volatile sig_atomic_t alarms;

static void count_alarm(int signo)
{
    (void)signo;
    alarms++;
}

static void signals_neither_end_nor_fail_a_wait(void **state)
{
    struct sigaction act = {.sa_handler = count_alarm}, before;
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0}, {0}};
    int64_t begin = green_now();
    int pair[2], result, error;

    (void)state;
    make_pair(pair);
    alarms = 0;
    assert_int_equal(sigaction(SIGALRM, &act, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    do {
        result = green_wait_fd(pair[0], GREEN_READ, 10 * GREEN_MS);
        error = errno;
    } while (alarms < 3 && result == -1 && error == ETIMEDOUT);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(alarms >= 3);
    assert_int_equal(result, -1);
    assert_int_equal(error, ETIMEDOUT);
    assert_true(green_now() - begin >= 10 * GREEN_MS);
    close_both(pair);
}

static void a_program_may_close_all_descriptors_it_did_not_open(void **state)
{
    int pair[2];
    green_t *reader;

    (void)state;
    make_pair(pair);
    reader = start(read_one, &pair[0]);
    assert_int_equal(green_sleep(GREEN_MS), 0);
    for (int fd = 3; fd < 1024; fd++)
        if (fd != pair[0] && fd != pair[1])
            close(fd);
    assert_int_equal(green_sleep(GREEN_MS), 0);
    assert_int_equal(green_write(pair[1], "x", 1), 1);
    assert_ptr_equal(finish(reader), &pair[0]);
    close_both(pair);
}

/* ---- each backend in a child ---- */

static int run_tests_with(const char *backend)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_is_woken_by_what_comes),
        cmocka_unit_test(a_writer_is_woken_by_room),
        cmocka_unit_test(both_directions_of_one_descriptor_go_on_at_once),
        cmocka_unit_test(the_events_that_are_ready_are_told),
        cmocka_unit_test(the_peers_end_wakes_a_reader),
        cmocka_unit_test(every_waiter_of_a_descriptor_is_woken),
        cmocka_unit_test(a_file_is_always_ready),
        cmocka_unit_test(many_descriptors_are_served),
        cmocka_unit_test(closing_ends_every_wait_with_ebadf),
        cmocka_unit_test(plain_close_ends_a_wait_before_the_hub_rests),
        cmocka_unit_test(a_reused_number_gets_no_old_event),
        cmocka_unit_test(a_number_reused_by_plain_calls_is_waited_for_anew),
        cmocka_unit_test(no_wait_or_sleep_ends_early),
        cmocka_unit_test(timers_go_on_beside_descriptors),
        cmocka_unit_test(signals_neither_end_nor_fail_a_wait),
        cmocka_unit_test(a_program_may_close_all_descriptors_it_did_not_open),
    };

    return cmocka_run_group_tests_name(backend, tests, NULL, NULL);
}

enum { GOOD, BAD, LACKING };

/* Does the first wait say that this system does not have the backend? */
static int is_lacking(void)
{
    struct wait w = {.events = GREEN_READ, .timeout = GREEN_FOREVER};
    int pair[2];
    green_t *g;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    w.fd = pair[0];
    g = green_spawn(wait_for, &w);
    green_yield();
    green_close(pair[0]);
    green_close(pair[1]);
    green_join(g, NULL, GREEN_FOREVER);
    green_release(g);
    return w.error == ENOSYS;
}

static int test_in_child(const char *backend)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        setenv("GREEN_BACKEND", backend, 1);
        if (is_lacking())
            exit(LACKING);
        exit(run_tests_with(backend) == 0 ? GOOD : BAD);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return BAD;
    return WEXITSTATUS(status);
}

/* Every system has two of the three at least, and none has one by a name that
 * there is not. */
int main(void)
{
    static const char *const backends[] = {"epoll", "kqueue", "poll"};
    int good = 0;

    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        int result = test_in_child(backends[i]);

        if (result == BAD)
            return EXIT_FAILURE;
        if (result == GOOD)
            good++;
    }
    if (good < 2 || test_in_child("no such thing") != LACKING)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
