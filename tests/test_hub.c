/* SPDX-License-Identifier: MIT */
/* test_hub.c - descriptors: who waits, who is woken, and flags that are not ours.
 * Closing is in test_close.c, threads are in test_threads.c. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int fds[2];

struct reader {
    const char *name;
    int fd;
};

static void *read_byte(void *arg)
{
    struct reader *r = arg;
    char byte = '-';

    note_result(r->name, green_read(r->fd, &byte, 1));
    note("%c", byte);
    return NULL;
}

static void *wait_readable(void *arg)
{
    struct reader *r = arg;

    note_result(r->name, green_wait_fd(r->fd, GREEN_READ, GREEN_FOREVER));
    return NULL;
}

/* Returns when the hub has looked at descriptors, and all has settled. */
static void let_hub_look(void)
{
    check_equal(green_sleep(1), 0);
    settle();
}

/* ---- many wait for one ---- */

/* gevent: rule F5 */
static void any_number_may_wait_for_one_descriptor(void **state)
{
    struct reader readers[3] = {{"a", 0}, {"b", 0}, {"c", 0}};
    green_t *gs[3];

    (void)state;
    make_pipe(fds);
    for (int i = 0; i < 3; i++) {
        readers[i].fd = fds[0];
        gs[i] = spawn(wait_readable, &readers[i]);
    }
    settle();
    check_equal(write(fds[1], "x", 1), 1);
    finish_all(gs, 3);
    check_log("a:ok b:ok c:ok");
    close_both(fds);
}

static void three_readers_get_a_byte_each(void **state)
{
    struct reader readers[3] = {{"a", 0}, {"b", 0}, {"c", 0}};
    green_t *gs[3];

    (void)state;
    make_pair(fds);
    for (int i = 0; i < 3; i++) {
        readers[i].fd = fds[0];
        gs[i] = spawn(read_byte, &readers[i]);
    }
    settle();
    check_equal(write(fds[1], "1", 1), 1);
    let_hub_look();
    check_log("a:ok 1");
    check_equal(write(fds[1], "23", 2), 2);
    finish_all(gs, 3);
    check_log("b:ok 2 c:ok 3");
    close_both(fds);
}

static void *write_much(void *fd)
{
    static char bytes[1 << 20];

    check_equal(green_write_all(*(int *)fd, bytes, sizeof bytes), sizeof bytes);
    return NULL;
}

static void *read_much(void *fd)
{
    static char bytes[1 << 20];

    check_equal(green_read_all(*(int *)fd, bytes, sizeof bytes), sizeof bytes);
    return NULL;
}

/* gevent: test__socket.py test_fullduplex */
static void one_reads_while_another_writes(void **state)
{
    green_t *gs[4];

    (void)state;
    make_pair(fds);
    for (int i = 0; i < 4; i++)
        gs[i] = spawn(i < 2 ? write_much : read_much, &fds[i % 2]);
    finish_all(gs, 4);
    close_both(fds);
}

/* gevent: rule O3 where it is found wanting; test__selectors.py
 * test_select_many_sockets */
static void
those_ready_in_one_look_go_on_in_the_order_they_became_so(void **state)
{
    static const char *const names[] = {"0", "1", "2", "3", "4"};
    struct reader readers[5];
    green_t *gs[5];
    int pairs[5][2];

    (void)state;
    for (int i = 0; i < 5; i++) {
        make_pair(pairs[i]);
        readers[i] = (struct reader){names[i], pairs[i][0]};
        gs[i] = spawn(wait_readable, &readers[i]);
    }
    settle();
    for (int i = 0; i < 5; i++)
        check_equal(write(pairs[i][1], "x", 1), 1);
    finish_all(gs, 5);
    check_log("0:ok 1:ok 2:ok 3:ok 4:ok");
    for (int i = 0; i < 5; i++)
        close_both(pairs[i]);
}

/* ---- ends ---- */

/* libfiber: "HUP/ERR not handled, busy loop" */
static void the_end_of_a_peer_ends_a_wait(void **state)
{
    struct reader r = {"r", 0};
    green_t *g;

    (void)state;
    make_pipe(fds);
    r.fd = fds[0];
    g = spawn(read_byte, &r);
    settle();
    check_equal(green_close(fds[1]), 0);
    finish(g);
    g = spawn(wait_readable, &r);
    finish(g);
    check_log("r:ok - r:ok");
    check_equal(green_close(fds[0]), 0);
}

