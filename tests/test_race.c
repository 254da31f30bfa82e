/* SPDX-License-Identifier: MIT */
/* test_race.c - dialling a host of several addresses, on this machine only.
 *
 * Sockets are real, but for attempts that the test lets fail.  The clock is the
 * test's, so that head starts take no time and can be measured. */
#include "support.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sys.h"

#define MOST 32
#define HEAD_START (250 * GREEN_MS)

/* ---- what the resolver says ---- */

static struct sys real;
static struct sockaddr_in6 addresses[MOST]; /* big enough for both families */
static struct addrinfo entries[MOST];
static int n_entries;

static void add_entry(int family, int port)
{
    struct addrinfo *entry = &entries[n_entries];
    struct sockaddr_in6 *v6 = &addresses[n_entries];
    struct sockaddr_in *v4 = (void *)v6;

    memset(v6, 0, sizeof *v6);
    *entry = (struct addrinfo){.ai_family = family,
                               .ai_socktype = SOCK_STREAM,
                               .ai_addr = (void *)v6,
                               .ai_addrlen = sizeof *v4};
    if (family == AF_INET) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        entry->ai_addrlen = sizeof *v6;
    }
    if (n_entries > 0)
        entries[n_entries - 1].ai_next = entry;
    n_entries++;
}

static int tell_entries(const char *node, const char *service,
                        const struct addrinfo *hints, struct addrinfo **result)
{
    if (strcmp(node, "many.example") != 0)
        return real.getaddrinfo(node, service, hints, result);
    *result = entries;
    return 0;
}

static void keep_entries(struct addrinfo *list)
{
    if (list != entries)
        real.freeaddrinfo(list);
}

/* ---- what the network says ---- */

/* Ports below this are error numbers, with which connecting to them fails. */
#define FIRST_REAL_PORT 1024

/* Any family will do for a socket that is never connected. */
static int make_any(int domain, int type, int protocol)
{
    (void)domain;
    return real.socket(AF_INET, type, protocol);
}

static int attempts;

static int connect_noting(int fd, const struct sockaddr *address,
                          socklen_t length)
{
    const struct sockaddr_in *to = (const void *)address;
    int port = ntohs(to->sin_port);

    attempts++;
    note("%d", port);
    if (port >= FIRST_REAL_PORT)
        return real.connect(fd, address, length);
    errno = port;
    return -1;
}

/* Listens, but its backlog is full: who dials it never gets an answer, until
 * somebody accepts. */
struct silent {
    int listener, port, fillers[8];
};

