/* SPDX-License-Identifier: MIT */
/* test_nameinfo.c - getnameinfo, by a thread where it may block. */
#include "support.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include "hub.h"
#include "sys.h"

static struct sys real;

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
};

static struct sockaddr_in here = {.sin_family = AF_INET};

static int open_group(void **state)
{
    here.sin_port = htons(80);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return open_wake_up(state);
}

/* ---- the same as libc's own ---- */

struct answer {
    int code;
    char host[200], service[50];
};

static void compare(const void *address, socklen_t length, socklen_t host_room,
                    socklen_t service_room, int flags)
{
    struct answer ours, libcs;
    char *host = host_room ? ours.host : NULL;
    char *service = service_room ? ours.service : NULL;

    memset(&ours, '.', sizeof ours);
    memset(&libcs, '.', sizeof libcs);
    ours.code = green_getnameinfo(address, length, host, host_room, service,
                                  service_room, flags);
    libcs.code =
        getnameinfo(address, length, host ? libcs.host : NULL, host_room,
                    service ? libcs.service : NULL, service_room, flags);
    check_equal(ours.code, libcs.code);
    if (libcs.code == 0 && host)
        check_text(ours.host, libcs.host);
    if (libcs.code == 0 && service)
        check_text(ours.service, libcs.service);
}

static void compare_for_all_flags(const void *address, socklen_t length)
{
    static const int all[] = {0,
                              NI_NUMERICHOST,
                              NI_NUMERICSERV,
                              NI_NUMERICHOST | NI_NUMERICSERV,
                              NI_NAMEREQD,
                              NI_DGRAM,
                              NI_NOFQDN,
                              0x40000000};
    size_t i;

    for (i = 0; i < ARRAY_SIZE(all); i++) {
        compare(address, length, 200, 50, all[i]);
        compare(address, length, 200, 0, all[i]);
        compare(address, length, 0, 50, all[i]);
        compare(address, length, 0, 0, all[i]);
        compare(address, length, 3, 50, all[i]);
        compare(address, length, 200, 1, all[i]);
    }
}

static void it_answers_as_libc_does(void **state)
{
    union any_address a = {.v4 = here};

    (void)state;
    compare_for_all_flags(&a, sizeof a.v4);
    compare(&a, sizeof a.v4 - 1, 200, 50, 0);
    compare(&a, 1, 200, 50, 0);
    compare(&a, 0, 200, 50, NI_NUMERICHOST | NI_NUMERICSERV);
    compare(NULL, 0, 200, 50, 0);
    a.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                 .sin6_port = htons(22),
                                 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    compare_for_all_flags(&a, sizeof a.v6);
    a.path = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "/path"};
    compare_for_all_flags(&a, sizeof a.path);
    a.any.sa_family = 77;
    compare_for_all_flags(&a, sizeof a);
}

static void what_is_no_address_is_of_no_family(void **state)
{
    char name[10] = "as it was";

    (void)state;
    check_equal(green_getnameinfo((const struct sockaddr *)&here, 1 << 20, name,
                                  sizeof name, NULL, 0, 0),
                EAI_FAMILY);
    check_text(name, "as it was");
}

/* ---- a libc that takes its time ---- */

static int asked[2], go_on[2]; /* pipes */
static atomic_int blocks;      /* of memory, that nobody has freed */
static int code_to_tell, error_to_tell;

static void *count_malloc(size_t n)
{
    blocks++;
    return real.malloc(n);
}

static void count_free(void *memory)
{
    blocks -= memory != NULL;
    real.free(memory);
}

static int slow_getnameinfo(const struct sockaddr *address, socklen_t length,
                            char *host, socklen_t host_room, char *service,
                            socklen_t service_room, int flags)
{
    char byte;

    if (length != sizeof here || memcmp(address, &here, sizeof here) != 0 ||
        host_room != 20 || service || service_room != 0 || flags != NI_NAMEREQD)
        return EAI_FAIL;
    if (write(asked[1], "", 1) != 1 || read(go_on[0], &byte, 1) != 1)
        return EAI_FAIL;
    strcpy(host, "slow.example");
    errno = error_to_tell;
    return code_to_tell;
}

static int begin_slow(void **state)
{
    if (begin_test(state) != 0)
        return -1;
    make_pipe(asked);
    make_pipe(go_on);
    real = green__sys;
    green__sys.getnameinfo = slow_getnameinfo;
    code_to_tell = error_to_tell = 0;
    return 0;
}

static int end_slow(void **state)
{
    green__sys.getnameinfo = real.getnameinfo;
    close_both(asked);
    close_both(go_on);
    return end_test(state);
}

#define slow_test(name) \
    cmocka_unit_test_setup_teardown(name, begin_slow, end_slow)

struct question {
    struct sockaddr_in address;
    char name[20];
    int code, error;
};

static void *ask(void *arg)
{
    struct question *q = arg;

    q->code = green_getnameinfo((const struct sockaddr *)&q->address,
                                sizeof q->address, q->name, sizeof q->name,
                                NULL, 0, NI_NAMEREQD);
    q->error = errno;
    return NULL;
}

