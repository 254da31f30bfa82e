/* SPDX-License-Identifier: MIT */
/* test_accepted.c - connections that the library made itself: a read that took
 * all there was is not repeated before something has come, and nothing that
 * comes is missed. */
#include "support.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connection, peer; /* the accepted end, and a blocking one */

static void *accept_it(void *listener)
{
    connection = green_accept(*(int *)listener, NULL, NULL);
    check(connection >= 0);
    return NULL;
}

static void make_connection(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    green_t *g;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    check_equal(listen(listener, 1), 0);
    check_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    g = spawn(accept_it, &listener);
    settle();
    peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_equal(connect(peer, (struct sockaddr *)&address, length), 0);
    finish(g);
    check_equal(green_close(listener), 0);
}

static void close_connection(void)
{
    check_equal(green_close(connection), 0);
    check_equal(close(peer), 0);
}

static void *read_to_the_end(void *arg)
{
    char bytes[16];
    ssize_t n;

    while ((n = green_read(connection, bytes, sizeof bytes)) > 0)
        note("%.*s", (int)n, bytes);
    note_result("end", n);
    return arg;
}

static void say(const char *words)
{
    check_equal(send(peer, words, strlen(words), 0), strlen(words));
}

/* Each pair of words stands for one way in which bytes and looks of the hub
 * can follow each other. */
static void what_comes_after_a_short_read_is_read(void **state)
{
    green_t *g;

    (void)state;
    make_connection();
    g = spawn(read_to_the_end, NULL);
    settle();
    say("one");
    check_equal(green_sleep(GREEN_MS), 0);
    say("two");
    settle();
    check_equal(green_sleep(GREEN_MS), 0);
    say("exactly-sixteen!");
    check_equal(green_sleep(GREEN_MS), 0);
    say("three");
    check_equal(shutdown(peer, SHUT_WR), 0);
    finish(g);
    check_log("one two exactly-sixteen! three end:ok");
    close_connection();
}

static void the_end_after_a_short_read_is_seen(void **state)
{
    char bytes[16];

    (void)state;
    make_connection();
    say("last");
    check_equal(green_read(connection, bytes, sizeof bytes), 4);
    check_equal(shutdown(peer, SHUT_WR), 0);
    check_equal(green_read(connection, bytes, sizeof bytes), 0);
    check_equal(green_read(connection, bytes, sizeof bytes), 0);
    close_connection();
}

/* Reset by closing with unread bytes. */
static void a_reset_after_a_short_read_is_seen(void **state)
{
    char bytes[16];

    (void)state;
    make_connection();
    say("last");
    check_equal(green_read(connection, bytes, sizeof bytes), 4);
    check_equal(green_write(connection, "unread", 6), 6);
    check_equal(close(peer), 0);
    check_fails(green_read(connection, bytes, sizeof bytes), ECONNRESET);
    peer = dup(0);
    close_connection();
}

static void *answer(void *rounds)
{
    char byte;

    for (int i = 0; i < *(int *)rounds; i++) {
        check_equal(green_read(connection, &byte, 1), 1);
        check_equal(green_write(connection, &byte, 1), 1);
    }
    return NULL;
}

static void *ask(void *rounds)
{
    char bytes[8];

    for (int i = 0; i < *(int *)rounds; i++) {
        check_equal(green_send(peer, "q", 1, 0), 1);
        check_equal(green_recv(peer, bytes, sizeof bytes, 0), 1);
    }
    return NULL;
}

static void a_long_talk_loses_nothing(void **state)
{
    int rounds = 1000;
    green_t *gs[2];

    (void)state;
    make_connection();
    gs[0] = spawn(answer, &rounds);
    gs[1] = spawn(ask, &rounds);
    finish_all(gs, 2);
    close_connection();
}

static void *read_some(void *arg)
{
    char bytes[16];

    check(green_read(connection, bytes, sizeof bytes) > 0);
    note("%s", (const char *)arg);
    return NULL;
}

static void all_ways_to_read_see_what_came_after_a_short_read(void **state)
{
    struct pollfd entry = {-1, POLLIN, 0};
    char bytes[16];

    (void)state;
    make_connection();
    say("a");
    finish(spawn(read_some, text("short")));
    say("b");
    check_equal(green_wait_fd(connection, GREEN_READ, GREEN_FOREVER),
                GREEN_READ);
    entry.fd = connection;
    check_equal(green_poll(&entry, 1, GREEN_FOREVER), 1);
    check_equal(green_recv(connection, bytes, sizeof bytes, MSG_PEEK), 1);
    finish(spawn(read_some, text("again")));
    say("c");
    check_equal(green_recv(connection, bytes, sizeof bytes, 0), 1);
    say("d");
    check_equal(green_read(connection, bytes, sizeof bytes), 1);
    check_equal(bytes[0], 'd');
    check_log("short again");
    close_connection();
}

