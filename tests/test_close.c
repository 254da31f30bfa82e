/* SPDX-License-Identifier: MIT */
/* test_close.c - what closing a descriptor does to those who wait on it, to its
 * number, and to events that are under way. */
#include "support.h"

#include <fcntl.h>
#include <netinet/in.h>
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
static void
who_waited_on_a_number_that_is_used_again_sees_the_close(void **state)
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
static void
a_number_closed_behind_our_back_and_reused_is_watched_anew(void **state)
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

static void
another_kind_of_file_under_a_number_closed_behind_our_back(void **state)
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

/* ---- plain close, of which nobody tells the hub ---- */

static void a_waiter_learns_of_a_plain_close_before_the_hub_rests(void **state)
{
    struct reader readers[2] = {{"a", 0}, {"b", 0}};
    green_t *gs[2];

    (void)state;
    make_pair(fds);
    for (int i = 0; i < 2; i++) {
        readers[i].fd = fds[0];
        gs[i] = spawn(i ? wait_readable : read_byte, &readers[i]);
    }
    settle();
    check_equal(close(fds[0]), 0);
    finish_all(gs, 2);
    check_log("a:EBADF - b:EBADF");
    check_equal(close(fds[1]), 0);
}

/* A copy keeps the old file, and its registration, alive. */
static void use_number_again_beside_a_copy(int (*close_it)(int fd))
{
    struct reader old = {"old", 0}, new = {"new", 0};
    int again[2], copy;
    green_t *g;

    make_pair(fds);
    old.fd = fds[0];
    g = spawn(read_byte, &old);
    settle();
    check_equal(send(fds[1], "1", 1, 0), 1);
    finish(g);
    copy = dup(fds[0]);
    check_equal(close_it(fds[0]), 0);
    make_pair(again);
    check_equal(again[0], fds[0]);
    new.fd = again[0];
    g = spawn(wait_readable, &new);
    let_hub_look();
    check_equal(send(fds[1], "2", 1, 0), 1);
    let_hub_look();
    let_hub_look();
    note("still");
    check_equal(send(again[1], "3", 1, 0), 1);
    finish(g);
    check_log("old:ok 1 still new:ok");
    close_both(again);
    check_equal(green_close(copy), 0);
    check_equal(green_close(fds[1]), 0);
}

static void
a_copy_of_a_closed_descriptor_does_not_disturb_its_number(void **state)
{
    (void)state;
    use_number_again_beside_a_copy(green_close);
    use_number_again_beside_a_copy(close);
}

/* ---- a connection that never comes about ---- */

/* A listener whose backlog is full: the next to connect has to wait. */
static int make_full_listener(struct sockaddr_in *address, int others[8])
{
    socklen_t length = sizeof *address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check_equal(bind(listener, (struct sockaddr *)address, length), 0);
    check_equal(listen(listener, 0), 0);
    check_equal(getsockname(listener, (struct sockaddr *)address, &length), 0);
    for (int i = 0; i < 8; i++) {
        others[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(others[i], (struct sockaddr *)address, length);
    }
    return listener;
}

struct connector {
    struct sockaddr_in address;
    int fd;
};

static void *connect_and_note(void *arg)
{
    struct connector *c = arg;

    note_result("connect", green_connect(c->fd, (struct sockaddr *)&c->address,
                                         sizeof c->address));
    return NULL;
}

/* gevent: test__hub.py TestCloseSocketWhilePolling */
static void closing_ends_a_wait_for_a_connection(void **state)
{
    struct connector c;
    int listener, others[8];
    green_t *g;

    (void)state;
    listener = make_full_listener(&c.address, others);
    c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g = spawn(connect_and_note, &c);
    let_hub_look();
    check_log("");
    check_equal(green_close(c.fd), 0);
    finish(g);
    check_log("connect:EBADF");
    for (int i = 0; i < 8; i++)
        check_equal(close(others[i]), 0);
    check_equal(green_close(listener), 0);
}

static void *accept_and_note(void *listener)
{
    note_result("accept", green_accept(*(int *)listener, NULL, NULL));
    return NULL;
}

static void closing_a_listener_ends_every_accept(void **state)
{
    struct sockaddr address = {.sa_family = AF_UNIX}; /* an abstract name */
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    green_t *gs[3];

    (void)state;
    check_equal(bind(listener, &address, sizeof address.sa_family), 0);
    check_equal(listen(listener, 1), 0);
    for (int i = 0; i < 3; i++)
        gs[i] = spawn(accept_and_note, &listener);
    settle();
    check_equal(green_close(listener), 0);
    finish_all(gs, 3);
    check_log("accept:EBADF accept:EBADF accept:EBADF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(green_close_ends_every_wait_with_EBADF),
        green_test(who_waited_on_a_number_that_is_used_again_sees_the_close),
        green_test(an_event_for_the_old_file_does_not_reach_the_new_one),
        green_test(a_number_closed_behind_our_back_and_reused_is_watched_anew),
        green_test(another_kind_of_file_under_a_number_closed_behind_our_back),
        green_test(a_call_on_a_closed_descriptor_fails_without_a_switch),
        green_test(a_waiter_learns_of_a_plain_close_before_the_hub_rests),
        green_test(a_copy_of_a_closed_descriptor_does_not_disturb_its_number),
        green_test(closing_ends_a_wait_for_a_connection),
        green_test(closing_a_listener_ends_every_accept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
