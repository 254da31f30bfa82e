/* SPDX-License-Identifier: MIT */
/* test_hub.c - descriptors: who waits, what closing does, numbers used again,
 * and flags that are not ours.  Threads are in test_threads.c. */
#include "support.h"

#include <fcntl.h>
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
static void those_ready_in_one_look_go_on_in_the_order_they_became_so(
    void **state)
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

/* ---- closing ---- */

/* gevent: test__socket_close.py test_recv_closed; test__hub.py
 * TestCloseSocketWhilePolling; rule F1 */
static void green_close_ends_every_wait_with_EBADF(void **state)
{
    struct reader readers[3] = {{"a", 0}, {"b", 0}, {"c", 0}};
    green_t *gs[3];

    (void)state;
    make_pair(fds);
    for (int i = 0; i < 3; i++) {
        readers[i].fd = fds[0];
        gs[i] = spawn(i == 1 ? wait_readable : read_byte, &readers[i]);
    }
    settle();
    check_equal(green_close(fds[0]), 0);
    note("closed");
    finish_all(gs, 3);
    check_log("closed a:EBADF - b:EBADF c:EBADF -");
    check_fails(green_close(fds[0]), EBADF);
    check_equal(green_close(fds[1]), 0);
}

/* The field's bug of bugs: libdill #129, libuv #968 */
static void who_waited_on_a_number_that_is_used_again_sees_the_close(
    void **state)
{
    struct reader old = {"old", 0}, new = {"new", 0};
    green_t *gs[2];
    int again[2];

    (void)state;
    make_pair(fds);
    old.fd = fds[0];
    gs[0] = spawn(read_byte, &old);
    settle();
    check_equal(green_close(fds[0]), 0);
    make_pair(again);
    check_equal(again[0], fds[0]);
    new.fd = again[0];
    gs[1] = spawn(read_byte, &new);
    check_equal(write(again[1], "n", 1), 1);
    finish_all(gs, 2);
    check_log("old:EBADF - new:ok n");
    close_both(again);
    check_equal(green_close(fds[1]), 0);
}

/* An event of the old file is fetched from the poller together with one whose
 * reader closes it and opens the number anew. */
static void *close_and_reuse(void *arg)
{
    int *both = arg;
    char byte;

    check_equal(green_read(both[0], &byte, 1), 1);
    check_equal(green_close(both[1]), 0);
    make_pipe(fds);
    check_equal(fds[0], both[1]);
    return NULL;
}

static void an_event_for_the_old_file_does_not_reach_the_new_one(void **state)
{
    struct reader old = {"old", 0}, new = {"new", 0};
    int first[2], second[2], both[2];
    green_t *gs[3];

    (void)state;
    make_pair(first);
    make_pair(second);
    both[0] = first[0];
    both[1] = old.fd = new.fd = second[0];
    gs[0] = spawn(close_and_reuse, both);
    gs[1] = spawn(read_byte, &old);
    settle();
    check_equal(write(first[1], "x", 1), 1);
    check_equal(write(second[1], "y", 1), 1);
    check_equal(green_join(gs[0], NULL, GREEN_FOREVER), 0);
    gs[2] = spawn(wait_readable, &new);
    settle();
    let_hub_look();
    check_equal(write(fds[1], "z", 1), 1);
    note("written");
    finish_all(gs, 3);
    check_log("old:EBADF - written new:ok");
    close_both(first);
    close_both(fds);
    check_equal(green_close(second[1]), 0);
}

/* C programs call plain close: gevent: rule F4, its issue 191 */
static void a_number_closed_behind_our_back_and_reused_is_watched_anew(
    void **state)
{
    struct reader readers[20];
    char byte;

    (void)state;
    for (int i = 0; i < 20; i++) {
        green_t *g;

        make_pair(fds);
        readers[i] = (struct reader){"r", fds[0]};
        g = spawn(read_byte, &readers[i]);
        settle();
        check_equal(write(fds[1], "x", 1), 1);
        finish(g);
        check_log("r:ok x");
        check_equal(send(fds[1], "y", 1, 0), 1);
        check_equal(green_read(fds[0], &byte, 1), 1);
        check_equal(close(fds[0]), 0);
        check_equal(close(fds[1]), 0);
    }
}

static void *open_pipe_in_place(void *numbers)
{
    int *wanted = numbers, both[2];

    close(wanted[0]);
    close(wanted[1]);
    make_pipe(both);
    check_equal(both[0], wanted[0]);
    check_equal(both[1], wanted[1]);
    return NULL;
}

static void another_kind_of_file_under_a_number_closed_behind_our_back(
    void **state)
{
    struct reader r;
    green_t *g;

    (void)state;
    make_pair(fds);
    r = (struct reader){"r", fds[0]};
    g = spawn(read_byte, &r);
    settle();
    check_equal(send(fds[1], "1", 1, 0), 1);
    finish(g);
    open_pipe_in_place(fds);
    g = spawn(read_byte, &r);
    settle();
    check_equal(write(fds[1], "2", 1), 1);
    finish(g);
    check_log("r:ok 1 r:ok 2");
    close_both(fds);
}

/* gevent: test__socket_ex.py TestClosedSocket */
static void a_call_on_a_closed_descriptor_fails_without_a_switch(void **state)
{
    uint64_t switches;
    char byte;

    (void)state;
    make_pair(fds);
    close_both(fds);
    switches = count_switches();
    check_fails(green_send(fds[0], "x", 1, 0), EBADF);
    check_fails(green_recv(fds[0], &byte, 1, 0), EBADF);
    check_fails(green_read(fds[0], &byte, 1), EBADF);
    check_fails(green_wait_fd(fds[0], GREEN_READ, GREEN_FOREVER), EBADF);
    check_fails(green_wait_fd(-1, GREEN_READ, GREEN_FOREVER), EBADF);
    check_fails(green_close(-1), EBADF);
    check_equal(count_switches(), switches);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(any_number_may_wait_for_one_descriptor),
        green_test(three_readers_get_a_byte_each),
        green_test(one_reads_while_another_writes),
        green_test(those_ready_in_one_look_go_on_in_the_order_they_became_so),
        green_test(green_close_ends_every_wait_with_EBADF),
        green_test(who_waited_on_a_number_that_is_used_again_sees_the_close),
        green_test(an_event_for_the_old_file_does_not_reach_the_new_one),
        green_test(a_number_closed_behind_our_back_and_reused_is_watched_anew),
        green_test(another_kind_of_file_under_a_number_closed_behind_our_back),
        green_test(a_call_on_a_closed_descriptor_fails_without_a_switch),
        green_test(the_end_of_a_peer_ends_a_wait),
        green_test(the_end_of_a_reader_ends_a_wait_to_write),
        green_test(shutdown_shows_to_those_who_wait_as_from_the_peer),
        green_test(the_flags_of_descriptors_made_elsewhere_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
