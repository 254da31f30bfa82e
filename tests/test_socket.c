/* SPDX-License-Identifier: MIT */
/* test_socket.c - the calls that only sockets have, and green_poll. */
#include "support.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include "sys.h"

/* A blocking socket of ours on a free port of the loopback. */
static int bind_socket(int type, struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(fd >= 0);
    check_equal(bind(fd, (struct sockaddr *)address, length), 0);
    check_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

/* ---- connections ---- */

static void *accept_and_echo(void *listener)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    char bytes[16];
    ssize_t n;
    int fd = green_accept(*(int *)listener, (struct sockaddr *)&peer, &length);

    check(fd >= 0);
    check_equal(length, sizeof peer);
    check(fcntl(fd, F_GETFL) & O_NONBLOCK);
    check(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    while ((n = green_recv(fd, bytes, sizeof bytes, 0)) > 0)
        check_equal(green_send(fd, bytes, (size_t)n, 0), n);
    check_equal(green_close(fd), 0);
    return NULL;
}

static void connect_and_accept_meet(void **state)
{
    struct sockaddr_in address;
    int listener = bind_socket(SOCK_STREAM, &address), fd;
    char bytes[16] = "";
    green_t *g;

    (void)state;
    check_equal(listen(listener, 1), 0);
    g = spawn(accept_and_echo, &listener);
    settle();
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_equal(green_connect(fd, (struct sockaddr *)&address, sizeof address),
                0);
    check(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    check_equal(green_send(fd, "echo", 4, 0), 4);
    check_equal(green_recv(fd, bytes, sizeof bytes, 0), 4);
    check_text(bytes, "echo");
    check_equal(green_close(fd), 0);
    finish(g);
    check_equal(green_close(listener), 0);
}

/* gevent: test__socket.py TestCreateConnection.test_refuses */
static void a_refused_connection_is_ECONNREFUSED(void **state)
{
    struct sockaddr_in address;
    int nobody = bind_socket(SOCK_STREAM, &address), fd;

    (void)state;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_fails(green_connect(fd, (struct sockaddr *)&address, sizeof address),
                ECONNREFUSED);
    check_equal(green_close(fd), 0);
    check_equal(green_close(nobody), 0);
}

static void many_connect_at_once(void **state)
{
    struct sockaddr_in address;
    int listener = bind_socket(SOCK_STREAM, &address), fds[50];
    green_t *gs[50];
    char byte;

    (void)state;
    check_equal(listen(listener, 50), 0);
    for (int i = 0; i < 50; i++) {
        gs[i] = spawn(accept_and_echo, &listener);
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        check_equal(
            green_connect(fds[i], (struct sockaddr *)&address, sizeof address),
            0);
    }
    for (int i = 0; i < 50; i++) {
        check_equal(green_write(fds[i], "x", 1), 1);
        check_equal(green_read(fds[i], &byte, 1), 1);
        check_equal(green_close(fds[i]), 0);
    }
    finish_all(gs, 50);
    check_equal(green_close(listener), 0);
}

static void connecting_nonsense_fails_as_the_system_says(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fds[2];

    (void)state;
    make_pair(fds);
    check_fails(green_connect(-1, (struct sockaddr *)&address, sizeof address),
                EBADF);
    check(green_connect(fds[0], (struct sockaddr *)&address, sizeof address) ==
          -1);
    check_fails(green_accept(fds[0], NULL, NULL), EINVAL);
    check_fails(green_shutdown(-1, SHUT_RD), EBADF);
    close_both(fds);
}

/* ---- datagrams and messages ---- */

static void *receive_and_answer(void *fd)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    char bytes[16] = "";

    check_equal(green_recvfrom(*(int *)fd, bytes, sizeof bytes, 0,
                               (struct sockaddr *)&peer, &length),
                4);
    check_equal(length, sizeof peer);
    check_text(bytes, "ping");
    check_equal(
        green_sendto(*(int *)fd, "", 0, 0, (struct sockaddr *)&peer, length),
        0);
    return NULL;
}

static void datagrams_keep_their_bounds_and_may_be_empty(void **state)
{
    struct sockaddr_in mine, theirs;
    int us = bind_socket(SOCK_DGRAM, &mine);
    int them = bind_socket(SOCK_DGRAM, &theirs);
    green_t *g;
    char byte;

    (void)state;
    g = spawn(receive_and_answer, &them);
    settle();
    check_equal(green_sendto(us, "ping", 4, 0, (struct sockaddr *)&theirs,
                             sizeof theirs),
                4);
    check_equal(green_recv(us, &byte, 1, 0), 0);
    finish(g);
    check_equal(green_close(us), 0);
    check_equal(green_close(them), 0);
}

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

static void *receive_descriptor(void *fd)
{
    union control control;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int passed = -1;

    check_equal(green_recvmsg(*(int *)fd, &message, MSG_CMSG_CLOEXEC), 1);
    check(CMSG_FIRSTHDR(&message) != NULL);
    if (CMSG_FIRSTHDR(&message))
        memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof passed);
    check_equal(green_write(passed, "through", 7), 7);
    check_equal(green_close(passed), 0);
    return NULL;
}