static green_t *begin_question(struct question *q)
{
    green_t *g;
    char byte;

    memset(q, 0, sizeof *q);
    q->address = here;
    strcpy(q->name, "as it was");
    g = spawn(ask, q);
    check_equal(green_read(asked[0], &byte, 1), 1);
    return g;
}

static void let_libc_answer(void)
{
    check_equal(green_write(go_on[1], "", 1), 1);
}

static void others_run_meanwhile_and_the_address_is_copied(void **state)
{
    struct question q;
    green_t *g = begin_question(&q);

    (void)state;
    memset(&q.address, 0xff, sizeof q.address);
    settle();
    check(!green_ready(g));
    let_libc_answer();
    finish(g);
    check_equal(q.code, 0);
    check_text(q.name, "slow.example");
}

static void an_error_comes_with_its_errno_and_writes_nothing(void **state)
{
    struct question q;
    green_t *g;

    (void)state;
    code_to_tell = EAI_SYSTEM;
    error_to_tell = ENFILE;
    g = begin_question(&q);
    let_libc_answer();
    finish(g);
    check_equal(q.code, EAI_SYSTEM);
    check_equal(q.error, ENFILE);
    check_text(q.name, "as it was");
}

static void await_late_answer(void)
{
    let_libc_answer();
    while (green__hub()->outside > 0)
        check_equal(green_sleep(GREEN_MS), 0);
    green__sys.malloc = real.malloc;
    green__sys.free = real.free;
    check_equal(blocks, 0);
}

static void a_late_answer_is_freed_and_not_delivered(void **state)
{
    struct question q;
    green_t *g = begin_question(&q); /* the thread is there from now on */

    (void)state;
    let_libc_answer();
    finish(g);
    green__sys.malloc = count_malloc;
    green__sys.free = count_free;
    blocks = 0;
    g = begin_question(&q);
    green_kill(g);
    finish(g);
    check_equal(q.code, EAI_SYSTEM);
    check_equal(q.error, ECANCELED);
    check(blocks > 0);
    await_late_answer();
    check_text(q.name, "as it was");
}

static void a_scope_ends_it_at_once(void **state)
{
    char name[20] = "as it was";
    green_scope_t scope;

    (void)state;
    green_timeout_begin(&scope, GREEN_MS);
    check_equal(green_getnameinfo((const struct sockaddr *)&here, sizeof here,
                                  name, sizeof name, NULL, 0, NI_NAMEREQD),
                EAI_SYSTEM);
    check_equal(errno, ETIMEDOUT);
    check(green_scope_end(&scope));
    let_libc_answer();
    while (green__hub()->outside > 0)
        check_equal(green_sleep(GREEN_MS), 0);
    check_text(name, "as it was");
}

/* ---- at once ---- */

static int thread_starts;

static int count_start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    thread_starts++;
    return real.thread_start(thread, fn, arg);
}

static void numbers_need_neither_thread_nor_memory(void **state)
{
    char host[20], service[20];

    (void)state;
    real = green__sys;
    green__sys.thread_start = count_start;
    green__sys.malloc = count_malloc;
    blocks = 0;
    check_equal(green_getnameinfo((const struct sockaddr *)&here, sizeof here,
                                  host, sizeof host, service, sizeof service,
                                  NI_NUMERICHOST | NI_NUMERICSERV),
                0);
    green__sys.malloc = real.malloc;
    green__sys.thread_start = real.thread_start;
    check_text(host, "127.0.0.1");
    check_text(service, "80");
    check_equal(blocks + thread_starts, 0);
}

static void *no_malloc(size_t n)
{
    (void)n;
    errno = ENOMEM;
    return NULL;
}

static void without_memory_the_code_says_so(void **state)
{
    char host[20];

    (void)state;
    real = green__sys;
    green__sys.malloc = no_malloc;
    check_equal(green_getnameinfo((const struct sockaddr *)&here, sizeof here,
                                  host, sizeof host, NULL, 0, 0),
                EAI_MEMORY);
    green__sys.malloc = real.malloc;
}

static void *ask_killed(void *arg)
{
    char host[20];

    check_equal(green_getnameinfo((const struct sockaddr *)&here, sizeof here,
                                  host, sizeof host, NULL, 0, NI_NUMERICHOST),
                EAI_SYSTEM);
    check_equal(errno, ECANCELED);
    return arg;
}

static void who_is_killed_is_refused_even_numbers(void **state)
{
    (void)state;
    end_by_kill(spawn(ask_killed, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(numbers_need_neither_thread_nor_memory),
        green_test(it_answers_as_libc_does),
        green_test(what_is_no_address_is_of_no_family),
        slow_test(others_run_meanwhile_and_the_address_is_copied),
        slow_test(an_error_comes_with_its_errno_and_writes_nothing),
        slow_test(a_late_answer_is_freed_and_not_delivered),
        slow_test(a_scope_ends_it_at_once),
        green_test(without_memory_the_code_says_so),
        green_test(who_is_killed_is_refused_even_numbers),
    };

    return cmocka_run_group_tests(tests, open_group, NULL);
}
