/* SPDX-License-Identifier: MIT */
/* test_server.c - a greenlet that accepts, and one for each connection. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>
#include "green.h"
#include "switch.h"
#include "sys.h"
#include "leaks.h"

static struct sys real;

static void echo(int fd, void *arg)
{
    char buffer[100];
    ssize_t n;

    (void)arg;
    while ((n = green_read(fd, buffer, sizeof buffer)) > 0)
        if (green_write_all(fd, buffer, (size_t)n) < 0)
            return;
}

static green_server_t *start(green_handler_t *handler, void *arg, size_t max)
{
    green_server_options_t options = {.max = max};
    green_server_t *s =
        green_server_start("127.0.0.1:0", handler, arg, &options);

    assert_non_null(s);
    return s;
}

static int dial(const green_server_t *s)
{
    char address[40];
    int fd;

    snprintf(address, sizeof address, "127.0.0.1:%d", green_server_port(s));
    fd = green_dial(address, 60 * GREEN_SEC);
    assert_true(fd >= 0);
    return fd;
}

/* Is there somebody who sends back what is sent? */
static bool is_served(int fd)
{
    char byte = 0;

    return green_write(fd, "x", 1) == 1 && green_read(fd, &byte, 1) == 1 &&
           byte == 'x';
}

/* Wait until the other side has closed its end. */
static bool is_closed(int fd)
{
    char byte;
    ssize_t n = green_read(fd, &byte, 1);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* ---- serving ---- */

static void each_connection_has_its_handler(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fds[50], i;

    (void)state;
    for (i = 0; i < 50; i++)
        fds[i] = dial(s);
    for (i = 49; i >= 0; i--)
        assert_true(is_served(fds[i]));
    for (i = 0; i < 50; i++)
        assert_int_equal(green_close(fds[i]), 0);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
}

static int *handled_fd;

static void note_fd_and_arg(int fd, void *arg)
{
    handled_fd = arg;
    *handled_fd = fd;
}

static void
the_server_closes_the_descriptor_when_the_handler_returns(void **state)
{
    int handled = -1;
    green_server_t *s = start(note_fd_and_arg, &handled, 0);
    int fd = dial(s);

    (void)state;
    assert_true(is_closed(fd));
    assert_ptr_equal(handled_fd, &handled);
    assert_int_equal(fcntl(handled, F_GETFD), -1);
    green_close(fd);
    assert_int_equal(green_server_stop(s, 0), 0);
}

static void exit_early(int fd, void *arg)
{
    (void)fd;
    green_exit(arg);
}

static void fail_early(int fd, void *arg)
{
    (void)fd, (void)arg;
    green_fail(EIO, "on purpose");
}

static void a_handler_may_leave_by_exit_or_fail(void **state)
{
    green_handler_t *const all[] = {exit_early, fail_early};
    green_server_t *s;
    int i, n, fd;

    (void)state;
    for (i = 0; i < 2; i++) {
        s = start(all[i], NULL, 1);
        for (n = 0; n < 3; n++) {
            fd = dial(s);
            assert_true(is_closed(fd));
            green_close(fd);
        }
        assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
    }
}

static int reused[2];

/* Closes its descriptor, and sees the number used again before it returns. */
static void close_early(int fd, void *arg)
{
    int *reused_number = arg;

    green_close(fd);
    if (pipe(reused) != 0)
        abort();
    *reused_number = reused[0] == fd || reused[1] == fd;
}

static void what_the_handler_closed_is_not_closed_again(void **state)
{
    int reused_number = 0;
    green_server_t *s = start(close_early, &reused_number, 0);
    int fd = dial(s);

    (void)state;
    assert_true(is_closed(fd));
    green_close(fd);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
    assert_true(reused_number);
    assert_int_equal(close(reused[0]), 0);
    assert_int_equal(close(reused[1]), 0);
}

static void the_port_is_told(void **state)
{
    green_server_t *s = start(echo, NULL, 0);

    (void)state;
    assert_in_range(green_server_port(s), 1, 65535);
    assert_int_equal(green_server_stop(s, 0), 0);
    errno = 0;
    assert_int_equal(green_server_port(NULL), -1);
    assert_int_equal(errno, EINVAL);
}

static void what_cannot_be_served_is_refused(void **state)
{
    char address[40];
    green_server_t *s = start(echo, NULL, 0);

    (void)state;
    snprintf(address, sizeof address, "127.0.0.1:%d", green_server_port(s));
    errno = 0;
    assert_null(green_server_start(address, echo, NULL, NULL));
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(green_server_stop(s, 0), 0);
    assert_null(green_server_start("127.0.0.1:0", NULL, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_null(green_server_start("nonsense", echo, NULL, NULL));
    assert_int_equal(errno, EINVAL);
    assert_null(green_server_start(NULL, echo, NULL, NULL));
    assert_int_equal(errno, EINVAL);
}

static void servers_can_share_a_port_if_all_want_to(void **state)
{
    green_server_options_t options = {.reuse_port = true};
    green_server_t *a = green_server_start("127.0.0.1:0", echo, NULL, &options),
                   *b;
    char address[40];
    int fd;

    (void)state;
    assert_non_null(a);
    snprintf(address, sizeof address, "127.0.0.1:%d", green_server_port(a));
    b = green_server_start(address, echo, NULL, &options);
    assert_non_null(b);
    fd = dial(a);
    assert_true(is_served(fd));
    green_close(fd);
    assert_int_equal(green_server_stop(a, GREEN_FOREVER), 0);
    fd = dial(b);
    assert_true(is_served(fd));
    green_close(fd);
    assert_int_equal(green_server_stop(b, GREEN_FOREVER), 0);
}

static void the_file_of_a_unix_socket_goes_with_the_server(void **state)
{
    char path[] = "/tmp/green_server_XXXXXX", address[60];
    green_server_t *s;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(address, sizeof address, "unix:%s/socket", path);
    s = green_server_start(address, echo, NULL, NULL);
    assert_non_null(s);
    errno = 0;
    assert_int_equal(green_server_port(s), -1);
    assert_int_equal(errno, EINVAL);
    fd = green_dial(address, GREEN_FOREVER);
    assert_true(is_served(fd));
    green_close(fd);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
    assert_int_equal(access(address + 5, F_OK), -1);
    assert_int_equal(rmdir(path), 0);
}

/* ---- the bound ---- */

static void beyond_the_bound_they_wait_in_the_backlog(void **state)
{
    green_server_t *s = start(echo, NULL, 2);
    int fds[4], i;
    char byte;

    (void)state;
    for (i = 0; i < 4; i++)
        fds[i] = dial(s);
    assert_true(is_served(fds[0]));
    assert_true(is_served(fds[1]));
    assert_int_equal(green_write(fds[2], "2", 1), 1);
    assert_int_equal(green_write(fds[3], "3", 1), 1);
    /* The acceptor has had every occasion to take them. */
    for (i = 0; i < 20; i++)
        assert_true(is_served(fds[0]));
    assert_int_equal(green_wait_fd(fds[2], GREEN_READ, 0), -1);
    assert_int_equal(green_close(fds[1]), 0);
    assert_int_equal(green_read(fds[2], &byte, 1), 1);
    assert_int_equal(byte, '2');
    assert_int_equal(green_wait_fd(fds[3], GREEN_READ, 0), -1);
    assert_int_equal(green_close(fds[0]), 0);
    assert_int_equal(green_read(fds[3], &byte, 1), 1);
    assert_int_equal(byte, '3');
    green_close(fds[2]);
    green_close(fds[3]);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
}

/* ---- shortages ---- */

static int shortages, shortage_errno;

static int accept_or_fail(int fd, struct sockaddr *address, socklen_t *length)
{
    if (shortages == 0)
        return real.accept(fd, address, length);
    shortages--;
    errno = shortage_errno;
    return -1;
}

/* Counts what it did until it is killed: others are not held up. */
static void *tick(void *arg)
{
    int *ticks = arg;

    while (green_sleep(GREEN_MS) == 0)
        ++*ticks;
    return NULL;
}

static void a_shortage_at_accept_is_waited_out(void **state)
{
    static const int errors[] = {EMFILE,       ENFILE, ENOBUFS, ENOMEM,
                                 ECONNABORTED, EPROTO, EPERM};
    green_server_t *s = start(echo, NULL, 0);
    int ticks = 0, fd;
    green_t *ticker = green_spawn(tick, &ticks);
    size_t i;

    (void)state;
    green__sys.accept = accept_or_fail;
    for (i = 0; i < sizeof errors / sizeof *errors; i++) {
        shortages = 2;
        shortage_errno = errors[i];
        fd = dial(s);
        assert_true(is_served(fd));
        assert_int_equal(shortages, 0);
        green_close(fd);
    }
    green__sys.accept = real.accept;
    assert_true(ticks > 5);
    assert_int_equal(green_killall(&ticker, 1, GREEN_FOREVER), 0);
    green_release(ticker);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
}

/* Valgrind does without the system's limit: it lets the system accept, and closes
 * the connection if there is no number for it. */
static bool loses_connections(void)
{
    return green__on_valgrind();
}

static void running_out_of_descriptors_is_survived(void **state)
{
    struct rlimit before, few;
    green_server_t *s;
    int fd, other, last;
    char byte;

    (void)state;
    if (loses_connections())
        skip();
    s = start(echo, NULL, 0);
    fd = dial(s);
    last = dup(fd);
    assert_true(is_served(fd));
    close(last);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = (rlim_t)last + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    other = dial(s); /* our end takes the last one */
    assert_int_equal(other, last);
    assert_int_equal(green_write(other, "y", 1), 1);
    assert_int_equal(green_wait_fd(other, GREEN_READ, 20 * GREEN_MS), -1);
    assert_true(is_served(fd));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(green_read(other, &byte, 1), 1);
    assert_int_equal(byte, 'y');
    green_close(fd);
    green_close(other);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
}

static int good_mallocs, bad_mallocs;

static void *malloc_or_fail(size_t size)
{
    if (good_mallocs > 0) {
        good_mallocs--;
        return real.malloc(size);
    }
    if (bad_mallocs == 0)
        return real.malloc(size);
    bad_mallocs--;
    errno = ENOMEM;
    return NULL;
}

/* Of those that a connection needs: first one fails, then another. */
static void a_shortage_of_memory_is_waited_out(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fd = dial(s), n;

    (void)state;
    assert_true(is_served(fd)); /* all tables are large enough from now on */
    green_close(fd);
    for (n = 0; n < 10; n++) {
        good_mallocs = n;
        bad_mallocs = 2;
        green__sys.malloc = malloc_or_fail;
        fd = dial(s);
        assert_true(is_served(fd));
        green__sys.malloc = real.malloc;
        green_close(fd);
        if (bad_mallocs > 0)
            break;
    }
    assert_in_range(n, 2, 9);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
}

static void without_memory_none_is_started(void **state)
{
    green_server_t *s = NULL;
    int n;

    (void)state;
    for (n = 0; !s; n++) {
        good_mallocs = n;
        bad_mallocs = 1;
        green__sys.malloc = malloc_or_fail;
        errno = 0;
        s = green_server_start("127.0.0.1:0", echo, NULL, NULL);
        green__sys.malloc = real.malloc;
        if (!s)
            assert_int_equal(errno, ENOMEM);
    }
    assert_in_range(n, 2, 100);
    assert_int_equal(green_server_stop(s, 0), 0);
}

/* ---- stopping ---- */

static void after_a_stop_nobody_listens(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    char address[40];

    (void)state;
    snprintf(address, sizeof address, "127.0.0.1:%d", green_server_port(s));
    assert_int_equal(green_server_stop(s, 0), 0);
    errno = 0;
    assert_int_equal(green_dial(address, GREEN_FOREVER), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(green_server_stop(NULL, 0), -1);
    assert_int_equal(errno, EINVAL);
}

/* What became of a handler that only reads. */
struct end {
    int error;
    bool reached;
};

static void read_to_the_end(int fd, void *arg)
{
    struct end *end = arg;
    char byte;

    end->error = green_read(fd, &byte, 1) < 0 ? errno : 0;
    end->reached = true;
}

static void *close_later(void *fd)
{
    green_sleep(GREEN_MS);
    green_close(*(int *)fd);
    return NULL;
}

/* Wait until the server has taken a connection. */
static void await_handler(int fd)
{
    char byte;

    assert_int_equal(green_read(fd, &byte, 1), 1);
}

static void greet_and_read(int fd, void *arg)
{
    if (green_write(fd, "!", 1) == 1)
        read_to_the_end(fd, arg);
}

static void handlers_that_end_in_the_grace_are_left_alone(void **state)
{
    struct end end = {.error = -1};
    green_server_t *s = start(greet_and_read, &end, 0);
    int fd = dial(s);

    (void)state;
    await_handler(fd);
    assert_int_equal(green_go(close_later, &fd), 0);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
    assert_true(end.reached);
    assert_int_equal(end.error, 0);
}

static void handlers_that_outlast_the_grace_are_killed(void **state)
{
    static const int64_t graces[] = {0, -1, 10 * GREEN_MS};
    struct end end;
    green_server_t *s;
    int fd, i;

    (void)state;
    for (i = 0; i < 3; i++) {
        end = (struct end){.error = -1};
        s = start(greet_and_read, &end, 0);
        fd = dial(s);
        await_handler(fd);
        errno = 0;
        assert_int_equal(green_server_stop(s, graces[i]), -1);
        assert_int_equal(errno, ETIMEDOUT);
        assert_true(end.reached);
        assert_int_equal(end.error, ECANCELED);
        assert_true(is_closed(fd));
        green_close(fd);
    }
}

static void say_good_bye(int fd, void *arg)
{
    green_scope_t shield;

    greet_and_read(fd, arg);
    green_shield_begin(&shield, 60 * GREEN_SEC);
    green_sleep(10 * GREEN_MS);
    green_write(fd, "bye", 3);
    green_scope_end(&shield);
}

static void a_killed_handler_may_finish_in_a_shield(void **state)
{
    struct end end = {.error = -1};
    green_server_t *s = start(say_good_bye, &end, 0);
    int fd = dial(s);
    char text[4];

    (void)state;
    await_handler(fd);
    assert_int_equal(green_server_stop(s, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(green_read_all(fd, text, 4), 3);
    assert_memory_equal(text, "bye", 3);
    green_close(fd);
}

static void an_acceptor_that_waits_for_room_is_stopped(void **state)
{
    struct end end = {.error = -1};
    green_server_t *s = start(greet_and_read, &end, 1);
    int fd = dial(s), other = dial(s);

    (void)state;
    await_handler(fd);
    assert_int_equal(green_server_stop(s, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(is_closed(fd));
    assert_true(is_closed(other));
    green_close(fd);
    green_close(other);
}

static void an_acceptor_that_waits_for_better_times_is_stopped(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fd;

    (void)state;
    shortages = 1;
    shortage_errno = EMFILE;
    green__sys.accept = accept_or_fail;
    fd = dial(s);
    while (shortages > 0)
        green_yield();
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), 0);
    green__sys.accept = real.accept;
    assert_true(is_closed(fd));
    green_close(fd);
}

static green_server_t *stopped_from_inside;
static int stop_result, stop_errno;

static void stop_own_server(int fd, void *arg)
{
    stop_result = green_server_stop(stopped_from_inside, GREEN_FOREVER);
    stop_errno = errno;
    echo(fd, arg);
}

static void a_handler_cannot_stop_its_own_server(void **state)
{
    int fd, other;

    (void)state;
    stopped_from_inside = start(stop_own_server, NULL, 0);
    stop_result = stop_errno = 0;
    fd = dial(stopped_from_inside);
    assert_true(is_served(fd));
    assert_int_equal(stop_result, -1);
    assert_int_equal(stop_errno, EDEADLK);
    other = dial(stopped_from_inside);
    assert_true(is_served(other));
    green_close(fd);
    green_close(other);
    assert_int_equal(green_server_stop(stopped_from_inside, GREEN_FOREVER), 0);
}

static void *stop_in_greenlet(void *s)
{
    if (green_server_stop(s, GREEN_FOREVER) != 0)
        green_fail(errno, "stop");
    return NULL;
}

static void a_second_stop_meanwhile_is_refused(void **state)
{
    struct end end = {.error = -1};
    green_server_t *s = start(greet_and_read, &end, 0);
    int fd = dial(s);
    green_t *first;

    (void)state;
    await_handler(fd);
    first = green_spawn(stop_in_greenlet, s);
    green_yield();
    errno = 0;
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), -1);
    assert_int_equal(errno, EALREADY);
    green_close(fd);
    assert_int_equal(green_join(first, NULL, GREEN_FOREVER), 0);
    assert_true(green_successful(first));
    green_release(first);
}

static void who_is_killed_stops_without_grace(void **state)
{
    struct end end = {.error = -1};
    green_server_t *s = start(greet_and_read, &end, 0);
    int fd = dial(s);
    green_t *killed;

    (void)state;
    await_handler(fd);
    killed = green_spawn(stop_in_greenlet, s);
    green_yield();
    assert_false(end.reached);
    green_kill(killed);
    assert_int_equal(green_join(killed, NULL, GREEN_FOREVER), 0);
    assert_int_equal(green_error(killed), ECANCELED);
    assert_int_equal(end.error, ECANCELED);
    green_release(killed);
    green_close(fd);
}

static void an_enclosing_scope_ends_the_grace(void **state)
{
    struct end end = {.error = -1};
    green_server_t *s = start(greet_and_read, &end, 0);
    int fd = dial(s);
    green_scope_t scope;

    (void)state;
    await_handler(fd);
    green_timeout_begin(&scope, 10 * GREEN_MS);
    assert_int_equal(green_server_stop(s, GREEN_FOREVER), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(green_scope_end(&scope));
    assert_int_equal(end.error, ECANCELED);
    green_close(fd);
}

static green_event_t never_set;

static void wait_for_ever(int fd, void *arg)
{
    bool *ended = arg;
    green_scope_t shield;

    green_shield_begin(&shield, GREEN_FOREVER);
    green_write(fd, "!", 1);
    green_event_wait(&never_set, GREEN_FOREVER);
    green_scope_end(&shield);
    *ended = true;
}

static void count_deadlock(void *arg)
{
    ++*(int *)arg;
}

static void handlers_that_can_never_end_are_left_to_themselves(void **state)
{
    bool ended = false;
    int deadlocks = 0, fd;
    green_server_t *s = start(wait_for_ever, &ended, 0);

    (void)state;
    fd = dial(s);
    await_handler(fd);
    green_set_deadlock_fn(count_deadlock, &deadlocks);
    errno = 0;
    assert_int_equal(green_server_stop(s, 0), -1);
    assert_int_equal(errno, EDEADLK);
    green_set_deadlock_fn(NULL, NULL);
    assert_int_equal(deadlocks, 1);
    assert_false(ended);
    green_event_set(&never_set);
    assert_true(is_closed(fd));
    assert_true(ended);
    green_close(fd);
}

/* ---- serving for ever ---- */

static char address_for_ever[60];

static void *serve_for_ever(void *arg)
{
    green_serve_forever(address_for_ever, greet_and_read, arg);
    green_fail(errno, "served");
}

static void it_serves_until_it_is_killed(void **state)
{
    struct end end = {.error = -1};
    green_t *g;
    int fd;

    (void)state;
    snprintf(address_for_ever, sizeof address_for_ever,
             "unix:/tmp/green_ever_%ld", (long)getpid());
    g = green_spawn(serve_for_ever, &end);
    green_yield();
    fd = green_dial(address_for_ever, GREEN_FOREVER);
    await_handler(fd);
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_int_equal(green_error(g), ECANCELED);
    green_release(g);
    assert_int_equal(end.error, ECANCELED);
    assert_true(is_closed(fd));
    green_close(fd);
    assert_int_equal(access(address_for_ever + 5, F_OK), -1);
}

static void it_serves_until_its_time_is_up(void **state)
{
    green_scope_t scope;

    (void)state;
    green_timeout_begin(&scope, 10 * GREEN_MS);
    errno = 0;
    assert_int_equal(green_serve_forever("127.0.0.1:0", echo, NULL), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(green_scope_end(&scope));
}

static void it_serves_not_at_all_where_it_cannot(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(green_serve_forever("nonsense", echo, NULL), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(green_serve_forever("127.0.0.1:0", NULL, NULL), -1);
    assert_int_equal(errno, EINVAL);
}

/* The error is of the kind that does not pass. */
static void it_ends_when_its_socket_is_of_no_use(void **state)
{
    (void)state;
    shortages = 1;
    shortage_errno = ENOTSOCK;
    green__sys.accept = accept_or_fail;
    errno = 0;
    assert_int_equal(green_serve_forever("127.0.0.1:0", echo, NULL), -1);
    assert_int_equal(errno, ENOTSOCK);
    green__sys.accept = real.accept;
}

/* ---- threads ---- */

static void *serve_in_thread(void *arg)
{
    green_server_t *s = start(echo, NULL, 0);
    int fd = dial(s), i;

    for (i = 0; i < 100; i++)
        if (!is_served(fd))
            return NULL;
    green_close(fd);
    return green_server_stop(s, GREEN_FOREVER) == 0 ? arg : NULL;
}

static void each_thread_can_have_its_own(void **state)
{
    pthread_t threads[3];
    void *result;
    int i;

    (void)state;
    for (i = 0; i < 3; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, serve_in_thread, &real), 0);
    for (i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &real);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        leak_checked(each_connection_has_its_handler),
        leak_checked(the_server_closes_the_descriptor_when_the_handler_returns),
        leak_checked(a_handler_may_leave_by_exit_or_fail),
        leak_checked(what_the_handler_closed_is_not_closed_again),
        leak_checked(the_port_is_told),
        leak_checked(what_cannot_be_served_is_refused),
        leak_checked(servers_can_share_a_port_if_all_want_to),
        leak_checked(the_file_of_a_unix_socket_goes_with_the_server),
        leak_checked(beyond_the_bound_they_wait_in_the_backlog),
        leak_checked(a_shortage_at_accept_is_waited_out),
        leak_checked(running_out_of_descriptors_is_survived),
        leak_checked(a_shortage_of_memory_is_waited_out),
        leak_checked(without_memory_none_is_started),
        leak_checked(after_a_stop_nobody_listens),
        leak_checked(handlers_that_end_in_the_grace_are_left_alone),
        leak_checked(handlers_that_outlast_the_grace_are_killed),
        leak_checked(a_killed_handler_may_finish_in_a_shield),
        leak_checked(an_acceptor_that_waits_for_room_is_stopped),
        leak_checked(an_acceptor_that_waits_for_better_times_is_stopped),
        leak_checked(a_handler_cannot_stop_its_own_server),
        leak_checked(a_second_stop_meanwhile_is_refused),
        leak_checked(who_is_killed_stops_without_grace),
        leak_checked(an_enclosing_scope_ends_the_grace),
        leak_checked(handlers_that_can_never_end_are_left_to_themselves),
        leak_checked(it_serves_until_it_is_killed),
        leak_checked(it_serves_until_its_time_is_up),
        leak_checked(it_serves_not_at_all_where_it_cannot),
        leak_checked(it_ends_when_its_socket_is_of_no_use),
        leak_checked(each_thread_can_have_its_own),
    };

    real = green__sys;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