/* ---- paths ---- */

static struct sys real;
static int sends;

static ssize_t count_sendto(int fd, const void *buffer, size_t n, int flags,
                            const struct sockaddr *address, socklen_t length)
{
    sends++;
    return real.sendto(fd, buffer, n, flags, address, length);
}

static void *receive_after_a_while(void *fd)
{
    char bytes[2];
    int i;

    check_equal(green_sleep(100 * GREEN_MS), 0);
    for (i = 0; green_recv(*(int *)fd, bytes, 2, 0) == 1; i++)
        continue;
    return NULL;
}

/* To one that is not connected to the sender; the poller says that there is
 * room, but there is none. */
static void who_sends_to_a_full_path_does_not_ask_all_the_time(void **state)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    int to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), from, n;
    socklen_t length = offsetof(struct sockaddr_un, sun_path);
    green_t *g;

    (void)state;
    check_equal(bind(to, (struct sockaddr *)&path, length), 0);
    length = sizeof path;
    check_equal(getsockname(to, (struct sockaddr *)&path, &length), 0);
    from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (n = 0; green_sendto(from, "x", 1, MSG_DONTWAIT,
                             (struct sockaddr *)&path, length) == 1;
         n++)
        continue;
    check_equal(errno, EAGAIN);
    g = spawn(receive_after_a_while, &to);
    real = green__sys;
    green__sys.sendto = count_sendto;
    sends = 0;
    check_equal(green_sendto(from, "y", 1, 0, (struct sockaddr *)&path, length),
                1);
    green__sys.sendto = real.sendto;
    check(sends > 1 && sends < 20);
    green_close(from);
    green_kill(g);
    finish(g);
    green_close(to);
}

static void messages_carry_descriptors(void **state)
{
    union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                                        .cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {text("m"), 1};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int fds[2], passed[2];
    char bytes[8] = "";
    green_t *g;

    (void)state;
    make_pair(fds);
    make_pipe(passed);
    g = spawn(receive_descriptor, &fds[0]);
    settle();
    memcpy(CMSG_DATA(&control.header), &passed[1], sizeof passed[1]);
    check_equal(green_sendmsg(fds[1], &message, 0), 1);
    check_equal(green_read(passed[0], bytes, 7), 7);
    check_text(bytes, "through");
    finish(g);
    close_both(fds);
    close_both(passed);
}

/* ---- flags ---- */

static void MSG_DONTWAIT_means_just_that(void **state)
{
    uint64_t switches = count_switches();
    char bytes[8] = "";
    int fds[2];

    (void)state;
    make_pair(fds);
    check_fails(green_recv(fds[0], bytes, 1, MSG_DONTWAIT), EAGAIN);
    fill(fds[1]);
    check_fails(green_send(fds[1], bytes, 1, MSG_DONTWAIT), EAGAIN);
    check_equal(count_switches(), switches);
    close_both(fds);
}

