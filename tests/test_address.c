/* SPDX-License-Identifier: MIT */
/* test_address.c - from an address as text to addresses for sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "green.h"
#include "address.h"
#include "sys.h"

#define LONG_50 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LONG_100 LONG_50 LONG_50
#define LONG_250 LONG_100 LONG_100 LONG_50

static const char *const refused[] = {
    "",
    "host",
    "127.0.0.1",
    "80",
    "host:",
    ":",
    "host:http",
    "host: 80",
    "host:80 ",
    "host:+80",
    "host:-1",
    "host:0x50",
    "host:65536",
    "host:100000",
    "host:4294967296",
    "host:80:80",
    "::1:80",
    "::1",
    "[::1]",
    "[::1]80",
    "[::1:80",
    "::1]:80",
    "[]:80",
    "[",
    "[:80",
    "[host]:80",
    "[127.0.0.1]:80",
    "[*]:80",
    "x[::1]:80",
    "[::1]x:80",
    "unix:",
    "unix:@",
    "unix",
    LONG_250 "abcdef:80",
};

static void what_has_none_of_the_forms_is_invalid(void **state)
{
    struct address a;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof refused / sizeof *refused; i++) {
        errno = 0;
        if (green__address_parse(&a, SOCK_STREAM, refused[i]) != -1 ||
            errno != EINVAL)
            fail_msg("\"%s\" was taken, errno %d", refused[i], errno);
    }
    errno = 0;
    assert_int_equal(green__address_parse(&a, SOCK_STREAM, NULL), -1);
    assert_int_equal(errno, EINVAL);
}

static const struct {
    const char *text, *host, *port;
    int family;
} taken[] = {
    {"host:80", "host", "80", AF_UNSPEC},
    {"127.0.0.1:0", "127.0.0.1", "0", AF_UNSPEC},
    {"a.example:65535", "a.example", "65535", AF_UNSPEC},
    {":7", "", "7", AF_UNSPEC},
    {"*:7", "", "7", AF_UNSPEC},
    {"[::1]:80", "::1", "80", AF_INET6},
    {"[::]:0", "::", "0", AF_INET6},
    {"[fe80::1%lo]:1", "fe80::1%lo", "1", AF_INET6},
    {"[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", "1", AF_INET6},
    {LONG_250 "abcde:80", LONG_250 "abcde", "80", AF_UNSPEC},
};

static void host_and_port_are_taken_apart(void **state)
{
    struct address a;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof taken / sizeof *taken; i++) {
        assert_int_equal(green__address_parse(&a, SOCK_STREAM, taken[i].text),
                         0);
        assert_string_equal(a.host, taken[i].host);
        assert_string_equal(a.port, taken[i].port);
        assert_int_equal(a.family, taken[i].family);
    }
}

static void a_path_is_a_list_of_one(void **state)
{
    struct address a;

    (void)state;
    assert_int_equal(green__address_parse(&a, SOCK_STREAM, "unix:/tmp/a:b"), 0);
    assert_int_equal(green__address_find(&a, true, 0), 0);
    assert_int_equal(a.list->ai_family, AF_UNIX);
    assert_null(a.list->ai_next);
    assert_string_equal(a.path.sun_path, "/tmp/a:b");
    assert_int_equal(a.list->ai_addrlen,
                     offsetof(struct sockaddr_un, sun_path) + 9);
    green__address_free(&a);
}

static void a_name_without_a_file_begins_with_0_and_ends_without(void **state)
{
    struct address a;

    (void)state;
    assert_int_equal(green__address_parse(&a, SOCK_STREAM, "unix:@name"), 0);
    assert_int_equal(green__address_find(&a, false, 0), 0);
    assert_memory_equal(a.path.sun_path, "\0name", 5);
    assert_int_equal(a.list->ai_addrlen,
                     offsetof(struct sockaddr_un, sun_path) + 5);
    green__address_free(&a);
}

static void a_path_may_be_as_long_as_the_system_lets_it(void **state)
{
    char text[5 + sizeof((struct sockaddr_un *)NULL)->sun_path + 1] = "unix:";
    size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path;
    struct address a;

    (void)state;
    memset(text + 5, 'p', room - 1);
    text[5 + room - 1] = '\0';
    assert_int_equal(green__address_parse(&a, SOCK_STREAM, text), 0);
    text[5 + room - 1] = 'p';
    text[5 + room] = '\0';
    errno = 0;
    assert_int_equal(green__address_parse(&a, SOCK_STREAM, text), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

static void check_found(const char *text, bool to_listen, const char *address)
{
    struct address a;
    char buffer[INET6_ADDRSTRLEN];
    const struct addrinfo *each;
    const void *bytes;
    bool found = false;

    assert_int_equal(green__address_parse(&a, SOCK_STREAM, text), 0);
    assert_int_equal(green__address_find(&a, to_listen, 0), 0);
    for (each = a.list; each; each = each->ai_next) {
        assert_int_equal(each->ai_socktype, SOCK_STREAM);
        if (each->ai_family == AF_INET)
            bytes = &((const struct sockaddr_in *)(const void *)each->ai_addr)
                         ->sin_addr;
        else
            bytes = &((const struct sockaddr_in6 *)(const void *)each->ai_addr)
                         ->sin6_addr;
        assert_non_null(
            inet_ntop(each->ai_family, bytes, buffer, sizeof buffer));
        found = found || strcmp(buffer, address) == 0;
    }
    if (!found)
        fail_msg("%s is not among the addresses of %s", address, text);
    green__address_free(&a);
}

static void numbers_are_found_without_a_look_up(void **state)
{
    (void)state;
    check_found("10.1.2.3:80", false, "10.1.2.3");
    check_found("[2001:db8::1]:80", false, "2001:db8::1");
    check_found(":80", false, "127.0.0.1");
    check_found(":80", true, "0.0.0.0");
    check_found("*:80", true, "0.0.0.0");
}

static void names_need_time(void **state)
{
    struct address a;

    (void)state;
    assert_int_equal(green__address_parse(&a, SOCK_STREAM, "host.example:80"),
                     0);
    errno = 0;
    assert_int_equal(green__address_find(&a, false, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
}

static void what_stands_in_brackets_is_numeric(void **state)
{
    static const char *const wrong[] = {"[g::1]:80", "[1:2]:80", "[:::]:80",
                                        "[a:b.example]:80"};
    struct address a;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(green__address_parse(&a, SOCK_STREAM, wrong[i]), 0);
        errno = 0;
        assert_int_equal(green__address_find(&a, false, GREEN_FOREVER), -1);
        assert_int_equal(errno, EINVAL);
    }
}

/* ---- look-ups that fail ---- */

