/* SPDX-License-Identifier: MIT */
/* test_datagram.c - sockets for datagrams, and a server of them. */
#include "support.h"

#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include "hub.h"
#include "sys.h"

static struct sys real;
static char directory[] = "/tmp/green_datagram_XXXXXX";

static const char *path_of(const char *name)
{
    static char text[100];

    snprintf(text, sizeof text, "unix:%s/%s", directory, name);
    return text;
}

static const char *local(int port)
{
    static char text[40];

    snprintf(text, sizeof text, "127.0.0.1:%d", port);
    return text;
}

static void echo(int fd, const void *data, size_t n,
                 const struct sockaddr *from, socklen_t length, void *arg)
{
    (void)arg;
    check_equal(green_sendto(fd, data, n, 0, from, length), n);
}

static green_server_t *start(green_datagram_handler_t *handler, void *arg,
                             size_t max)
{
    green_server_options_t options = {.max = max};
    green_server_t *s =
        green_datagram_server_start("127.0.0.1:0", handler, arg, &options);

    check(s != NULL);
    return s;
}

static int dial(const green_server_t *s)
{
    int fd = green_datagram_dial(local(green_server_port(s)), GREEN_FOREVER);

    check(fd >= 0);
    return fd;
}

static void say(int fd, const char *words)
{
    check_equal(green_send(fd, words, strlen(words), 0), strlen(words));
}

static void hear(int fd, const char *words)
{
    char buffer[100] = "";

    check(green_recv(fd, buffer, sizeof buffer - 1, 0) >= 0);
    check_text(buffer, words);
}

static void stop(green_server_t *s)
{
    check_equal(green_server_stop(s, GREEN_FOREVER), 0);
}

/* ---- serving ---- */

static void each_datagram_is_handled_and_can_be_answered(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fds[20], i;
    char words[20];

    (void)state;
    for (i = 0; i < 20; i++) {
        fds[i] = dial(s);
        snprintf(words, sizeof words, "I am %d", i);
        say(fds[i], words);
    }
    for (i = 19; i >= 0; i--) {
        snprintf(words, sizeof words, "I am %d", i);
        hear(fds[i], words);
        green_close(fds[i]);
    }
    stop(s);
}

static void check_echoed(int fd, size_t n)
{
    char *sent = malloc(n + 1), *got = malloc(n + 1);

    memset(sent, 'd', n);
    memset(got, ' ', n + 1);
    check_equal(green_send(fd, sent, n, 0), n);
    check_equal(green_recv(fd, got, n + 1, 0), n);
    check(memcmp(sent, got, n) == 0);
    free(sent);
    free(got);
}

static void datagrams_of_any_length_arrive_whole(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fd = dial(s);

    (void)state;
    check_echoed(fd, 0);
    check_echoed(fd, 1);
    check_echoed(fd, 65507); /* no longer ones exist */
    green_close(fd);
    stop(s);

    s = green_datagram_server_start(path_of("long"), echo, NULL, NULL);
    fd = green_datagram_dial(path_of("long"), 0);
    check_echoed(fd, 0);
    check_echoed(fd, 65536);
    check_echoed(fd, 150000);
    check_echoed(fd, 3);
    green_close(fd);
    stop(s);
}

static void note_data(int fd, const void *data, size_t n,
                      const struct sockaddr *from, socklen_t length, void *arg)
{
    (void)fd, (void)from, (void)length;
    check(((const char *)data)[n] == '\0');
    check((uintptr_t)data % _Alignof(max_align_t) == 0);
    check_equal(green_event_wait(arg, GREEN_FOREVER), 0);
    note("%s", (const char *)data);
}

static void await_greenlets(uint64_t n)
{
    while (count_greenlets() < n)
        check_equal(green_sleep(GREEN_MS), 0);
}

static void the_data_are_the_handlers_own_until_it_returns(void **state)
{
    green_event_t go = GREEN_EVENT_INIT;
    green_server_t *s = start(note_data, &go, 0);
    int fd = dial(s);
    uint64_t before = count_greenlets();

    (void)state;
    say(fd, "first");
    say(fd, "second");
    say(fd, "third");
    await_greenlets(before + 3);
    check_log("");
    green_event_set(&go);
    stop(s);
    check_log("first second third"); /* begun in the order they came */
    green_close(fd);
}

