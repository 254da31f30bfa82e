/* SPDX-License-Identifier: MIT */
/* test_pollers.c - the contract of hub.h's pollers, kept by each of them.
 *
 * The pollers are driven without a hub: the two functions of the hub that they
 * call are here, and note what they are told. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "sched.h"
#include "hub.h"
#include "sys.h"

enum { BOTH = GREEN_READ | GREEN_WRITE, NUMBERS = 1024, MANY = 300 };

static const struct poller_ops *ops;
static struct poller *poller;
static int queue_fd; /* the poller's own descriptor, or -1 */

/* What the hub would want to know, and what it was told, by number. */
static struct {
    int events;
    uint32_t generation;
} wanted[NUMBERS], told[NUMBERS];

static int failures[NUMBERS]; /* errno, by number */

/* ---- in place of the hub ---- */

void green__fd_ready(struct green_hub *h, int fd, uint32_t generation,
                     int events)
{
    (void)h;
    told[fd].events |= events;
    told[fd].generation = generation;
}

void green__fd_failed(struct green_hub *h, int fd, int error)
{
    (void)h;
    failures[fd] = error;
}

int green__fd_next_wanted(struct green_hub *h, int fd, int *events,
                          uint32_t *generation)
{
    (void)h;
    while (++fd < NUMBERS)
        if (wanted[fd].events) {
            *events = wanted[fd].events;
            *generation = wanted[fd].generation;
            return fd;
        }
    return -1;
}

static void want(int fd, int events, uint32_t generation)
{
    wanted[fd].events = events;
    wanted[fd].generation = generation;
}

static void want_and_watch(int fd, int events, uint32_t generation)
{
    want(fd, events, generation);
    assert_int_equal(ops->watch(poller, fd, generation), 0);
}

static void look(int64_t timeout)
{
    ops->wait(poller, NULL, timeout);
}

/* Look until fd is told to be ready for `events`. */
static void look_for(int fd, int events)
{
    while ((told[fd].events & events) != events)
        look(-1);
}

/* Take what the poller has to tell now, and forget it. */
static void settle(void)
{
    look(0);
    look(0);
    memset(told, 0, sizeof told);
}

static void assert_told(int fd, int events, uint32_t generation)
{
    assert_int_equal(told[fd].events, events);
    assert_int_equal(told[fd].generation, generation);
}

/* ---- fixture ---- */

static int (*system_epoll_create)(void), (*system_kqueue)(void);

static int note_epoll_create(void)
{
    return queue_fd = system_epoll_create();
}

static int note_kqueue(void)
{
    return queue_fd = system_kqueue();
}

static int open_it(void **state)
{
    ops = *state;
    memset(wanted, 0, sizeof wanted);
    memset(told, 0, sizeof told);
    queue_fd = -1;
    green__sys.epoll_create = note_epoll_create;
    green__sys.kqueue = note_kqueue;
    poller = ops->open();
    return poller ? 0 : -1;
}

static int close_it(void **state)
{
    (void)state;
    ops->close(poller);
    green__sys.epoll_create = system_epoll_create;
    green__sys.kqueue = system_kqueue;
    return 0;
}

static void make_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(pair[0] < NUMBERS && pair[1] < NUMBERS);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fcntl(pair[i], F_SETFL, O_NONBLOCK), 0);
}

