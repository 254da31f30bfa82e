/* SPDX-License-Identifier: MIT */
/* test_net.c - sockets that listen and that connect, on this machine only. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "net.h"
#include "sys.h"
#include "leaks.h"

static struct sys real;
static char directory[] = "/tmp/green_net_XXXXXX";

/* The host, with the port of a socket; valid until the next call. */
static const char *address_of(const char *host, int fd)
{
    static char text[100];
    int port = green_local_port(fd);

    assert_true(port > 0);
    snprintf(text, sizeof text, "%s:%d", host, port);
    return text;
}

static const char *path_of(const char *name)
{
    static char text[100];

    snprintf(text, sizeof text, "unix:%s/%s", directory, name);
    return text;
}

static int listen_at(const char *address)
{
    int fd = green_listen(address, 0);

    if (fd < 0)
        fail_msg("cannot listen on %s: %s", address, strerror(errno));
    return fd;
}

/* Connect to a listening socket, and see that it is the one. */
static void check_connected(int listener, const char *address)
{
    char byte = 0;
    int client = green_dial(address, 60 * GREEN_SEC), served;

    if (client < 0)
        fail_msg("cannot dial %s: %s", address, strerror(errno));
    served = green_accept(listener, NULL, NULL);
    assert_true(served >= 0);
    assert_int_equal(green_write(client, "x", 1), 1);
    assert_int_equal(green_read(served, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(green_close(served), 0);
    assert_int_equal(green_close(client), 0);
}

static bool has_ipv6(void)
{
    int fd = green_listen("[::1]:0", 0);

    if (fd >= 0)
        green_close(fd);
    else
        print_message("IPv6 is left out: %s\n", strerror(errno));
    return fd >= 0;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;

    assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

/* ---- listening and dialling ---- */

static void who_listens_on_a_host_is_dialled_there(void **state)
{
    int fd = listen_at("127.0.0.1:0");

    (void)state;
    check_connected(fd, address_of("127.0.0.1", fd));
    check_connected(fd, address_of("", fd));
    assert_int_equal(green_close(fd), 0);
}

/* A machine may have no /etc/hosts, and then knows no localhost. */
static void who_listens_on_localhost_is_found_at_127_0_0_1(void **state)
{
    struct addrinfo *known = NULL;
    int fd;

    (void)state;
    if (getaddrinfo("localhost", NULL, NULL, &known) != 0)
        skip();
    freeaddrinfo(known);
    fd = listen_at("localhost:0");
    check_connected(fd, address_of("127.0.0.1", fd));
    check_connected(fd, address_of("localhost", fd));
    assert_int_equal(green_close(fd), 0);
}

static void without_a_host_it_is_every_interface_of_both_families(void **state)
{
    static const char *const all[] = {":0", "*:0"};
    int fd, i;

    (void)state;
    for (i = 0; i < 2; i++) {
        fd = listen_at(all[i]);
        check_connected(fd, address_of("127.0.0.1", fd));
        check_connected(fd, address_of("", fd));
        check_connected(fd, address_of("*", fd));
        if (has_ipv6())
            check_connected(fd, address_of("[::1]", fd));
        assert_int_equal(green_close(fd), 0);
    }
}

static void an_ipv6_address_stands_in_brackets(void **state)
{
    int fd;

    (void)state;
    if (!has_ipv6())
        skip();
    fd = listen_at("[::1]:0");
    check_connected(fd, address_of("[::1]", fd));
    assert_int_equal(green_close(fd), 0);
}

static int refuse_ipv6(int domain, int type, int protocol)
{
    if (domain != AF_INET6)
        return real.socket(domain, type, protocol);
    errno = EAFNOSUPPORT;
    return -1;
}

static void without_ipv6_it_is_every_interface_of_ipv4(void **state)
{
    int fd;

    (void)state;
    green__sys.socket = refuse_ipv6;
    fd = listen_at(":0");
    check_connected(fd, address_of("127.0.0.1", fd));
    check_connected(fd, address_of("", fd));
    green__sys.socket = real.socket;
    assert_int_equal(green_close(fd), 0);
}

static void descriptors_do_not_block_and_end_at_exec(void **state)
{
    int fds[3], i;

    (void)state;
    fds[0] = listen_at("127.0.0.1:0");
    fds[1] = green_dial(address_of("127.0.0.1", fds[0]), GREEN_FOREVER);
    fds[2] = green_accept(fds[0], NULL, NULL);
    for (i = 0; i < 3; i++) {
        assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        assert_int_equal(option_of(fds[i], IPPROTO_TCP, TCP_NODELAY) != 0, 1);
    }
    assert_int_equal(option_of(fds[0], SOL_SOCKET, SO_REUSEADDR) != 0, 1);
    for (i = 0; i < 3; i++)
        assert_int_equal(green_close(fds[i]), 0);
}

static void a_port_in_use_is_not_shared_unless_asked_for(void **state)
{
    char address[100];
    int fd = listen_at("127.0.0.1:0"), other;

    (void)state;
    strcpy(address, address_of("127.0.0.1", fd));
    errno = 0;
    assert_int_equal(green_listen(address, 0), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(green_listen(address_of("", fd), 0), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(green_close(fd), 0);

    fd = green__listen("127.0.0.1:0", SOCK_STREAM, 0, true);
    strcpy(address, address_of("127.0.0.1", fd));
    other = green__listen(address, SOCK_STREAM, 0, true);
    assert_true(other >= 0);
    assert_int_equal(green_close(other), 0);
    assert_int_equal(green_close(fd), 0);
}

static void a_port_can_be_listened_on_again_at_once(void **state)
{
    char address[100];
    int fd = listen_at("127.0.0.1:0"), client, served;

    (void)state;
    strcpy(address, address_of("127.0.0.1", fd));
    client = green_dial(address, GREEN_FOREVER);
    served = green_accept(fd, NULL, NULL);
    green_close(served); /* first, so that it is this port that lingers */
    green_close(client);
    green_close(fd);
    fd = listen_at(address);
    green_close(fd);
}

static void text_that_is_no_address_is_invalid(void **state)
{
    static const char *const wrong[] = {
        "",      "host",       "host:", "host:http", "::1:80",
        "[::1]", "host:65536", "[h]:1", "unix:",     NULL};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        assert_int_equal(green_listen(wrong[i], 0), -1);
        assert_int_equal(errno, EINVAL);
        errno = 0;
        assert_int_equal(green_dial(wrong[i], GREEN_FOREVER), -1);
        assert_int_equal(errno, EINVAL);
    }
}

/* ---- unix sockets ---- */

static void a_path_is_listened_on_and_dialled(void **state)
{
    int fd = listen_at(path_of("a"));

    (void)state;
    check_connected(fd, path_of("a"));
    assert_int_equal(access(path_of("a") + 5, F_OK), 0);
    green__net_unlink(fd);
    assert_int_equal(access(path_of("a") + 5, F_OK), -1);
    assert_int_equal(green_close(fd), 0);
}

static void a_name_without_a_file_is_too(void **state)
{
    char address[100];
    int fd;

    (void)state;
    snprintf(address, sizeof address, "unix:@green_net_%ld", (long)getpid());
    fd = green_listen(address, 0);
    if (fd < 0) /* only Linux has them */
        skip();
    check_connected(fd, address);
    errno = 0;
    assert_int_equal(green_listen(address, 0), -1);
    assert_int_equal(errno, EADDRINUSE);
    green__net_unlink(fd);
    assert_int_equal(green_close(fd), 0);
}

static void a_socket_file_left_behind_is_replaced(void **state)
{
    int fd = listen_at(path_of("stale"));

    (void)state;
    green_close(fd);
    assert_int_equal(access(path_of("stale") + 5, F_OK), 0);
    fd = listen_at(path_of("stale"));
    check_connected(fd, path_of("stale"));
    green__net_unlink(fd);
    green_close(fd);
}

static void a_socket_file_in_use_is_not_replaced(void **state)
{
    int fd = listen_at(path_of("used"));

    (void)state;
    errno = 0;
    assert_int_equal(green_listen(path_of("used"), 0), -1);
    assert_int_equal(errno, EADDRINUSE);
    green_close(green_accept(fd, NULL, NULL)); /* the one that asked */
    check_connected(fd, path_of("used"));
    green__net_unlink(fd);
    green_close(fd);
}

static void another_file_is_never_replaced(void **state)
{
    const char *path = path_of("file") + 5;
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    errno = 0;
    assert_int_equal(green_listen(path_of("file"), 0), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(green_listen(path_of("file"), 0), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(rmdir(path), 0);
}

static void a_path_to_nowhere_fails_as_the_system_says(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(green_dial(path_of("none"), GREEN_FOREVER), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(green_listen(path_of("none/none"), 0), -1);
    assert_int_equal(errno, ENOENT);
}

/* ---- dialling that fails ---- */

/* A port on which nobody listens: one that was listened on just now. */
static const char *deserted(void)
{
    int fd = listen_at("127.0.0.1:0");
    const char *address = address_of("127.0.0.1", fd);

    green_close(fd);
    return address;
}

static void where_nobody_listens_it_is_refused(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(green_dial(deserted(), GREEN_FOREVER), -1);
    assert_int_equal(errno, ECONNREFUSED);
    errno = 0;
    assert_int_equal(green_dial(deserted(), 0), -1);
    assert_true(errno == ECONNREFUSED || errno == ETIMEDOUT);
}

/* A unix socket whose backlog is full: dialling it waits. */
struct full {
    int listener, waiting[64], n;
};

static void fill_backlog(struct full *f)
{
    f->listener = green_listen(path_of("full"), 1);
    assert_true(f->listener >= 0);
    for (f->n = 0; f->n < 64; f->n++) {
        f->waiting[f->n] = green_dial(path_of("full"), 0);
        if (f->waiting[f->n] < 0)
            break;
    }
    assert_int_equal(errno, ETIMEDOUT);
    assert_in_range(f->n, 1, 63);
}

static void empty_backlog(struct full *f)
{
    int i;

    for (i = 0; i < f->n; i++)
        green_close(f->waiting[i]);
    green__net_unlink(f->listener);
    green_close(f->listener);
}

static void a_peer_that_does_not_accept_costs_the_timeout(void **state)
{
    struct full f;

    (void)state;
    fill_backlog(&f);
    errno = 0;
    assert_int_equal(green_dial(path_of("full"), 20 * GREEN_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    empty_backlog(&f);
}

static void an_enclosing_scope_bounds_it_and_knows_that_it_did(void **state)
{
    struct full f;
    green_scope_t outer;

    (void)state;
    fill_backlog(&f);
    green_timeout_begin(&outer, 20 * GREEN_MS);
    errno = 0;
    assert_int_equal(green_dial(path_of("full"), GREEN_FOREVER), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(green_scope_end(&outer));

    green_timeout_begin(&outer, 3600 * GREEN_SEC);
    errno = 0;
    assert_int_equal(green_dial(path_of("full"), 20 * GREEN_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_false(green_scope_end(&outer));
    empty_backlog(&f);
}

static void *dial_full(void *arg)
{
    int fd = green_dial(path_of("full"), GREEN_FOREVER);

    if (fd < 0)
        green_fail(errno, "dial");
    green_close(fd);
    return arg;
}

static void a_kill_ends_it(void **state)
{
    struct full f;
    green_t *g;

    (void)state;
    fill_backlog(&f);
    g = green_spawn(dial_full, NULL);
    green_yield();
    assert_true(green_started(g));
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_int_equal(green_error(g), ECANCELED);
    green_release(g);
    empty_backlog(&f);
}

static void it_goes_on_when_there_is_room_again(void **state)
{
    struct full f;
    green_t *g;

    (void)state;
    fill_backlog(&f);
    g = green_spawn(dial_full, NULL);
    green_yield();
    green_close(green_accept(f.listener, NULL, NULL));
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_int_equal(green_error(g), 0);
    green_release(g);
    empty_backlog(&f);
}

static void a_tcp_peer_that_never_answers_costs_the_timeout(void **state)
{
    int listener = green_listen("127.0.0.1:0", 1), fds[16], n;

    (void)state;
    for (n = 0; n < 16; n++) {
        fds[n] = green_dial(address_of("127.0.0.1", listener),
                            n == 0 ? 60 * GREEN_SEC : 50 * GREEN_MS);
        if (fds[n] < 0)
            break;
    }
    assert_int_equal(errno, ETIMEDOUT);
    assert_in_range(n, 1, 15);
    while (n > 0)
        green_close(fds[--n]);
    green_close(listener);
}

static void with_no_time_it_does_what_can_be_done_at_once(void **state)
{
    int listener = listen_at(path_of("now")), fd;

    (void)state;
    fd = green_dial(path_of("now"), 0);
    assert_true(fd >= 0);
    green_close(fd);
    green__net_unlink(listener);
    green_close(listener);
    errno = 0;
    assert_int_equal(green_dial("host.example:80", 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
}

static void *listen_and_dial(void *arg)
{
    bool ok;

    errno = 0;
    ok = green_listen("127.0.0.1:0", 0) == -1 && errno == ECANCELED;
    errno = 0;
    ok = ok && green_listen(path_of("k"), 0) == -1 && errno == ECANCELED;
    errno = 0;
    ok = ok && green_dial(arg, GREEN_FOREVER) == -1 && errno == ECANCELED;
    return ok ? arg : NULL;
}

static void a_killed_greenlet_is_refused(void **state)
{
    int listener = listen_at("127.0.0.1:0");
    char address[100];
    green_t *g;

    (void)state;
    strcpy(address, address_of("127.0.0.1", listener));
    g = green_spawn(listen_and_dial, address);
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_ptr_equal(green_value(g), address);
    green_release(g);
    green_close(listener);
}

/* ---- hosts with several addresses ---- */

static struct sockaddr_in two_addresses[2];
static struct addrinfo two_entries[2];

static void answer_with(int which, int port, uint32_t host)
{
    two_addresses[which] = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(host),
    };
    two_entries[which] = (struct addrinfo){
        .ai_family = AF_INET,
        .ai_socktype = SOCK_STREAM,
        .ai_addr = (struct sockaddr *)&two_addresses[which],
        .ai_addrlen = sizeof two_addresses[which],
    };
    two_entries[0].ai_next = &two_entries[1];
}

static int find_two(const char *node, const char *service,
                    const struct addrinfo *hints, struct addrinfo **result)
{
    (void)node, (void)service;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    *result = two_entries;
    return 0;
}

static void keep_two(struct addrinfo *result)
{
    (void)result;
}

static int refused_connects;

static int connect_first_unreachable(int fd, const struct sockaddr *address,
                                     socklen_t length)
{
    if (refused_connects++ > 0)
        return real.connect(fd, address, length);
    errno = EHOSTUNREACH;
    return -1;
}

static void the_next_address_is_tried_when_one_fails(void **state)
{
    int listener = listen_at("127.0.0.1:0"), fd;

    (void)state;
    answer_with(0, green_local_port(listener), INADDR_LOOPBACK);
    answer_with(1, green_local_port(listener), INADDR_LOOPBACK);
    green__sys.getaddrinfo = find_two;
    green__sys.freeaddrinfo = keep_two;
    green__sys.connect = connect_first_unreachable;
    refused_connects = 0;
    fd = green_dial("two.example:80", GREEN_FOREVER);
    green__sys = real;
    assert_true(fd >= 0);
    assert_int_equal(refused_connects, 2);
    green_close(fd);
    green_close(listener);
}

static void when_all_fail_the_first_error_is_told(void **state)
{
    int listener = listen_at("127.0.0.1:0"), port = green_local_port(listener);

    (void)state;
    green_close(listener);
    answer_with(0, port, INADDR_LOOPBACK);
    answer_with(1, port, INADDR_LOOPBACK);
    green__sys.getaddrinfo = find_two;
    green__sys.freeaddrinfo = keep_two;
    green__sys.connect = connect_first_unreachable;
    refused_connects = 0;
    errno = 0;
    assert_int_equal(green_dial("two.example:80", GREEN_FOREVER), -1);
    green__sys = real;
    assert_int_equal(refused_connects, 2);
    assert_int_equal(errno, EHOSTUNREACH);
}

static void one_listens_on_the_first_address_that_is_here(void **state)
{
    int fd;

    (void)state;
    answer_with(0, 0, 0xC0000201); /* 192.0.2.1, which nobody has */
    answer_with(1, 0, INADDR_LOOPBACK);
    green__sys.getaddrinfo = find_two;
    green__sys.freeaddrinfo = keep_two;
    fd = green_listen("two.example:80", 0);
    green__sys = real;
    assert_true(fd >= 0);
    check_connected(fd, address_of("127.0.0.1", fd));
    green_close(fd);
}

/* ---- no descriptors, no memory ---- */

static void without_descriptors_it_fails_and_leaves_nothing(void **state)
{
    struct rlimit before, none;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    errno = 0;
    assert_int_equal(green_listen("127.0.0.1:0", 0), -1);
    assert_int_equal(errno, EMFILE);
    errno = 0;
    assert_int_equal(green_dial("127.0.0.1:1", GREEN_FOREVER), -1);
    assert_int_equal(errno, EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static int fail_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    (void)fd, (void)address, (void)length;
    errno = EACCES;
    return -1;
}

static int fail_listen(int fd, int backlog)
{
    (void)fd, (void)backlog;
    errno = EOPNOTSUPP;
    return -1;
}

static void a_failing_bind_or_listen_leaves_nothing_open(void **state)
{
    (void)state;
    green__sys.bind = fail_bind;
    assert_int_equal(green_listen("127.0.0.1:0", 0), -1);
    assert_int_equal(errno, EACCES);
    green__sys = real;
    green__sys.listen = fail_listen;
    assert_int_equal(green_listen("127.0.0.1:0", 0), -1);
    assert_int_equal(errno, EOPNOTSUPP);
    green__sys = real;
}

/* ---- ports ---- */

static void only_internet_sockets_have_a_port(void **state)
{
    int unix_socket = listen_at(path_of("p")), fds[2];

    (void)state;
    errno = 0;
    assert_int_equal(green_local_port(unix_socket), -1);
    assert_int_equal(errno, EINVAL);
    green__net_unlink(unix_socket);
    green_close(unix_socket);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(green_local_port(fds[0]), -1);
    assert_int_equal(errno, ENOTSOCK);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(green_local_port(fds[0]), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(green_local_port(-1), -1);
    assert_int_equal(errno, EBADF);
}

static int make_directory(void **state)
{
    (void)state;
    real = green__sys;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        leak_checked(who_listens_on_a_host_is_dialled_there),
        leak_checked(who_listens_on_localhost_is_found_at_127_0_0_1),
        leak_checked(without_a_host_it_is_every_interface_of_both_families),
        leak_checked(an_ipv6_address_stands_in_brackets),
        leak_checked(without_ipv6_it_is_every_interface_of_ipv4),
        leak_checked(descriptors_do_not_block_and_end_at_exec),
        leak_checked(a_port_in_use_is_not_shared_unless_asked_for),
        leak_checked(a_port_can_be_listened_on_again_at_once),
        leak_checked(text_that_is_no_address_is_invalid),
        leak_checked(a_path_is_listened_on_and_dialled),
        leak_checked(a_name_without_a_file_is_too),
        leak_checked(a_socket_file_left_behind_is_replaced),
        leak_checked(a_socket_file_in_use_is_not_replaced),
        leak_checked(another_file_is_never_replaced),
        leak_checked(a_path_to_nowhere_fails_as_the_system_says),
        leak_checked(where_nobody_listens_it_is_refused),
        leak_checked(a_peer_that_does_not_accept_costs_the_timeout),
        leak_checked(an_enclosing_scope_bounds_it_and_knows_that_it_did),
        leak_checked(a_kill_ends_it),
        leak_checked(it_goes_on_when_there_is_room_again),
        leak_checked(a_tcp_peer_that_never_answers_costs_the_timeout),
        leak_checked(with_no_time_it_does_what_can_be_done_at_once),
        leak_checked(a_killed_greenlet_is_refused),
        leak_checked(the_next_address_is_tried_when_one_fails),
        leak_checked(when_all_fail_the_first_error_is_told),
        leak_checked(one_listens_on_the_first_address_that_is_here),
        leak_checked(without_descriptors_it_fails_and_leaves_nothing),
        leak_checked(a_failing_bind_or_listen_leaves_nothing_open),
        leak_checked(only_internet_sockets_have_a_port),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