/* ---- reads that are short though there is more ---- */

static void *sleep_and_note(void *name)
{
    if (green_sleep(GREEN_SEC / 2) == 0)
        note("%s", (char *)name);
    return NULL;
}

/* Reading what is there takes no time, which the hub turns on when it rests. */
static void read_without_wait(const char *expected)
{
    green_t *sleeper = spawn(sleep_and_note, text("later"));
    char bytes[16];
    ssize_t n = green_read(connection, bytes, sizeof bytes);

    note("%.*s", (int)n, bytes);
    check_log(expected);
    end_by_kill(sleeper);
}

static void urgent_data_hides_nothing_that_follows(void **state)
{
    (void)state;
    clock_take();
    make_connection();
    say("first");
    read_without_wait("first");
    check_fails(green_wait_fd(connection, GREEN_READ, GREEN_MS), ETIMEDOUT);
    say("before");
    check_equal(send(peer, "!", 1, MSG_OOB), 1);
    say("after");
    check_equal(green_wait_fd(connection, GREEN_READ, GREEN_FOREVER),
                GREEN_READ);
    check_equal(green_sleep(GREEN_MS), 0); /* for the poller to tell of all */
    read_without_wait("before");
    read_without_wait("after");
    close_connection();
}

static void make_unix_connection(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    int listener = green_socket(AF_UNIX, SOCK_STREAM, 0);

    check_equal(
        bind(listener, (struct sockaddr *)&address, sizeof address.sun_family),
        0);
    check_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    check_equal(listen(listener, 1), 0);
    peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_equal(connect(peer, (struct sockaddr *)&address, length), 0);
    finish(spawn(accept_it, &listener));
    check_equal(green_close(listener), 0);
}

static void say_with_descriptor(char *words)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {words, strlen(words)};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};

    memset(&control, 0, sizeof control);
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &peer, sizeof peer);
    check_equal(sendmsg(peer, &message, 0), strlen(words));
}

static void descriptors_sent_along_hide_nothing_that_follows(void **state)
{
    char words[] = "with";

    (void)state;
    clock_take();
    make_unix_connection();
    say("first");
    read_without_wait("first");
    check_fails(green_wait_fd(connection, GREEN_READ, GREEN_MS), ETIMEDOUT);
    say_with_descriptor(words);
    say("after");
    check_equal(green_sleep(GREEN_MS), 0);
    read_without_wait("with");
    read_without_wait("after");
    close_connection();
}

/* ---- a number that was such a connection ---- */

static void a_number_used_again_is_not_taken_for_drained(void **state)
{
    char bytes[16];
    int fds[2], before;

    (void)state;
    for (int way = 0; way < 2; way++) {
        make_connection();
        before = connection;
        say("short");
        check_equal(green_read(connection, bytes, sizeof bytes), 5);
        check_equal(way ? green_close(connection) : close(connection), 0);
        check_equal(close(peer), 0);
        make_pair(fds);
        check_equal(dup2(fds[0], before), before);
        check_equal(send(fds[1], "x", 1, 0), 1);
        check_equal(green_read(before, bytes, sizeof bytes), 1);
        check_equal(green_close(before), 0);
        close_both(fds);
    }
}

/* ---- connecting to a unix socket whose backlog is full ---- */

static void *accept_many(void *listener)
{
    for (int i = 0; i < 6; i++) {
        int fd = green_accept(*(int *)listener, NULL, NULL);

        check(fd >= 0);
        check_equal(green_close(fd), 0);
        check_equal(green_sleep(GREEN_MS), 0);
    }
    return NULL;
}

static void a_unix_socket_waits_for_room_in_the_backlog(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fds[6];
    green_t *g = NULL;

    (void)state;
    check_equal(
        bind(listener, (struct sockaddr *)&address, sizeof address.sun_family),
        0);
    check_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    check_equal(listen(listener, 1), 0);
    for (int i = 0; i < 6; i++) {
        if (i == 1)
            g = spawn(accept_many, &listener);
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        check_equal(green_connect(fds[i], (struct sockaddr *)&address, length),
                    0);
    }
    finish(g);
    for (int i = 0; i < 6; i++)
        check_equal(green_close(fds[i]), 0);
    check_equal(green_close(listener), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(what_comes_after_a_short_read_is_read),
        green_test(the_end_after_a_short_read_is_seen),
        green_test(a_reset_after_a_short_read_is_seen),
        green_test(a_long_talk_loses_nothing),
        green_test(all_ways_to_read_see_what_came_after_a_short_read),
        green_test(urgent_data_hides_nothing_that_follows),
        green_test(descriptors_sent_along_hide_nothing_that_follows),
        green_test(a_number_used_again_is_not_taken_for_drained),
        green_test(a_unix_socket_waits_for_room_in_the_backlog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