static void close_both(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void put_byte(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static void fill(int fd)
{
    char block[4096] = {0};

    while (write(fd, block, sizeof block) > 0)
        continue;
    while (write(fd, block, 1) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
}

static void drain(int fd)
{
    char block[4096];

    while (read(fd, block, sizeof block) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
}

/* ---- readiness ---- */

static void present_readiness_is_told_at_once(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    put_byte(pair[1]);
    want_and_watch(pair[0], BOTH, 7);
    look_for(pair[0], BOTH);
    assert_told(pair[0], BOTH, 7);
    close_both(pair);
}

static void something_to_read_is_told_when_it_comes(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    fill(pair[0]);
    want_and_watch(pair[0], BOTH, 7);
    look(0);
    assert_told(pair[0], 0, 0);
    put_byte(pair[1]);
    look_for(pair[0], GREEN_READ);
    assert_told(pair[0], GREEN_READ, 7);
    close_both(pair);
}

static void room_to_write_is_told_when_it_comes(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    fill(pair[0]);
    want_and_watch(pair[0], BOTH, 7);
    look(0);
    assert_told(pair[0], 0, 0);
    drain(pair[1]);
    look_for(pair[0], GREEN_WRITE);
    assert_told(pair[0], GREEN_WRITE, 7);
    close_both(pair);
}

/* The kernel's edge is a new arrival, whether or not the old one was read. */
static void each_arrival_is_told(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    for (int i = 0; i < 3; i++) {
        settle();
        put_byte(pair[1]);
        look_for(pair[0], GREEN_READ);
    }
    close_both(pair);
}

static void a_hang_up_wakes_both_directions(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    fill(pair[0]);
    want_and_watch(pair[0], BOTH, 7);
    settle();
    close(pair[1]);
    look_for(pair[0], BOTH | READY_ENDED);
    assert_told(pair[0], BOTH | READY_ENDED, 7);
    close(pair[0]);
}

/* Only that poll says nothing about whether there will be more. */
static void the_end_of_sending_wakes_readers_only(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    fill(pair[0]);
    want_and_watch(pair[0], BOTH, 7);
    settle();
    assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
    look_for(pair[0], GREEN_READ);
    assert_told(
        pair[0],
        ops == &green__poll_poller ? GREEN_READ : GREEN_READ | READY_ENDED, 7);
    close_both(pair);
}

static void a_pipe_without_readers_wakes_writers(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(green__sys.pipe(fds), 0);
    fill(fds[1]);
    want_and_watch(fds[1], GREEN_WRITE, 7);
    settle();
    close(fds[0]);
    look_for(fds[1], GREEN_WRITE | READY_ENDED);
    close(fds[1]);
}

static void a_pipe_without_writers_wakes_readers(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(green__sys.pipe(fds), 0);
    want_and_watch(fds[0], GREEN_READ, 7);
    settle();
    close(fds[1]);
    look_for(fds[0], GREEN_READ | READY_ENDED);
    close(fds[0]);
}

static void many_descriptors_are_told_each_with_its_generation(void **state)
{
    int fds[MANY][2];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(green__sys.pipe(fds[i]), 0);
        assert_true(fds[i][1] < NUMBERS);
        want_and_watch(fds[i][0], GREEN_READ, (uint32_t)(i + 1));
    }
    look(0);
    for (int i = 0; i < MANY; i++)
        assert_told(fds[i][0], 0, 0);
    for (int i = 0; i < MANY; i++)
        put_byte(fds[i][1]);
    for (int i = 0; i < MANY; i++) {
        look_for(fds[i][0], GREEN_READ);
        assert_told(fds[i][0], GREEN_READ, (uint32_t)(i + 1));
    }
    for (int i = 0; i < MANY; i++)
        close_both(fds[i]);
}

static void generations_have_all_32_bits(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], BOTH, UINT32_MAX);
    look_for(pair[0], GREEN_WRITE);
    assert_told(pair[0], GREEN_WRITE, UINT32_MAX);
    close_both(pair);
}

/* ---- what cannot be watched ---- */

static void a_closed_descriptor_is_refused_with_ebadf(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    close_both(pair);
    errno = 0;
    assert_int_equal(ops->watch(poller, pair[0], 1), -1);
    assert_int_equal(errno, EBADF);
    errno = 0;
    assert_int_equal(ops->rewatch(poller, pair[0], 2), -1);
    assert_int_equal(errno, EBADF);
}

static void a_file_is_refused_with_eperm(void **state)
{
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    errno = 0;
    assert_int_equal(ops->watch(poller, fileno(file), 1), -1);
    assert_int_equal(errno, EPERM);
    fclose(file);
}

/* ---- rewatch and unwatch ---- */

static void rewatch_tells_of_present_readiness_again(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    put_byte(pair[1]);
    want_and_watch(pair[0], BOTH, 7);
    settle();
    want(pair[0], BOTH, 8);
    assert_int_equal(ops->rewatch(poller, pair[0], 8), 0);
    look_for(pair[0], BOTH);
    assert_told(pair[0], BOTH, 8);
    close_both(pair);
}

static void rewatch_finds_the_next_descriptor_of_a_number(void **state)
{
    int old[2], new[2], number;

    (void)state;
    make_pair(old);
    make_pair(new);
    number = old[0];
    want_and_watch(number, BOTH, 7);
    settle();
    close(number);
    assert_int_equal(dup2(new[0], number), number);
    want(number, BOTH, 8);
    assert_true(ops->rewatch(poller, number, 8) >= 0); /* some can tell */
    put_byte(new[1]);
    look_for(number, GREEN_READ);
    assert_int_equal(told[number].generation, 8);
    close_both(old);
    close_both(new);
}

static void watching_twice_is_watching(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    want_and_watch(pair[0], GREEN_READ, 8);
    settle();
    put_byte(pair[1]);
    look_for(pair[0], GREEN_READ);
    assert_int_equal(told[pair[0]].generation, 8);
    close_both(pair);
}

static void nothing_is_told_after_unwatch(void **state)
{
    int pair[2];

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], BOTH, 7);
    settle();
    want(pair[0], 0, 0);
    ops->unwatch(poller, pair[0]);
    put_byte(pair[1]);
    look(0);
    assert_told(pair[0], 0, 0);
    want_and_watch(pair[0], BOTH, 8);
    look_for(pair[0], GREEN_READ);
    close_both(pair);
}

