/* SPDX-License-Identifier: MIT */
/* test_resolve.c - getaddrinfo, by a thread where it may block. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "resolve.h"
#include "sys.h"
#include "leaks.h"

static struct sys real;

/* ---- the same as libc's own ---- */

static int starts;

static int count_start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    starts++;
    return real.thread_start(thread, fn, arg);
}

static void compare_entries(const struct addrinfo *a, const struct addrinfo *b)
{
    for (; a && b; a = a->ai_next, b = b->ai_next) {
        assert_int_equal(a->ai_flags, b->ai_flags);
        assert_int_equal(a->ai_family, b->ai_family);
        assert_int_equal(a->ai_socktype, b->ai_socktype);
        assert_int_equal(a->ai_protocol, b->ai_protocol);
        assert_int_equal(a->ai_addrlen, b->ai_addrlen);
        assert_memory_equal(a->ai_addr, b->ai_addr, a->ai_addrlen);
        assert_int_equal(a->ai_canonname != NULL, b->ai_canonname != NULL);
        if (a->ai_canonname)
            assert_string_equal(a->ai_canonname, b->ai_canonname);
    }
    assert_true(a == b);
}

static void compare_with_libc(const char *node, const char *service,
                              const struct addrinfo *hints)
{
    struct addrinfo *ours = NULL, *libcs = NULL;
    int expected = getaddrinfo(node, service, hints, &libcs);
    int code = green_getaddrinfo(node, service, hints, &ours);

    if (code != expected)
        fail_msg("%s, %s: %s, but libc says %s", node ? node : "NULL",
                 service ? service : "NULL", gai_strerror(code),
                 gai_strerror(expected));
    if (code != 0) {
        assert_null(ours);
        return;
    }
    compare_entries(ours, libcs);
    freeaddrinfo(ours);
    freeaddrinfo(libcs);
}