static void beyond_the_bound_they_wait_in_the_buffer(void **state)
{
    green_event_t go = GREEN_EVENT_INIT;
    green_server_t *s = start(note_data, &go, 2);
    int fd = dial(s), i;
    uint64_t before = count_greenlets();

    (void)state;
    for (i = 0; i < 5; i++)
        say(fd, "x");
    await_greenlets(before + 2);
    for (i = 0; i < 20; i++) /* the receiver has every occasion for more */
        check_equal(green_sleep(GREEN_MS / 10), 0);
    check_equal(count_greenlets(), before + 2);
    green_event_set(&go);
    while (count_greenlets() > before)
        check_equal(green_sleep(GREEN_MS), 0);
    check_log("x x x x x");
    stop(s);
    green_close(fd);
}

static void leave(int fd, const void *data, size_t n,
                  const struct sockaddr *from, socklen_t length, void *arg)
{
    echo(fd, data, n, from, length, arg);
    if (n == 4)
        green_exit(NULL);
    green_fail(EIO, "on purpose");
}

static void a_handler_may_leave_by_exit_or_fail(void **state)
{
    green_server_t *s = start(leave, NULL, 1);
    int fd = dial(s);

    (void)state;
    say(fd, "exit");
    hear(fd, "exit");
    say(fd, "fail!");
    hear(fd, "fail!");
    green_close(fd);
    stop(s);
}

static void both_families_are_served_without_a_host(void **state)
{
    green_server_t *s = green_datagram_server_start(":0", echo, NULL, NULL);
    char address[40];
    int fd;

    (void)state;
    check(s != NULL);
    fd = dial(s);
    say(fd, "four");
    hear(fd, "four");
    green_close(fd);
    snprintf(address, sizeof address, "[::1]:%d", green_server_port(s));
    fd = green_datagram_dial(address, GREEN_FOREVER);
    if (fd >= 0) {
        say(fd, "six");
        hear(fd, "six");
        green_close(fd);
    } else {
        print_message("IPv6 is left out: %s\n", strerror(errno));
    }
    stop(s);
}

static void what_cannot_be_served_is_refused(void **state)
{
    green_server_t *s = start(echo, NULL, 0);

    (void)state;
    check(!green_datagram_server_start(local(green_server_port(s)), echo, NULL,
                                       NULL));
    check_equal(errno, EADDRINUSE);
    stop(s);
    check(!green_datagram_server_start("127.0.0.1:0", NULL, NULL, NULL));
    check_equal(errno, EINVAL);
    check(!green_datagram_server_start("nonsense", echo, NULL, NULL));
    check_equal(errno, EINVAL);
}

static void servers_can_share_a_port_if_all_want_to(void **state)
{
    green_server_options_t options = {.reuse_port = true};
    green_server_t *a, *b;
    int fd;

    (void)state;
    a = green_datagram_server_start("127.0.0.1:0", echo, NULL, &options);
    check(a != NULL);
    b = green_datagram_server_start(local(green_server_port(a)), echo, NULL,
                                    &options);
    check(b != NULL);
    fd = dial(a);
    say(fd, "either");
    hear(fd, "either");
    stop(a);
    say(fd, "the other");
    hear(fd, "the other");
    green_close(fd);
    stop(b);
}

/* ---- Unix sockets ---- */

static void the_file_of_a_unix_socket_goes_with_the_server(void **state)
{
    green_server_t *s =
        green_datagram_server_start(path_of("file"), echo, NULL, NULL);
    int fd;

    (void)state;
    check(s != NULL);
    check_fails(green_server_port(s), EINVAL);
    fd = green_datagram_dial(path_of("file"), GREEN_FOREVER);
    say(fd, "who has no name of its own is answered");
    hear(fd, "who has no name of its own is answered");
    green_close(fd);
    stop(s);
    check_equal(access(path_of("file") + 5, F_OK), -1);
    check_fails(green_datagram_dial(path_of("file"), 0), ENOENT);
}

static void a_socket_file_left_behind_is_replaced(void **state)
{
    int fd = green_datagram_listen(path_of("left")), other;

    (void)state;
    check(fd >= 0);
    check_fails(green_datagram_listen(path_of("left")), EADDRINUSE);
    green_close(fd);
    check_fails(green_datagram_dial(path_of("left"), 0), ECONNREFUSED);
    fd = green_datagram_listen(path_of("left"));
    check(fd >= 0);
    other = green_datagram_dial(path_of("left"), 0);
    say(other, "new");
    hear(fd, "new");
    green_close(other);
    green_close(fd);
    check_equal(unlink(path_of("left") + 5), 0);
}

static void note_length(int fd, const void *data, size_t n,
                        const struct sockaddr *from, socklen_t length,
                        void *arg)
{
    (void)fd, (void)data, (void)n, (void)from;
    check(length <= offsetof(struct sockaddr_un, sun_path));
    green_event_set(arg);
}