/* ---- time ---- */

static void no_wait_is_shorter_than_its_timeout(void **state)
{
    const int64_t timeout = 1700001;
    int pair[2];

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    settle();
    for (int i = 0; i < 5; i++) {
        int64_t start = green__sys.now();

        look(timeout);
        assert_true(green__sys.now() - start >= timeout);
    }
    assert_told(pair[0], 0, 0);
    close_both(pair);
}

static void *put_byte_from_thread(void *fd)
{
    return write(*(int *)fd, "x", 1) == 1 ? fd : NULL;
}

static void a_wait_without_end_ends_when_something_happens(void **state)
{
    int pair[2];
    pthread_t thread;
    void *result;

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    settle();
    assert_int_equal(
        pthread_create(&thread, NULL, put_byte_from_thread, &pair[1]), 0);
    look_for(pair[0], GREEN_READ);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    close_both(pair);
}

static atomic_bool interrupted;
static pthread_t waiting_thread;

static void ignore_signal(int signo)
{
    (void)signo;
}

static void *keep_interrupting(void *arg)
{
    while (!atomic_load(&interrupted)) {
        pthread_kill(waiting_thread, SIGUSR1);
        green__sys.poll(NULL, 0, 1000000);
    }
    return arg;
}

static void a_signal_ends_a_wait_and_is_no_news(void **state)
{
    struct sigaction act = {.sa_handler = ignore_signal}, before;
    int pair[2];
    pthread_t thread;

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    settle();
    assert_int_equal(sigaction(SIGUSR1, &act, &before), 0);
    waiting_thread = pthread_self();
    atomic_store(&interrupted, false);
    assert_int_equal(pthread_create(&thread, NULL, keep_interrupting, NULL), 0);
    look(-1);
    atomic_store(&interrupted, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_told(pair[0], 0, 0);
    put_byte(pair[1]);
    look_for(pair[0], GREEN_READ);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    close_both(pair);
}

/* ---- the poller's own descriptor is closed behind its back ---- */

static void a_lost_queue_is_replaced_by_the_next_wait(void **state)
{
    int pair[2];

    (void)state;
    if (queue_fd < 0)
        skip();
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    settle();
    close(queue_fd);
    look(0);
    put_byte(pair[1]);
    look_for(pair[0], GREEN_READ);
    assert_int_equal(told[pair[0]].generation, 7);
    close_both(pair);
}

static void a_lost_queue_is_replaced_by_the_next_watch(void **state)
{
    int first[2], second[2];

    (void)state;
    if (queue_fd < 0)
        skip();
    make_pair(first);
    make_pair(second);
    want_and_watch(first[0], GREEN_READ, 7);
    settle();
    close(queue_fd);
    want_and_watch(second[0], GREEN_READ, 8);
    put_byte(first[1]);
    put_byte(second[1]);
    look_for(first[0], GREEN_READ);
    look_for(second[0], GREEN_READ);
    close_both(first);
    close_both(second);
}

static void whoever_has_a_lost_queues_number_keeps_it(void **state)
{
    int pair[2], other[2], number = queue_fd;

    (void)state;
    if (queue_fd < 0)
        skip();
    make_pair(pair);
    assert_int_equal(pipe(other), 0);
    want_and_watch(pair[0], GREEN_READ, 7);
    settle();
    assert_int_equal(dup2(other[0], number), number);
    look(0);
    put_byte(pair[1]);
    look_for(pair[0], GREEN_READ);
    assert_int_not_equal(queue_fd, number);
    assert_true(fcntl(number, F_GETFD) >= 0);
    close(number);
    close_both(other);
    close_both(pair);
}

static void one_closed_with_the_queue_is_told_to_be_ready(void **state)
{
    int pair[2];

    (void)state;
    if (queue_fd < 0)
        skip();
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    settle();
    close(queue_fd);
    close_both(pair);
    look_for(pair[0], BOTH | READY_ENDED);
    assert_told(pair[0], BOTH | READY_ENDED, 7);
}

static int no_number_left(void)
{
    errno = EMFILE;
    return -1;
}

static void
without_a_number_for_a_new_queue_it_waits_and_tries_again(void **state)
{
    const int64_t timeout = 1700001;
    int64_t start;
    int pair[2];

    (void)state;
    if (queue_fd < 0)
        skip();
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 7);
    settle();
    close(queue_fd);
    green__sys.epoll_create = green__sys.kqueue = no_number_left;
    for (int i = 0; i < 3; i++) {
        start = green__sys.now();
        look(timeout);
        assert_true(green__sys.now() - start >= timeout);
    }
    green__sys.epoll_create = note_epoll_create;
    green__sys.kqueue = note_kqueue;
    put_byte(pair[1]);
    look_for(pair[0], GREEN_READ);
    close_both(pair);
}