static void *write_byte(void *fd)
{
    note_result("w", green_write(*(int *)fd, "x", 1));
    return NULL;
}

static void the_end_of_a_reader_ends_a_wait_to_write(void **state)
{
    green_t *g;

    (void)state;
    make_pair(fds);
    fill(fds[0]);
    g = spawn(write_byte, &fds[0]);
    settle();
    check_equal(green_close(fds[1]), 0);
    finish(g);
    check_log("w:EPIPE");
    check_equal(green_close(fds[0]), 0);
}

/* gevent: rule F6, where ours is the peer's view */
static void shutdown_shows_to_those_who_wait_as_from_the_peer(void **state)
{
    struct reader r = {"r", 0};
    green_t *gs[2];

    (void)state;
    make_pair(fds);
    r.fd = fds[0];
    fill(fds[0]);
    gs[0] = spawn(read_byte, &r);
    gs[1] = spawn(write_byte, &fds[0]);
    settle();
    check_equal(green_shutdown(fds[0], SHUT_RDWR), 0);
    finish_all(gs, 2);
    check_log("r:ok - w:EPIPE");
    close_both(fds);
}

/* ---- what may be waited for ---- */

static void both_events_can_be_waited_for(void **state)
{
    int both = GREEN_READ | GREEN_WRITE;

    (void)state;
    make_pair(fds);
    check_equal(green_wait_fd(fds[0], both, GREEN_FOREVER), GREEN_WRITE);
    check_equal(write(fds[1], "x", 1), 1);
    check_equal(green_wait_fd(fds[0], both, GREEN_FOREVER), both);
    check_equal(green_wait_fd(fds[0], GREEN_READ, 0), GREEN_READ);
    check_fails(green_wait_fd(fds[0], 0, GREEN_FOREVER), EINVAL);
    check_fails(green_wait_fd(fds[0], 8, GREEN_FOREVER), EINVAL);
    close_both(fds);
}

static void a_high_number_works_as_a_low_one(void **state)
{
    struct rlimit limit;
    struct reader r = {"r", -1};
    green_t *g;

    (void)state;
    check_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    check_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    make_pair(fds);
    r.fd = fcntl(fds[0], F_DUPFD_CLOEXEC,
                 limit.rlim_max > 4000 ? 3999 : (int)limit.rlim_max - 1);
    g = spawn(read_byte, &r);
    settle();
    check_equal(green_write(fds[1], "x", 1), 1);
    finish(g);
    check_log("r:ok x");
    check_equal(green_close(r.fd), 0);
    close_both(fds);
}

/* ---- flags ---- */

static void the_flags_of_descriptors_made_elsewhere_are_left_alone(void **state)
{
    struct reader r = {"r", 0};
    int flags[2];
    green_t *g;

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        kind ? make_pair(fds) : make_pipe(fds);
        flags[0] = fcntl(fds[0], F_GETFL);
        flags[1] = fcntl(fds[1], F_GETFL);
        r.fd = fds[0];
        g = spawn(read_byte, &r);
        settle();
        check_equal(fcntl(fds[0], F_GETFL), flags[0]);
        check_equal(green_write(fds[1], "x", 1), 1);
        finish(g);
        check_equal(fcntl(fds[0], F_GETFL), flags[0]);
        check_equal(fcntl(fds[1], F_GETFL), flags[1]);
        check_log("r:ok x");
        close_both(fds);
    }
}

/* ---- what a burst leaves ---- */

enum { BURST = 200 }; /* more than are kept warm for ever */

static void *note_frame(void *frame)
{
    *(void **)frame = __builtin_frame_address(0);
    green_yield();
    return NULL;
}

static void run_burst(void *frames[BURST])
{
    green_t *gs[BURST];
    int i;

    for (i = 0; i < BURST; i++)
        gs[i] = spawn(note_frame, &frames[i]);
    finish_all(gs, BURST);
}