static void who_has_no_name_can_be_received_from(void **state)
{
    green_event_t noted = GREEN_EVENT_INIT;
    green_server_t *s = green_datagram_server_start(path_of("anonymous"),
                                                    note_length, &noted, NULL);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    strcpy(to.sun_path, path_of("anonymous") + 5);
    check_equal(green_sendto(fd, "x", 1, 0, (void *)&to, sizeof to), 1);
    check_equal(green_event_wait(&noted, GREEN_FOREVER), 0);
    close(fd);
    stop(s);
}

/* ---- shortages and other people's troubles ---- */

static int troubles, trouble;

static ssize_t recvmsg_or_fail(int fd, struct msghdr *message, int flags)
{
    if (troubles == 0)
        return real.recvmsg(fd, message, flags);
    troubles--;
    errno = trouble;
    return -1;
}

static void no_error_of_receiving_ends_the_server(void **state)
{
    static const int errors[] = {
        ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, EMSGSIZE, EPROTO,
        ENOBUFS,      ENOMEM,     EMFILE,       EPERM,       EIO,      EINVAL};
    green_server_t *s = start(echo, NULL, 0);
    int fd = dial(s);
    size_t i;

    (void)state;
    green__sys.recvmsg = recvmsg_or_fail;
    for (i = 0; i < ARRAY_SIZE(errors); i++) {
        trouble = errors[i];
        troubles = 2;
        say(fd, "hello");
        hear(fd, "hello");
        check_equal(troubles, 0);
    }
    green__sys.recvmsg = real.recvmsg;
    green_close(fd);
    stop(s);
}

static void an_error_without_end_holds_nobody_else_up(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fd = dial(s), i;

    (void)state;
    green__sys.recvmsg = recvmsg_or_fail;
    trouble = ECONNREFUSED;
    troubles = INT_MAX;
    say(fd, "late");
    for (i = 0; i < 100; i++)
        check_equal(green_sleep(GREEN_MS / 100), 0);
    troubles = 0;
    hear(fd, "late");
    green__sys.recvmsg = real.recvmsg;
    green_close(fd);
    stop(s);
}

static void clients_that_are_gone_do_not_concern_it(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fd = dial(s), gone;

    (void)state;
    gone = dial(s);
    say(gone, "bye");
    green_close(gone);
    say(fd, "hello");
    hear(fd, "hello");
    green_close(fd);
    stop(s);
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

static void a_shortage_of_memory_is_waited_out(void **state)
{
    green_server_t *s = start(echo, NULL, 0);
    int fd = dial(s), n;

    (void)state;
    say(fd, "now all tables are large enough");
    hear(fd, "now all tables are large enough");
    for (n = 0; bad_mallocs == 0; n++) {
        good_mallocs = n;
        bad_mallocs = 2;
        green__sys.malloc = malloc_or_fail;
        say(fd, "x");
        hear(fd, "x");
        green__sys.malloc = real.malloc;
    }
    check(n > 1);
    bad_mallocs = good_mallocs = 0;
    green_close(fd);
    stop(s);
}

static int bad_reallocs;

static void *realloc_or_fail(void *old, size_t size)
{
    if (bad_reallocs == 0)
        return real.realloc(old, size);
    bad_reallocs--;
    errno = ENOMEM;
    return NULL;
}

static void a_long_one_is_not_cut_for_want_of_memory(void **state)
{
    green_server_t *s =
        green_datagram_server_start(path_of("want"), echo, NULL, NULL);
    int fd = green_datagram_dial(path_of("want"), 0);

    (void)state;
    check_echoed(fd, 1);
    bad_reallocs = 2;
    green__sys.realloc = realloc_or_fail;
    check_echoed(fd, 100000);
    green__sys.realloc = real.realloc;
    check_equal(bad_reallocs, 0);
    green_close(fd);
    stop(s);
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
        s = green_datagram_server_start("127.0.0.1:0", echo, NULL, NULL);
        green__sys.malloc = real.malloc;
        check(s || errno == ENOMEM);
    }
    check(n > 2);
    bad_mallocs = 0;
    stop(s);
}

/* ---- stopping ---- */

/* Says that it has begun, and answers when it may. */
static void answer_late(int fd, const void *data, size_t n,
                        const struct sockaddr *from, socklen_t length,
                        void *arg)
{
    check_equal(green_sendto(fd, "!", 1, 0, from, length), 1);
    if (green_event_wait(arg, GREEN_FOREVER) == 0)
        check_equal(green_sendto(fd, data, n, 0, from, length), n);
    else
        note_result("handler", -1);
}

