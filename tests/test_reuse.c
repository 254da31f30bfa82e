/* SPDX-License-Identifier: MIT */
/* test_reuse.c - a number that plain close(2) freed is another descriptor's now:
 * what was known of the old one does not hold (src/transfer.c, src/fds.c). */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support.h"

/* Let `old` be the number of `now`. */
static void take_number(int old, int *now)
{
    check_equal(close(old), 0);
    check_equal(fcntl(*now, F_DUPFD_CLOEXEC, old), old);
    check_equal(close(*now), 0);
    *now = old;
}

/* ---- what a write does to a socket whose peer has gone ---- */

static void write_as_if_to(int old)
{
    int fds[2];

    check_equal(green_write(old, "12345678", 8), 8);
    make_pair(fds);
    take_number(old, &fds[0]);
    check_equal(green_close(fds[1]), 0);
    check_fails(green_write(fds[0], "x", 1), EPIPE);
    check_equal(green_close(fds[0]), 0);
}

static void raised(int signo)
{
    note("SIGPIPE");
    (void)signo;
}

static void
a_socket_raises_no_SIGPIPE_on_a_number_that_was_a_pipes(void **state)
{
    int fds[2];

    (void)state;
    signal(SIGPIPE, raised);
    make_pipe(fds);
    write_as_if_to(fds[1]);
    green_close(fds[0]);
    write_as_if_to(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    signal(SIGPIPE, SIG_DFL);
    check_log("");
}

/* ---- a number that was a connection which the library made ---- */

/* A connection that has been read from, and waited for a moment ago. */
static int make_known_connection(void)
{
    char address[32], bytes[16];
    int listener = green_listen("127.0.0.1:0", 0), accepted, peer;

    snprintf(address, sizeof address, "127.0.0.1:%d",
             green_local_port(listener));
    peer = green_dial(address, GREEN_SEC);
    accepted = green_accept(listener, NULL, NULL);
    check_equal(green_write(peer, "hello", 5), 5);
    check_equal(green_read(accepted, bytes, sizeof bytes), 5);
    check_fails(green_wait_fd(accepted, GREEN_READ, 50 * GREEN_MS), ETIMEDOUT);
    check_equal(close(peer), 0);
    check_equal(green_close(listener), 0);
    return accepted;
}

static void *read_and_note(void *fd)
{
    char bytes[16];
    ssize_t n;

    while ((n = green_read(*(int *)fd, bytes, sizeof bytes)) > 0)
        note("%.*s", (int)n, bytes);
    return NULL;
}

static void reads_come_soon(int type)
{
    int known = make_known_connection(), fds[2];
    green_t *reader;

    check_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    take_number(known, &fds[0]);
    reader = spawn(read_and_note, &fds[0]);
    settle();
    check_equal(write(fds[1], "one", 3), 3);
    if (type == SOCK_DGRAM)
        check_equal(write(fds[1], "two", 3), 3);
    check_equal(green_sleep(100 * GREEN_MS), 0);
    check_log(type == SOCK_DGRAM ? "one two" : "one");
    check_equal(close(fds[1]), 0);
    end_by_kill(reader);
    check_equal(green_close(fds[0]), 0);
}

static void
what_has_a_connections_number_is_not_waited_for_in_vain(void **state)
{
    (void)state;
    clock_take();
    reads_come_soon(SOCK_STREAM);
    reads_come_soon(SOCK_DGRAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(what_has_a_connections_number_is_not_waited_for_in_vain),
        green_test(a_socket_raises_no_SIGPIPE_on_a_number_that_was_a_pipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