static int count_resident(void *const frames[BURST])
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char resident;
    int count = 0, i;

    for (i = 0; i < BURST; i++) {
        void *start = (void *)((uintptr_t)frames[i] & ~(page - 1));

        resident = 0;
        check_equal(mincore(start, page, &resident), 0);
        count += resident & 1;
    }
    return count;
}

static uint64_t count_polls(void)
{
    green_stats_t stats;

    green_stats(&stats);
    return stats.polls;
}

static void a_long_rest_gives_back_the_memory_of_a_burst(void **state)
{
    static void *frames[BURST];
    uint64_t polls;

    (void)state;
    clock_take();
    run_burst(frames);
    check_equal(count_resident(frames), BURST);
    check_equal(green_sleep(60 * GREEN_SEC), 0);
    check(count_resident(frames) < BURST / 2);
    polls = count_polls();
    check_equal(green_sleep(60 * GREEN_SEC), 0);
    check(count_polls() - polls < 5); /* nothing is left to be done */
}

static void *ask_for_hub(void *answers)
{
    ((bool *)answers)[0] = green_has_hub();
    green_self();
    ((bool *)answers)[1] = green_has_hub();
    return NULL;
}

static void a_thread_has_a_hub_from_its_first_call_on(void **state)
{
    bool answers[2] = {true, false};
    pthread_t thread;

    (void)state;
    check_equal(pthread_create(&thread, NULL, ask_for_hub, answers), 0);
    check_equal(pthread_join(thread, NULL), 0);
    check(!answers[0] && answers[1]);
}

static uint64_t polls_so_far(void)
{
    green_stats_t stats;

    check_equal(green_stats(&stats), 0);
    return stats.polls;
}

static void *write_to_pipe(void *arg)
{
    (void)arg;
    check_equal(write(fds[1], "x", 1), 1);
    return NULL;
}

/* How often the hub polled in one sleep. */
static uint64_t polls_of_a_sleep(void)
{
    uint64_t before = polls_so_far();
    int64_t begun = green_now();

    check_equal(green_sleep(2 * GREEN_MS), 0);
    check(green_now() - begun >= 2 * GREEN_MS);
    return polls_so_far() - before;
}

/* In a thread, since it is read when a hub is made.  Who is not let run for two
 * milliseconds polls but once, so a sleep may have to be repeated. */
static void *wait_spinning(void *arg)
{
    bool *often = arg;
    pthread_t writer;
    char byte;

    for (int i = 0; i < 1000 && !*often; i++)
        *often = polls_of_a_sleep() > 3;
    check_equal(pthread_create(&writer, NULL, write_to_pipe, NULL), 0);
    check_equal(green_read(fds[0], &byte, 1), 1);
    check_equal(pthread_join(writer, NULL), 0);
    return NULL;
}

static void a_hub_asks_on_before_it_sleeps_where_that_is_wanted(void **state)
{
    bool often = false;
    pthread_t thread;

    (void)state;
    check_equal(pipe(fds), 0);
    check_equal(setenv("GREEN_SPIN_US", "1000", 1), 0);
    check_equal(pthread_create(&thread, NULL, wait_spinning, &often), 0);
    check_equal(pthread_join(thread, NULL), 0);
    check_equal(unsetenv("GREEN_SPIN_US"), 0);
    check(often);
    close_both(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(any_number_may_wait_for_one_descriptor),
        green_test(three_readers_get_a_byte_each),
        green_test(one_reads_while_another_writes),
        green_test(those_ready_in_one_look_go_on_in_the_order_they_became_so),
        green_test(the_end_of_a_peer_ends_a_wait),
        green_test(the_end_of_a_reader_ends_a_wait_to_write),
        green_test(shutdown_shows_to_those_who_wait_as_from_the_peer),
        green_test(both_events_can_be_waited_for),
        green_test(a_high_number_works_as_a_low_one),
        green_test(the_flags_of_descriptors_made_elsewhere_are_left_alone),
        green_test(a_long_rest_gives_back_the_memory_of_a_burst),
        green_test(a_thread_has_a_hub_from_its_first_call_on),
        green_test(a_hub_asks_on_before_it_sleeps_where_that_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