static const struct addrinfo several_hints[] = {
    {.ai_family = AF_UNSPEC},
    {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM},
    {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM},
    {.ai_family = AF_INET6, .ai_flags = AI_V4MAPPED},
    {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
    {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME | AI_NUMERICHOST},
    {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME},
    {.ai_family = AF_UNIX},
    {.ai_flags = 0x40000000},
    {.ai_socktype = 77},
};

static void compare_for_all_hints(const char *node, const char *service)
{
    size_t i;

    compare_with_libc(node, service, NULL);
    for (i = 0; i < sizeof several_hints / sizeof *several_hints; i++)
        compare_with_libc(node, service, &several_hints[i]);
}

/* Comes first, as no thread is there yet. */
static void numbers_are_answered_as_by_libc_without_a_thread(void **state)
{
    (void)state;
    green__sys.thread_start = count_start;
    compare_for_all_hints("127.0.0.1", "80");
    compare_for_all_hints("127.0.0.1", NULL);
    compare_for_all_hints("::1", "80");
    compare_for_all_hints("10.9", "0");
    compare_for_all_hints(NULL, "80");
    compare_with_libc("fe80::1%lo", "80", NULL);
    compare_with_libc(NULL, NULL, NULL);
    green__sys.thread_start = real.thread_start;
    assert_int_equal(starts, 0);
}

static void names_are_answered_as_by_libc(void **state)
{
    (void)state;
    compare_for_all_hints("localhost", "80");
    compare_for_all_hints("localhost", NULL);
    compare_with_libc("127.0.0.1", "http", NULL);
    compare_with_libc(NULL, "http", &several_hints[1]);
    compare_with_libc("localhost", "no-such-service", NULL);
    compare_with_libc("localhost", "", NULL);
}

/* ---- a libc that takes its time ---- */

static int asked[2], go_on[2]; /* pipes */
static atomic_int frees;
static char seen_node[100], seen_service[100];
static struct addrinfo seen_hints;
static struct addrinfo answer = {.ai_family = AF_INET};

static int slow_getaddrinfo(const char *node, const char *service,
                            const struct addrinfo *hints,
                            struct addrinfo **result)
{
    char byte;

    if (hints && hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    if (write(asked[1], "", 1) != 1 || read(go_on[0], &byte, 1) != 1)
        abort();
    snprintf(seen_node, sizeof seen_node, "%s", node ? node : "NULL");
    snprintf(seen_service, sizeof seen_service, "%s",
             service ? service : "NULL");
    memset(&seen_hints, 0, sizeof seen_hints);
    if (hints)
        seen_hints = *hints;
    *result = &answer;
    return 0;
}

static void count_free(struct addrinfo *result)
{
    if (result != &answer)
        abort();
    frees++;
}

static int begin_slow(void **state)
{
    if (note_open(state) != 0 || pipe(asked) != 0 || pipe(go_on) != 0)
        return -1;
    green__sys.getaddrinfo = slow_getaddrinfo;
    green__sys.freeaddrinfo = count_free;
    frees = 0;
    return 0;
}

static int end_slow(void **state)
{
    green__sys.getaddrinfo = real.getaddrinfo;
    green__sys.freeaddrinfo = real.freeaddrinfo;
    green_close(asked[0]);
    close(asked[1]);
    close(go_on[0]);
    close(go_on[1]);
    return check_open(state);
}

static void await_question(void)
{
    char byte;

    assert_int_equal(green_read(asked[0], &byte, 1), 1);
}

static void let_libc_answer(void)
{
    assert_int_equal(write(go_on[1], "", 1), 1);
}

/* The arguments of one look-up, in the frame of who asks. */
struct question {
    char node[20], service[20];
    struct addrinfo hints;
    int code, error;
    struct addrinfo *result;
};

static void *ask(void *arg)
{
    struct question *q = arg;

    q->code = green_getaddrinfo(q->node, q->service, &q->hints, &q->result);
    q->error = errno;
    return NULL;
}

static green_t *begin_question(struct question *q)
{
    green_t *g;

    memset(q, 0, sizeof *q);
    strcpy(q->node, "slow.example");
    strcpy(q->service, "80");
    q->hints.ai_socktype = SOCK_STREAM;
    g = green_spawn(ask, q);
    assert_non_null(g);
    await_question();
    return g;
}

static void await_end(green_t *g)
{
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    green_release(g);
}

static void others_run_while_libc_searches(void **state)
{
    struct question q;
    green_t *g = begin_question(&q);
    int i;

    (void)state;
    for (i = 0; i < 10; i++)
        assert_int_equal(green_yield(), 0);
    assert_false(green_ready(g));
    let_libc_answer();
    await_end(g);
    assert_int_equal(q.code, 0);
    assert_ptr_equal(q.result, &answer);
    assert_int_equal(frees, 0);
}

static void the_question_is_copied(void **state)
{
    struct question q;
    green_t *g = begin_question(&q);

    (void)state;
    memset(q.node, 'x', sizeof q.node);
    memset(q.service, 'x', sizeof q.service);
    memset(&q.hints, 0xff, sizeof q.hints);
    let_libc_answer();
    await_end(g);
    assert_string_equal(seen_node, "slow.example");
    assert_string_equal(seen_service, "80");
    assert_int_equal(seen_hints.ai_socktype, SOCK_STREAM);
    assert_int_equal(seen_hints.ai_flags, 0);
}

static void await_free(void)
{
    while (frees == 0 || green__hub()->outside > 0)
        assert_int_equal(green_sleep(GREEN_MS), 0);
    assert_int_equal(frees, 1);
}

static void a_kill_ends_it_at_once_and_the_late_answer_is_freed(void **state)
{
    struct question q;
    green_t *g = begin_question(&q);

    (void)state;
    green_kill(g);
    await_end(g);
    assert_int_equal(q.code, EAI_SYSTEM);
    assert_int_equal(q.error, ECANCELED);
    assert_null(q.result);
    let_libc_answer();
    await_free();
}

static _Atomic int64_t skew;

static int64_t skewed_now(void)
{
    return real.now() + skew;
}

static void *let_time_pass(void *arg)
{
    await_question();
    skew += 3600 * GREEN_SEC;
    return arg;
}

static void a_scope_ends_it_and_the_late_answer_is_freed(void **state)
{
    struct addrinfo *result = NULL;
    green_scope_t scope;
    int code;

    (void)state;
    green__sys.now = skewed_now;
    assert_int_equal(green_go(let_time_pass, NULL), 0);
    green_timeout_begin(&scope, 1800 * GREEN_SEC);
    code = green_getaddrinfo("slow.example", NULL, NULL, &result);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(code, EAI_SYSTEM);
    assert_true(green_scope_end(&scope));
    assert_null(result);
    let_libc_answer();
    await_free();
    green__sys.now = real.now;
}

static void *ask_for_number(void *arg)
{
    struct addrinfo *result;

    if (green_getaddrinfo("127.0.0.1", "1", NULL, &result) != EAI_SYSTEM)
        return NULL;
    return errno == ECANCELED ? arg : NULL;
}

static void a_killed_greenlet_is_refused_even_numbers(void **state)
{
    int any;
    green_t *g = green_spawn(ask_for_number, &any);

    (void)state;
    green_kill(g);
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    assert_ptr_equal(green_value(g), &any);
    green_release(g);
}

static void *refuse_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static void without_memory_the_code_says_so(void **state)
{
    struct addrinfo *result = NULL;
    int code;

    (void)state;
    green__sys.malloc = refuse_malloc;
    code = green_getaddrinfo("slow.example", NULL, NULL, &result);
    green__sys.malloc = real.malloc;
    assert_int_equal(code, EAI_MEMORY);
    assert_null(result);
}

static void with_no_time_only_numbers_are_answered(void **state)
{
    struct addrinfo *result = NULL;

    (void)state;
    assert_int_equal(green__getaddrinfo("slow.example", NULL, NULL, &result, 0),
                     EAI_SYSTEM);
    assert_int_equal(errno, ETIMEDOUT);
    green__sys.getaddrinfo = real.getaddrinfo;
    assert_int_equal(green__getaddrinfo("127.0.0.1", "1", NULL, &result, 0), 0);
    freeaddrinfo(result);
}

static int fail_with_errno(const char *node, const char *service,
                           const struct addrinfo *hints,
                           struct addrinfo **result)
{
    (void)node, (void)service, (void)result;
    if (hints && hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    errno = ENFILE;
    return EAI_SYSTEM;
}

static void a_system_error_comes_with_its_errno(void **state)
{
    struct addrinfo *result = NULL;
    int code;

    (void)state;
    green__sys.getaddrinfo = fail_with_errno;
    errno = 0;
    code = green_getaddrinfo("slow.example", NULL, NULL, &result);
    assert_int_equal(errno, ENFILE);
    assert_int_equal(code, EAI_SYSTEM);
    assert_null(result);
}

#define with_slow_libc(test) \
    cmocka_unit_test_setup_teardown(test, begin_slow, end_slow)

int main(void)
{
    const struct CMUnitTest tests[] = {
        leak_checked(numbers_are_answered_as_by_libc_without_a_thread),
        leak_checked(names_are_answered_as_by_libc),
        with_slow_libc(others_run_while_libc_searches),
        with_slow_libc(the_question_is_copied),
        with_slow_libc(a_kill_ends_it_at_once_and_the_late_answer_is_freed),
        with_slow_libc(a_scope_ends_it_and_the_late_answer_is_freed),
        with_slow_libc(a_killed_greenlet_is_refused_even_numbers),
        with_slow_libc(without_memory_the_code_says_so),
        with_slow_libc(with_no_time_only_numbers_are_answered),
        with_slow_libc(a_system_error_comes_with_its_errno),
    };

    real = green__sys;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