static int failure, failure_errno;

static int fail_lookup(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **result)
{
    (void)node, (void)service, (void)result;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    errno = failure_errno;
    return failure;
}

static void a_look_ups_failure_becomes_an_errno(void **state)
{
    static const int errors[][3] = {
        {EAI_NONAME, 0, ENOENT},      {EAI_FAIL, 0, ENOENT},
        {EAI_AGAIN, 0, EAGAIN},       {EAI_MEMORY, 0, ENOMEM},
        {EAI_SYSTEM, EMFILE, EMFILE},
    };
    struct address a;
    size_t i;

    (void)state;
    green__sys.getaddrinfo = fail_lookup;
    for (i = 0; i < sizeof errors / sizeof *errors; i++) {
        failure = errors[i][0];
        failure_errno = errors[i][1];
        assert_int_equal(
            green__address_parse(&a, SOCK_STREAM, "host.example:80"), 0);
        errno = 0;
        assert_int_equal(green__address_find(&a, false, GREEN_FOREVER), -1);
        assert_int_equal(errno, errors[i][2]);
    }
    green__sys.getaddrinfo = getaddrinfo;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_none_of_the_forms_is_invalid),
        cmocka_unit_test(host_and_port_are_taken_apart),
        cmocka_unit_test(a_path_is_a_list_of_one),
        cmocka_unit_test(a_name_without_a_file_begins_with_0_and_ends_without),
        cmocka_unit_test(a_path_may_be_as_long_as_the_system_lets_it),
        cmocka_unit_test(numbers_are_found_without_a_look_up),
        cmocka_unit_test(names_need_time),
        cmocka_unit_test(what_stands_in_brackets_is_numeric),
        cmocka_unit_test(a_look_ups_failure_becomes_an_errno),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