/* ---- without memory, without descriptors ---- */

static void *refuse_memory(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static void *refuse_more_memory(void *old, size_t size)
{
    (void)old;
    return refuse_memory(size);
}

static void without_memory_none_is_opened(void **state)
{
    struct poller *p;

    (void)state;
    green__sys.malloc = refuse_memory;
    errno = 0;
    p = ops->open();
    green__sys.malloc = malloc;
    assert_null(p);
    assert_int_equal(errno, ENOMEM);
}

static void without_a_free_number_none_is_opened(void **state)
{
    struct poller *p;

    (void)state;
    if (queue_fd < 0)
        skip();
    green__sys.epoll_create = green__sys.kqueue = no_number_left;
    errno = 0;
    p = ops->open();
    assert_null(p);
    assert_int_equal(errno, EMFILE);
}

/* Either it needs none, or it says so and can be asked again. */
static void without_memory_a_descriptor_is_watched_or_refused(void **state)
{
    int pair[2], result;

    (void)state;
    make_pair(pair);
    want(pair[0], GREEN_WRITE, 7);
    green__sys.realloc = refuse_more_memory;
    result = ops->watch(poller, pair[0], 7);
    green__sys.realloc = realloc;
    if (result != 0) {
        assert_int_equal(errno, ENOMEM);
        want_and_watch(pair[0], GREEN_WRITE, 7);
    }
    look_for(pair[0], GREEN_WRITE);
    close_both(pair);
}

static int refuse_to_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    (void)fds, (void)n, (void)timeout;
    errno = ENOMEM;
    return -1;
}