static void *set_soon(void *event)
{
    green_yield();
    green_yield();
    green_event_set(event);
    return NULL;
}

static void handlers_can_answer_in_the_grace(void **state)
{
    green_event_t go = GREEN_EVENT_INIT;
    green_server_t *s = start(answer_late, &go, 0);
    int fd = dial(s), port = green_server_port(s), other;

    (void)state;
    say(fd, "question");
    hear(fd, "!");
    check_equal(green_go(set_soon, &go), 0);
    stop(s);
    hear(fd, "question");
    green_close(fd);
    other = green_datagram_listen(local(port));
    check(other >= 0); /* the socket is closed */
    green_close(other);
}

static void handlers_that_outlast_the_grace_are_killed(void **state)
{
    green_event_t never = GREEN_EVENT_INIT;
    green_server_t *s = start(answer_late, &never, 0);
    int fd = dial(s);

    (void)state;
    say(fd, "x");
    hear(fd, "!");
    check_fails(green_server_stop(s, GREEN_MS), ETIMEDOUT);
    check_log("handler:ECANCELED");
    green_close(fd);
}

static void receivers_that_wait_are_stopped(void **state)
{
    green_event_t never = GREEN_EVENT_INIT;
    green_server_t *s = start(answer_late, &never, 1);
    int fd = dial(s);

    (void)state;
    say(fd, "x"); /* for room */
    hear(fd, "!");
    say(fd, "y");
    check_fails(green_server_stop(s, 0), ETIMEDOUT);
    check_log("handler:ECANCELED");

    s = start(echo, NULL, 0); /* for a datagram */
    green_yield();
    stop(s);

    s = start(echo, NULL, 0); /* not even begun */
    stop(s);

    s = start(echo, NULL, 0); /* for better times */
    green__sys.recvmsg = recvmsg_or_fail;
    trouble = ENOBUFS;
    troubles = INT_MAX;
    green_yield();
    stop(s);
    check(troubles < INT_MAX);
    green__sys.recvmsg = real.recvmsg;
    green_close(fd);
}

static green_server_t *own_server;

static void stop_own(int fd, const void *data, size_t n,
                     const struct sockaddr *from, socklen_t length, void *arg)
{
    check_fails(green_server_stop(own_server, 0), EDEADLK);
    echo(fd, data, n, from, length, arg);
}

static void a_handler_cannot_stop_its_own_server(void **state)
{
    int fd;

    (void)state;
    own_server = start(stop_own, NULL, 0);
    fd = dial(own_server);
    say(fd, "x");
    hear(fd, "x");
    green_close(fd);
    stop(own_server);
}

static void close_own(int fd, const void *data, size_t n,
                      const struct sockaddr *from, socklen_t length, void *arg)
{
    int *reused = arg;

    echo(fd, data, n, from, length, NULL);
    green_close(fd);
    *reused = open("/dev/null", O_RDONLY | O_CLOEXEC);
    check_equal(*reused, fd);
}

static void what_a_handler_closed_is_not_closed_again(void **state)
{
    int reused = -1;
    green_server_t *s = start(close_own, &reused, 0);
    int fd = dial(s);

    (void)state;
    say(fd, "x");
    hear(fd, "x");
    stop(s);
    check_equal(close(reused), 0);
    green_close(fd);
}

/* ---- dialling ---- */

static void that_nobody_is_there_is_told_later(void **state)
{
    int fd = green_datagram_listen("127.0.0.1:0");
    int port = green_local_port(fd);
    char byte;

    (void)state;
    green_close(fd);
    fd = green_datagram_dial(local(port), GREEN_FOREVER);
    check(fd >= 0);
    say(fd, "hello?");
    check_fails(green_recv(fd, &byte, 1, 0), ECONNREFUSED);
    green_close(fd);
}

static void strangers_are_not_heard(void **state)
{
    int fd = green_datagram_listen("127.0.0.1:0");
    int peer = green_datagram_listen("127.0.0.1:0"), dialled;
    int stranger;

    (void)state;
    dialled = green_datagram_dial(local(green_local_port(peer)), 0);
    stranger = green_datagram_dial(local(green_local_port(dialled)), 0);
    say(stranger, "buy this");
    check_fails(green_wait_fd(dialled, GREEN_READ, 0), ETIMEDOUT);
    green_close(stranger);
    green_close(dialled);
    green_close(peer);
    green_close(fd);
}

