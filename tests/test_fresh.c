/* SPDX-License-Identifier: MIT */
/* test_fresh.c - descriptors that the library makes for its user. */
#include "support.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "hub.h"
#include "switch.h"

static void check_fresh(int fd)
{
    check(fd >= 0);
    check(fcntl(fd, F_GETFL) & O_NONBLOCK);
    check(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void all_are_non_blocking_and_close_on_exec(void **state)
{
    int fds[2], fd = green_socket(AF_INET, SOCK_DGRAM, 0);

    (void)state;
    check_fresh(fd);
    green_close(fd);
    check_equal(green_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    check_fresh(fds[0]);
    check_fresh(fds[1]);
    close_both(fds);
    check_equal(green_pipe(fds), 0);
    check_fresh(fds[0]);
    check_fresh(fds[1]);
    close_both(fds);
}

static void *echo_one(void *fd)
{
    char byte;

    check_equal(green_read(*(int *)fd, &byte, 1), 1);
    check_equal(green_write(*(int *)fd, &byte, 1), 1);
    return NULL;
}

static void the_ends_of_a_pair_talk_to_each_other(void **state)
{
    int fds[2];
    char byte = 0;
    green_t *g;

    (void)state;
    check_equal(green_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    g = spawn(echo_one, &fds[1]);
    settle();
    check_equal(green_write(fds[0], "x", 1), 1);
    check_equal(green_read(fds[0], &byte, 1), 1);
    check_equal(byte, 'x');
    finish(g);
    close_both(fds);
}

static void *write_much(void *fd)
{
    static const char zeros[1 << 20];

    check_equal(green_write_all(*(int *)fd, zeros, sizeof zeros), sizeof zeros);
    check_equal(green_close(*(int *)fd), 0);
    return NULL;
}

static void what_is_written_to_a_pipe_is_read(void **state)
{
    char buffer[1000];
    size_t total = 0;
    int fds[2];
    green_t *g;
    ssize_t n;

    (void)state;
    check_equal(green_pipe(fds), 0);
    g = spawn(write_much, &fds[1]);
    while ((n = green_read(fds[0], buffer, sizeof buffer)) > 0)
        total += (size_t)n;
    check_equal(n, 0);
    check_equal(total, 1 << 20);
    finish(g);
    green_close(fds[0]);
}

static void a_socket_connects(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int listener = green_listen("127.0.0.1:0", 0), fd, accepted;

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)green_local_port(listener));
    fd = green_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check_fresh(fd);
    check_equal(green_connect(fd, (struct sockaddr *)&address, sizeof address),
                0);
    accepted = green_accept(listener, NULL, NULL);
    check_equal(green_write(accepted, "x", 1), 1);
    check_equal(echo_one(&fd) != NULL, 0);
    green_close(accepted);
    green_close(fd);
    green_close(listener);
}

/* What the hub knew of a number is of its earlier life. */
static void they_begin_a_new_life_of_their_number(void **state)
{
    uint32_t lives;
    int fds[2], i;

    (void)state;
    for (i = 0; i < 3; i++) {
        make_pair(fds);
        check_equal(green_wait_fd(fds[0], GREEN_WRITE, 0), GREEN_WRITE);
        check_equal(green_write(fds[0], "x", 1), 1);
        check_equal(green_wait_fd(fds[0], GREEN_READ, GREEN_MS), -1);
        lives = green__fd_lives(green__hub(), fds[0]);
        close(fds[0]);
        close(fds[1]);
        if (i == 0)
            fds[0] = green_socket(AF_UNIX, SOCK_STREAM, 0);
        else if (i == 1)
            check_equal(green_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        else
            check_equal(green_pipe(fds), 0);
        check(green__fd_lives(green__hub(), fds[0]) > lives);
        green_close(fds[0]);
        if (i > 0)
            green_close(fds[1]);
    }
}

/* Reading ends where descriptors come with the next bytes, though there are
 * more: nobody must wait for those. */
static void
short_reads_from_a_pair_do_not_mean_that_there_is_no_more(void **state)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS,
                            .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct iovec byte = {.iov_base = (char[]){'1'}, .iov_len = 1};
    struct msghdr m = {.msg_iov = &byte,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    char buffer[10];
    int fds[2];
    green_scope_t scope;

    (void)state;
    check_equal(green_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    memcpy(CMSG_DATA(&control.header), &fds[0], sizeof fds[0]);
    check_equal(green_wait_fd(fds[0], GREEN_READ, GREEN_MS), -1); /* watched */
    check_equal(green_sendmsg(fds[1], &m, 0), 1);
    check_equal(green_write(fds[1], "234", 3), 3);
    check_equal(green_sleep(GREEN_MS), 0); /* the poller has told */
    clock_take();
    green_timeout_begin(&scope, GREEN_MS);
    check_equal(green_read(fds[0], buffer, sizeof buffer), 1);
    check_equal(green_read(fds[0], buffer, sizeof buffer), 3);
    check(!green_scope_end(&scope));
    close_both(fds);
}

static void what_the_system_refuses_changes_nothing(void **state)
{
    int fds[2] = {-5, -5};
    struct rlimit before, none;

    (void)state;
    if (green__on_valgrind())
        skip(); /* it does without the system's limit */
    check_fails(green_socket(AF_INET, 77, 0), EINVAL);
    check_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    check_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    check_fails(green_socket(AF_INET, SOCK_STREAM, 0), EMFILE);
    check_fails(green_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
    check_fails(green_pipe(fds), EMFILE);
    check_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    check_equal(fds[0], -5);
    check_equal(fds[1], -5);
    check_fails(green_socketpair(AF_INET, SOCK_STREAM, 0, fds), EOPNOTSUPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(all_are_non_blocking_and_close_on_exec),
        green_test(the_ends_of_a_pair_talk_to_each_other),
        green_test(what_is_written_to_a_pipe_is_read),
        green_test(a_socket_connects),
        green_test(they_begin_a_new_life_of_their_number),
        green_test(short_reads_from_a_pair_do_not_mean_that_there_is_no_more),
        green_test(what_the_system_refuses_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