/* Of those that the kernel keeps for us, it need not know more then. */
static void a_look_that_fails_is_told_to_all(void **state)
{
    int pair[2], expected = ops == &green__poll_poller ? ENOMEM : 0;
    struct sys before = green__sys;

    (void)state;
    make_pair(pair);
    want_and_watch(pair[0], GREEN_READ, 1);
    want_and_watch(pair[1], GREEN_READ, 1);
    memset(failures, 0, sizeof failures);
    green__sys.poll = refuse_to_poll;
    look(0);
    green__sys.poll = before.poll;
    assert_int_equal(failures[pair[0]], expected);
    assert_int_equal(failures[pair[1]], expected);
    close_both(pair);
}

/* ---- each poller that this system has ---- */

#define POLLER_TEST(test)                                         \
    {                                                             \
#test, test, open_it, close_it, (void *)(uintptr_t)tested \
    }

static int run_tests_of(const struct poller_ops *tested)
{
    const struct CMUnitTest tests[] = {
        POLLER_TEST(present_readiness_is_told_at_once),
        POLLER_TEST(something_to_read_is_told_when_it_comes),
        POLLER_TEST(room_to_write_is_told_when_it_comes),
        POLLER_TEST(each_arrival_is_told),
        POLLER_TEST(a_hang_up_wakes_both_directions),
        POLLER_TEST(the_end_of_sending_wakes_readers_only),
        POLLER_TEST(a_pipe_without_readers_wakes_writers),
        POLLER_TEST(a_pipe_without_writers_wakes_readers),
        POLLER_TEST(many_descriptors_are_told_each_with_its_generation),
        POLLER_TEST(generations_have_all_32_bits),
        POLLER_TEST(a_closed_descriptor_is_refused_with_ebadf),
        POLLER_TEST(a_file_is_refused_with_eperm),
        POLLER_TEST(rewatch_tells_of_present_readiness_again),
        POLLER_TEST(rewatch_finds_the_next_descriptor_of_a_number),
        POLLER_TEST(watching_twice_is_watching),
        POLLER_TEST(nothing_is_told_after_unwatch),
        POLLER_TEST(no_wait_is_shorter_than_its_timeout),
        POLLER_TEST(a_wait_without_end_ends_when_something_happens),
        POLLER_TEST(a_signal_ends_a_wait_and_is_no_news),
        POLLER_TEST(a_lost_queue_is_replaced_by_the_next_wait),
        POLLER_TEST(a_lost_queue_is_replaced_by_the_next_watch),
        POLLER_TEST(whoever_has_a_lost_queues_number_keeps_it),
        POLLER_TEST(one_closed_with_the_queue_is_told_to_be_ready),
        POLLER_TEST(without_a_number_for_a_new_queue_it_waits_and_tries_again),
        POLLER_TEST(without_memory_none_is_opened),
        POLLER_TEST(without_a_free_number_none_is_opened),
        POLLER_TEST(without_memory_a_descriptor_is_watched_or_refused),
        POLLER_TEST(a_look_that_fails_is_told_to_all),
    };

    return cmocka_run_group_tests_name(tested->name, tests, NULL, NULL);
}

int main(void)
{
    static const struct poller_ops *const all[] = {
        &green__epoll, &green__kqueue, &green__poll_poller};
    int failed = 0, present = 0;

    system_epoll_create = green__sys.epoll_create;
    system_kqueue = green__sys.kqueue;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct poller *p = all[i]->open();

        if (!p && errno == ENOSYS)
            continue;
        if (p)
            all[i]->close(p);
        present++;
        failed += run_tests_of(all[i]);
    }
    return failed || present < 2;
}