static void descriptors_do_not_block_and_end_at_exec(void **state)
{
    int fds[2] = {green_datagram_listen("127.0.0.1:0"), -1}, i;

    (void)state;
    fds[1] = green_datagram_dial(local(green_local_port(fds[0])), 0);
    for (i = 0; i < 2; i++) {
        check(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        check(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        green_close(fds[i]);
    }
}

static int unreachable;

static int connect_if_reachable(int fd, const struct sockaddr *address,
                                socklen_t length)
{
    if (unreachable == 0)
        return real.connect(fd, address, length);
    unreachable--;
    errno = unreachable == 0 ? ENETUNREACH : EADDRNOTAVAIL;
    return -1;
}

static struct sockaddr_in nowhere = {.sin_family = AF_INET};
static struct addrinfo entries[2];

static int find_two(const char *node, const char *service,
                    const struct addrinfo *hints, struct addrinfo **result)
{
    int i;

    (void)node;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    nowhere.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    nowhere.sin_port = htons((uint16_t)strtol(service, NULL, 10));
    for (i = 0; i < 2; i++)
        entries[i] = (struct addrinfo){.ai_family = AF_INET,
                                       .ai_socktype = hints->ai_socktype,
                                       .ai_addr = (struct sockaddr *)&nowhere,
                                       .ai_addrlen = sizeof nowhere,
                                       .ai_next = i == 0 ? &entries[1] : NULL};
    *result = entries;
    return 0;
}

static void keep_two(struct addrinfo *list)
{
    (void)list;
}

static void the_first_address_with_a_way_to_it_is_taken(void **state)
{
    int fd;

    (void)state;
    green__sys.getaddrinfo = find_two;
    green__sys.freeaddrinfo = keep_two;
    green__sys.connect = connect_if_reachable;
    unreachable = 1;
    fd = green_datagram_dial("two.example:9", GREEN_FOREVER);
    check(fd >= 0);
    check_equal(unreachable, 0);
    green_close(fd);
    unreachable = 2;
    check_fails(green_datagram_dial("two.example:9", GREEN_FOREVER),
                EADDRNOTAVAIL);
    green__sys = real;
}

static void *listen_and_dial(void *arg)
{
    check_fails(green_datagram_listen("127.0.0.1:0"), ECANCELED);
    check_fails(green_datagram_dial("127.0.0.1:9", GREEN_FOREVER), ECANCELED);
    check(!green_datagram_server_start("127.0.0.1:0", echo, NULL, NULL));
    check_equal(errno, ECANCELED);
    return arg;
}

static void what_cannot_be_dialled_fails(void **state)
{
    (void)state;
    check_fails(green_datagram_dial("nonsense", GREEN_FOREVER), EINVAL);
    check_fails(green_datagram_dial("host.example:9", 0), ETIMEDOUT);
    end_by_kill(spawn(listen_and_dial, NULL));
}

/* ---- the set-up ---- */

static int make_directory(void **state)
{
    real = green__sys;
    return open_wake_up(state) || !mkdtemp(directory);
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(each_datagram_is_handled_and_can_be_answered),
        green_test(datagrams_of_any_length_arrive_whole),
        green_test(the_data_are_the_handlers_own_until_it_returns),
        green_test(beyond_the_bound_they_wait_in_the_buffer),
        green_test(a_handler_may_leave_by_exit_or_fail),
        green_test(both_families_are_served_without_a_host),
        green_test(what_cannot_be_served_is_refused),
        green_test(servers_can_share_a_port_if_all_want_to),
        green_test(the_file_of_a_unix_socket_goes_with_the_server),
        green_test(a_socket_file_left_behind_is_replaced),
        green_test(who_has_no_name_can_be_received_from),
        green_test(no_error_of_receiving_ends_the_server),
        green_test(an_error_without_end_holds_nobody_else_up),
        green_test(clients_that_are_gone_do_not_concern_it),
        green_test(a_shortage_of_memory_is_waited_out),
        green_test(a_long_one_is_not_cut_for_want_of_memory),
        green_test(without_memory_none_is_started),
        green_test(handlers_can_answer_in_the_grace),
        green_test(handlers_that_outlast_the_grace_are_killed),
        green_test(receivers_that_wait_are_stopped),
        green_test(a_handler_cannot_stop_its_own_server),
        green_test(what_a_handler_closed_is_not_closed_again),
        green_test(that_nobody_is_there_is_told_later),
        green_test(strangers_are_not_heard),
        green_test(descriptors_do_not_block_and_end_at_exec),
        green_test(the_first_address_with_a_way_to_it_is_taken),
        green_test(what_cannot_be_dialled_fails),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