static void MSG_PEEK_leaves_what_it_shows(void **state)
{
    char bytes[8] = "";
    int fds[2];

    (void)state;
    make_pair(fds);
    check_equal(green_send(fds[1], "ab", 2, 0), 2);
    check_equal(green_recv(fds[0], bytes, sizeof bytes, MSG_PEEK), 2);
    check_equal(green_recv(fds[0], bytes, sizeof bytes, 0), 2);
    check_text(bytes, "ab");
    close_both(fds);
}

static void *receive_all(void *fd)
{
    char bytes[8] = "";

    check_equal(green_recv(*(int *)fd, bytes, 6, MSG_WAITALL), 6);
    note("%s", bytes);
    return NULL;
}

static void MSG_WAITALL_waits_for_all(void **state)
{
    int fds[2];
    green_t *g;

    (void)state;
    make_pair(fds);
    g = spawn(receive_all, &fds[0]);
    settle();
    check_equal(green_send(fds[1], "abc", 3, 0), 3);
    check_equal(green_sleep(GREEN_MS), 0);
    check_log("");
    check_equal(green_send(fds[1], "def", 3, 0), 3);
    finish(g);
    check_log("abcdef");
    close_both(fds);
}

/* ---- poll ---- */

struct poll {
    struct pollfd fds[3];
    int64_t timeout;
};

static void *poll_and_note(void *arg)
{
    struct poll *p = arg;

    note("%d", green_poll(p->fds, 3, p->timeout));
    return NULL;
}

static void poll_reports_every_entry_that_is_ready(void **state)
{
    struct poll p = {.timeout = GREEN_FOREVER};
    int one[2], two[2];
    green_t *g;

    (void)state;
    make_pair(one);
    make_pipe(two);
    p.fds[0] = (struct pollfd){one[0], POLLIN, 0};
    p.fds[1] = (struct pollfd){-1, POLLIN, 5};
    p.fds[2] = (struct pollfd){two[0], POLLIN, 0};
    g = spawn(poll_and_note, &p);
    settle();
    check_equal(write(one[1], "x", 1), 1);
    check_equal(write(two[1], "x", 1), 1);
    finish(g);
    check_log("2");
    check_equal(p.fds[0].revents, POLLIN);
    check_equal(p.fds[1].revents, 0);
    check_equal(p.fds[2].revents, POLLIN);
    close_both(one);
    close_both(two);
}

static void poll_gives_nothing_at_its_timeout(void **state)
{
    struct pollfd p = {-1, POLLIN, 0};
    int64_t start;
    int fds[2];

    (void)state;
    clock_take();
    make_pipe(fds);
    p.fd = fds[0];
    start = green_now();
    check_equal(green_poll(&p, 1, 5 * GREEN_MS), 0);
    check_equal(green_now() - start, 5 * GREEN_MS);
    check_equal(green_poll(&p, 1, 0), 0);
    check_equal(green_poll(&p, 1, -1), 0);
    check_equal(green_poll(NULL, 0, GREEN_MS), 0);
    check_equal(green_now() - start, 6 * GREEN_MS);
    check_fails(green_poll(NULL, 1, 0), EFAULT);
    close_both(fds);
}

/* gevent: test__selectors.py test_select_many_sockets */
static void poll_takes_many_and_the_same_twice(void **state)
{
    struct pollfd entries[100];
    int pairs[50][2];

    (void)state;
    for (int i = 0; i < 50; i++) {
        make_pair(pairs[i]);
        entries[i] = (struct pollfd){pairs[i][0], POLLIN, 0};
        entries[i + 50] = entries[i];
    }
    check_equal(green_poll(entries, 100, GREEN_MS), 0);
    for (int i = 0; i < 50; i++)
        check_equal(write(pairs[i][1], "x", 1), 1);
    check_equal(green_poll(entries, 100, GREEN_FOREVER), 100);
    for (int i = 0; i < 50; i++)
        close_both(pairs[i]);
}

