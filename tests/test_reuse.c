/* SPDX-License-Identifier: MIT */
/* test_reuse.c - a number that plain close(2) freed is another descriptor's now:
 * what was known of the old one does not hold (src/io.c, src/fds.c). */
#include <fcntl.h>
#include <signal.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_socket_raises_no_SIGPIPE_on_a_number_that_was_a_pipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