static void open_silent(struct silent *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int i;

    s->listener = green_listen("127.0.0.1:0", 1);
    s->port = green_local_port(s->listener);
    address.sin_port = htons((uint16_t)s->port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (i = 0; i < (int)ARRAY_SIZE(s->fillers); i++) {
        s->fillers[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(s->fillers[i], (struct sockaddr *)&address, sizeof address);
    }
}

static void close_silent(struct silent *s)
{
    int i;

    for (i = 0; i < (int)ARRAY_SIZE(s->fillers); i++)
        close(s->fillers[i]);
    green_close(s->listener);
}

/* Its port. */
static int open_answering(int *listener)
{
    *listener = green_listen("127.0.0.1:0", 0);
    return green_local_port(*listener);
}

/* ---- around each test ---- */

static int begin_race(void **state)
{
    int failed = begin_test(state);

    n_entries = attempts = 0;
    real = green__sys;
    green__sys.getaddrinfo = tell_entries;
    green__sys.freeaddrinfo = keep_entries;
    green__sys.connect = connect_noting;
    return failed;
}

static int end_race(void **state)
{
    green__sys.getaddrinfo = real.getaddrinfo;
    green__sys.freeaddrinfo = real.freeaddrinfo;
    green__sys.connect = real.connect;
    green__sys.socket = real.socket;
    green__sys.malloc = real.malloc;
    return end_test(state);
}

#define race_test(name) \
    cmocka_unit_test_setup_teardown(name, begin_race, end_race)

static void check_peer(int fd, int port)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;

    check(fd >= 0);
    check_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    check_equal(ntohs(peer.sin_port), port);
    green_close(fd);
}

/* Dial, and see who was connected to, how many nanoseconds later. */
static void check_winner(int port, int64_t after)
{
    int64_t start = green_now();
    int fd = green_dial("many.example:80", GREEN_FOREVER);

    check_equal(green_now() - start, after);
    check_peer(fd, port);
}

static void check_no_winner(int64_t timeout, int error, int64_t after)
{
    int64_t start = green_now();

    check_fails(green_dial("many.example:80", timeout), error);
    check_equal(green_now() - start, after);
}

/* ---- the order ---- */

static void families_take_turns_beginning_with_the_first(void **state)
{
    (void)state;
    green__sys.socket = make_any;
    add_entry(AF_INET6, 1);
    add_entry(AF_INET6, 2);
    add_entry(AF_INET6, 3);
    add_entry(AF_INET6, 4);
    add_entry(AF_INET, 5);
    add_entry(AF_INET, 6);
    check_fails(green_dial("many.example:80", GREEN_FOREVER), 1);
    check_log("1 5 2 6 3 4");

    n_entries = 0;
    add_entry(AF_INET, 1);
    add_entry(AF_INET6, 2);
    add_entry(AF_INET6, 3);
    add_entry(AF_INET6, 4);
    check_fails(green_dial("many.example:80", GREEN_FOREVER), 1);
    check_log("1 2 3 4");
}

static void one_that_fails_is_followed_at_once(void **state)
{
    int listener, port = open_answering(&listener);

    (void)state;
    clock_take();
    add_entry(AF_INET, ECONNREFUSED);
    add_entry(AF_INET, EHOSTUNREACH);
    add_entry(AF_INET, port);
    check_winner(port, 0);
    green_close(listener);
}

static void one_that_does_not_answer_costs_a_quarter_of_a_second(void **state)
{
    int listener, port = open_answering(&listener);
    struct silent s;

    (void)state;
    open_silent(&s);
    clock_take();
    add_entry(AF_INET, s.port);
    add_entry(AF_INET, port);
    check_winner(port, HEAD_START);
    add_entry(AF_INET, port); /* not even begun */
    check_winner(port, HEAD_START);
    close_silent(&s);
    green_close(listener);
}

static void a_failure_meanwhile_brings_the_next_at_once(void **state)
{
    int listener, port = open_answering(&listener);
    struct silent s;

    (void)state;
    open_silent(&s);
    clock_take();
    add_entry(AF_INET, s.port);
    add_entry(AF_INET, ECONNREFUSED);
    add_entry(AF_INET, ENETUNREACH);
    add_entry(AF_INET, s.port);
    add_entry(AF_INET, port);
    check_winner(port, 2 * HEAD_START);
    close_silent(&s);
    green_close(listener);
}

static void any_number_can_be_under_way(void **state)
{
    int listener, port = open_answering(&listener), i;
    struct silent s;

    (void)state;
    open_silent(&s);
    clock_take();
    for (i = 0; i < MOST - 1; i++)
        add_entry(AF_INET, s.port);
    add_entry(AF_INET, port);
    check_winner(port, (MOST - 1) * HEAD_START);
    close_silent(&s);
    green_close(listener);
}

static void *accept_when_both_are_under_way(void *listener)
{
    int fd;

    while (attempts < 2)
        check_equal(green_sleep(GREEN_MS), 0);
    while ((fd = green_accept(*(int *)listener, NULL, NULL)) >= 0)
        green_close(fd);
    return NULL;
}

/* Takes the system a second, after which it sends again what was dropped. */
static void those_under_way_can_still_win(void **state)
{
    struct silent first, second;
    green_t *g;
    int fd;

    (void)state;
    open_silent(&first);
    open_silent(&second);
    add_entry(AF_INET, first.port);
    add_entry(AF_INET, second.port);
    g = spawn(accept_when_both_are_under_way, &first.listener);
    fd = green_dial("many.example:80", GREEN_FOREVER);
    check_peer(fd, first.port);
    end_by_kill(g);
    close_silent(&first);
    close_silent(&second);
}

/* ---- when none wins ---- */

static void the_first_error_that_says_something_is_told(void **state)
{
    (void)state;
    clock_take();
    add_entry(AF_INET, ENETUNREACH); /* no IPv6 here, say */
    add_entry(AF_INET, EADDRNOTAVAIL);
    check_no_winner(GREEN_FOREVER, ENETUNREACH, 0);
    add_entry(AF_INET, EHOSTUNREACH);
    check_no_winner(GREEN_FOREVER, EHOSTUNREACH, 0);
    add_entry(AF_INET, ECONNREFUSED);
    add_entry(AF_INET, EAFNOSUPPORT);
    check_no_winner(GREEN_FOREVER, EHOSTUNREACH, 0);
    check_no_winner(0, EHOSTUNREACH, 0);
}

static void one_timeout_bounds_it_all(void **state)
{
    struct silent s;
    int i;

    (void)state;
    open_silent(&s);
    clock_take();
    for (i = 0; i < 5; i++)
        add_entry(AF_INET, s.port);
    add_entry(AF_INET, ECONNREFUSED);
    check_no_winner(100 * GREEN_MS, ETIMEDOUT, 100 * GREEN_MS);
    check_no_winner(600 * GREEN_MS, ETIMEDOUT, 600 * GREEN_MS);
    check_no_winner(3600 * GREEN_SEC, ETIMEDOUT, 3600 * GREEN_SEC);
    close_silent(&s);
}

static void an_enclosing_scope_bounds_it_and_knows_that_it_did(void **state)
{
    struct silent s;
    green_scope_t scope;

    (void)state;
    open_silent(&s);
    clock_take();
    add_entry(AF_INET, s.port);
    add_entry(AF_INET, s.port);
    green_timeout_begin(&scope, 300 * GREEN_MS);
    check_no_winner(GREEN_SEC, ETIMEDOUT, 300 * GREEN_MS);
    check(green_scope_end(&scope));
    green_timeout_begin(&scope, GREEN_SEC);
    check_no_winner(300 * GREEN_MS, ETIMEDOUT, 300 * GREEN_MS);
    check(!green_scope_end(&scope));
    close_silent(&s);
}

static void *dial_in_vain(void *arg)
{
    *(int *)arg = green_dial("many.example:80", GREEN_FOREVER) < 0 ? errno : 0;
    return NULL;
}

static void a_kill_ends_it_at_once_and_leaves_nothing(void **state)
{
    struct silent s;
    int descriptors, killed_with = 0, i;
    green_t *g;

    (void)state;
    open_silent(&s);
    clock_take();
    for (i = 0; i < 4; i++)
        add_entry(AF_INET, s.port);
    descriptors = count_descriptors();
    g = spawn(dial_in_vain, &killed_with);
    check_equal(green_sleep(2 * HEAD_START + 1), 0);
    check_equal(count_descriptors(), descriptors + 3);
    end_by_kill(g);
    check_equal(count_descriptors(), descriptors);
    check_equal(killed_with, ECANCELED);
    close_silent(&s);
}

/* ---- shortages ---- */

static int sockets_left;

static int make_some(int domain, int type, int protocol)
{
    if (sockets_left-- > 0)
        return real.socket(domain, type, protocol);
    errno = EMFILE;
    return -1;
}

static void without_descriptors_it_goes_on_with_what_there_is(void **state)
{
    struct silent s;
    int i;

    (void)state;
    open_silent(&s);
    clock_take();
    green__sys.socket = make_some;
    for (i = 0; i < 3; i++)
        add_entry(AF_INET, s.port);
    sockets_left = 1;
    check_no_winner(GREEN_SEC, ETIMEDOUT, GREEN_SEC);
    sockets_left = 0;
    check_no_winner(GREEN_SEC, EMFILE, 0);
    close_silent(&s);
}

static int mallocs;

static void *count_malloc(size_t n)
{
    mallocs++;
    return real.malloc(n);
}

static void *no_malloc(size_t n)
{
    (void)n;
    errno = ENOMEM;
    return NULL;
}

static void without_memory_there_is_no_race(void **state)
{
    (void)state;
    add_entry(AF_INET, ECONNREFUSED);
    add_entry(AF_INET, ECONNREFUSED);
    green__sys.malloc = no_malloc;
    check_fails(green_dial("many.example:80", GREEN_FOREVER), ENOMEM);
    check_log("");
}

static void a_single_address_needs_none(void **state)
{
    int listener, port = open_answering(&listener);

    (void)state;
    clock_take();
    add_entry(AF_INET, port);
    check_winner(port, 0); /* the hub's tables are large enough from now on */
    green__sys.malloc = count_malloc;
    mallocs = 0;
    check_winner(port, 0);
    check_equal(mallocs, 0);
    green_close(listener);
}

/* ---- without waiting ---- */

static void with_no_time_each_is_tried_once(void **state)
{
    int listener, port = open_answering(&listener), fd;
    struct silent s;

    (void)state;
    open_silent(&s);
    add_entry(AF_INET, ENETUNREACH);
    add_entry(AF_INET, s.port);
    check_fails(green_dial("many.example:80", 0), ETIMEDOUT);
    add_entry(AF_INET, port);
    fd = green_dial("many.example:80", 0);
    check(fd >= 0 || errno == ETIMEDOUT); /* the system was not that quick */
    if (fd >= 0)
        green_close(fd);
    close_silent(&s);
    green_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        race_test(families_take_turns_beginning_with_the_first),
        race_test(one_that_fails_is_followed_at_once),
        race_test(one_that_does_not_answer_costs_a_quarter_of_a_second),
        race_test(a_failure_meanwhile_brings_the_next_at_once),
        race_test(any_number_can_be_under_way),
        race_test(those_under_way_can_still_win),
        race_test(the_first_error_that_says_something_is_told),
        race_test(one_timeout_bounds_it_all),
        race_test(an_enclosing_scope_bounds_it_and_knows_that_it_did),
        race_test(a_kill_ends_it_at_once_and_leaves_nothing),
        race_test(without_descriptors_it_goes_on_with_what_there_is),
        race_test(without_memory_there_is_no_race),
        race_test(a_single_address_needs_none),
        race_test(with_no_time_each_is_tried_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