/* gevent: test__select.py TestPollRead.test_poll_invalid,
 * TestPossibleCrashes.test_closing_fd_while_polling */
static void a_descriptor_closed_under_poll_is_POLLNVAL(void **state)
{
    struct poll p = {.timeout = GREEN_FOREVER};
    int fds[2];
    green_t *g;

    (void)state;
    make_pair(fds);
    p.fds[0] = (struct pollfd){-1, 0, 0};
    p.fds[1] = (struct pollfd){fds[0], POLLIN, 0};
    p.fds[2] = (struct pollfd){fds[1], POLLIN, 0};
    g = spawn(poll_and_note, &p);
    settle();
    check_equal(green_close(fds[0]), 0);
    finish(g);
    check_equal(p.fds[1].revents, POLLNVAL);
    check_log(p.fds[2].revents ? "2" : "1");
    check_equal(green_poll(&p.fds[1], 1, GREEN_FOREVER), 1);
    check_equal(p.fds[1].revents, POLLNVAL);
    check_equal(green_close(fds[1]), 0);
}

/* Both wake in one look; the first closes what the second waits for. */
static void *read_and_close(void *fds)
{
    char byte;

    check_equal(green_read(((int *)fds)[0], &byte, 1), 1);
    check_equal(green_close(((int *)fds)[1]), 0);
    return NULL;
}

static void a_descriptor_closed_before_poll_goes_on_is_POLLNVAL(void **state)
{
    struct poll p = {.timeout = GREEN_FOREVER};
    int one[2], two[2], both[2];
    green_t *gs[2];

    (void)state;
    make_pair(one);
    make_pair(two);
    both[0] = one[0];
    both[1] = two[0];
    gs[0] = spawn(read_and_close, both);
    p.fds[0] = p.fds[1] = (struct pollfd){-1, 0, 0};
    p.fds[2] = (struct pollfd){two[0], POLLIN, 0};
    gs[1] = spawn(poll_and_note, &p);
    settle();
    check_equal(write(one[1], "x", 1), 1);
    check_equal(write(two[1], "x", 1), 1);
    finish_all(gs, 2);
    check_log("1");
    check_equal(p.fds[2].revents, POLLNVAL);
    close_both(one);
    check_equal(green_close(two[1]), 0);
}

static void poll_sees_hang_ups_unasked(void **state)
{
    struct pollfd p;
    int fds[2];

    (void)state;
    make_pipe(fds);
    check_equal(green_close(fds[1]), 0);
    p = (struct pollfd){fds[0], 0, 0};
    check_equal(green_poll(&p, 1, GREEN_FOREVER), 1);
    check_equal(p.revents, POLLHUP);
    check_equal(green_close(fds[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(connect_and_accept_meet),
        green_test(a_refused_connection_is_ECONNREFUSED),
        green_test(many_connect_at_once),
        green_test(connecting_nonsense_fails_as_the_system_says),
        green_test(datagrams_keep_their_bounds_and_may_be_empty),
        green_test(who_sends_to_a_full_path_does_not_ask_all_the_time),
        green_test(messages_carry_descriptors),
        green_test(MSG_DONTWAIT_means_just_that),
        green_test(MSG_PEEK_leaves_what_it_shows),
        green_test(MSG_WAITALL_waits_for_all),
        green_test(poll_reports_every_entry_that_is_ready),
        green_test(poll_gives_nothing_at_its_timeout),
        green_test(poll_takes_many_and_the_same_twice),
        green_test(a_descriptor_closed_under_poll_is_POLLNVAL),
        green_test(a_descriptor_closed_before_poll_goes_on_is_POLLNVAL),
        green_test(poll_sees_hang_ups_unasked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
