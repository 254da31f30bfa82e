/* SPDX-License-Identifier: MIT */
/* test_calls.c - every blocking call, enumerated: each one ends by a kill, by
 * its own timeout and by an enclosing scope, and tries without switching.
 *
 * The objects that the calls wait for stay as they are through a whole test:
 * nothing but what is tested ends a wait. */
#include "support.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- what is waited for ---- */

static green_event_t event, end_of_holder;
static green_sem_t sem;
static green_mutex_t held, own;
static green_cond_t cond;
static green_queue_t empty = GREEN_QUEUE_INIT(int, 1);
static green_queue_t full = GREEN_QUEUE_INIT(int, 1);
static green_queue_t channel = GREEN_CHANNEL_INIT(int);
static green_t *holder;
static int empty_pair[2], full_pair[2], listener;
static char buffer[4096];
static int item;

static void *hold(void *arg)
{
    check_equal(green_mutex_lock(&held, GREEN_FOREVER), 0);
    check_equal(green_event_wait(&end_of_holder, GREEN_FOREVER), 0);
    green_mutex_unlock(&held);
    return arg;
}

static int listen_to_nobody(void)
{
    struct sockaddr address = {.sa_family = AF_UNIX}; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    check_equal(bind(fd, &address, sizeof address.sa_family), 0);
    check_equal(listen(fd, 1), 0);
    return fd;
}

static void set_up(void)
{
    clock_take();
    make_pair(empty_pair);
    make_pair(full_pair);
    fill(full_pair[0]);
    listener = listen_to_nobody();
    check_equal(green_queue_put(&full, &item, 0), 0);
    green_event_clear(&end_of_holder);
    holder = spawn(hold, NULL);
    settle();
}

static void tear_down(void)
{
    green_event_set(&end_of_holder);
    finish(holder);
    check_equal(green_queue_get(&full, &item, 0), 0);
    check_equal(green_queue_task_done(&full), 0);
    close_both(empty_pair);
    close_both(full_pair);
    green_close(listener);
}

/* ---- the calls; those without a timeout of their own ignore it ---- */

static intmax_t wait_event(int64_t timeout)
{
    return green_event_wait(&event, timeout);
}

static intmax_t wait_sem(int64_t timeout)
{
    return green_sem_wait(&sem, timeout);
}

static intmax_t lock_mutex(int64_t timeout)
{
    return green_mutex_lock(&held, timeout);
}

static intmax_t wait_cond(int64_t timeout)
{
    intmax_t result;
    int error;

    check_equal(green_mutex_lock(&own, 0), 0);
    result = green_cond_wait(&cond, &own, timeout);
    error = errno;
    green_mutex_unlock(&own);
    errno = error;
    return result;
}

static intmax_t get_item(int64_t timeout)
{
    return green_queue_get(&empty, &item, timeout);
}

static intmax_t peek_item(int64_t timeout)
{
    return green_queue_peek(&empty, &item, timeout);
}

static intmax_t put_item(int64_t timeout)
{
    return green_queue_put(&full, &item, timeout);
}

static intmax_t join_queue(int64_t timeout)
{
    return green_queue_join(&full, timeout);
}

static intmax_t get_from_channel(int64_t timeout)
{
    return green_queue_get(&channel, &item, timeout);
}

static intmax_t put_into_channel(int64_t timeout)
{
    return green_queue_put(&channel, &item, timeout);
}

static intmax_t join_holder(int64_t timeout)
{
    return green_join(holder, NULL, timeout);
}

static intmax_t get_holder(int64_t timeout)
{
    return green_get(holder, NULL, timeout);
}

static intmax_t join_all(int64_t timeout)
{
    return green_joinall((green_t *[]){holder, holder}, 2, timeout);
}

static intmax_t select_one(int64_t timeout)
{
    green_case_t cases[] = {GREEN_ON_EVENT(&event), GREEN_ON_GET(&empty, &item),
                            GREEN_ON_PUT(&full, &item), GREEN_ON_JOIN(holder),
                            GREEN_ON_FD(empty_pair[0], GREEN_READ)};

    return green_select(cases, ARRAY_SIZE(cases), timeout);
}

static intmax_t wait_readable(int64_t timeout)
{
    return green_wait_fd(empty_pair[0], GREEN_READ, timeout);
}

static intmax_t wait_writable(int64_t timeout)
{
    return green_wait_fd(full_pair[0], GREEN_WRITE, timeout);
}

static intmax_t sleep_long(int64_t timeout)
{
    (void)timeout;
    return green_sleep(GREEN_FOREVER);
}

static intmax_t poll_both(int64_t timeout)
{
    struct pollfd fds[] = {{empty_pair[0], POLLIN, 0},
                           {full_pair[0], POLLOUT, 0}};

    (void)timeout;
    return green_poll(fds, 2, GREEN_FOREVER);
}

static intmax_t read_some(int64_t timeout)
{
    (void)timeout;
    return green_read(empty_pair[0], buffer, sizeof buffer);
}

static intmax_t read_all(int64_t timeout)
{
    (void)timeout;
    return green_read_all(empty_pair[0], buffer, sizeof buffer);
}

static struct iovec vector = {buffer, sizeof buffer};

static intmax_t readv_some(int64_t timeout)
{
    (void)timeout;
    return green_readv(empty_pair[0], &vector, 1);
}

static intmax_t recv_some(int64_t timeout)
{
    (void)timeout;
    return green_recv(empty_pair[0], buffer, sizeof buffer, 0);
}

static intmax_t recvfrom_some(int64_t timeout)
{
    (void)timeout;
    return green_recvfrom(empty_pair[0], buffer, 9, 0, NULL, NULL);
}

static intmax_t recvmsg_some(int64_t timeout)
{
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

    (void)timeout;
    return green_recvmsg(empty_pair[0], &message, 0);
}

static intmax_t write_some(int64_t timeout)
{
    (void)timeout;
    return green_write(full_pair[0], buffer, sizeof buffer);
}

static intmax_t write_all(int64_t timeout)
{
    (void)timeout;
    return green_write_all(full_pair[0], buffer, sizeof buffer);
}

static intmax_t writev_some(int64_t timeout)
{
    (void)timeout;
    return green_writev(full_pair[0], &vector, 1);
}

static intmax_t send_some(int64_t timeout)
{
    (void)timeout;
    return green_send(full_pair[0], buffer, sizeof buffer, 0);
}

static intmax_t sendto_some(int64_t timeout)
{
    (void)timeout;
    return green_sendto(full_pair[0], buffer, 9, 0, NULL, 0);
}

static intmax_t sendmsg_some(int64_t timeout)
{
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

    (void)timeout;
    return green_sendmsg(full_pair[0], &message, 0);
}

static intmax_t accept_one(int64_t timeout)
{
    (void)timeout;
    return green_accept(listener, NULL, NULL);
}

static const struct call {
    const char *name;
    intmax_t (*run)(int64_t timeout);
    bool timed;
} calls[] = {{"event_wait", wait_event, true},
             {"sem_wait", wait_sem, true},
             {"mutex_lock", lock_mutex, true},
             {"cond_wait", wait_cond, true},
             {"queue_get", get_item, true},
             {"queue_peek", peek_item, true},
             {"queue_put", put_item, true},
             {"queue_join", join_queue, true},
             {"channel_get", get_from_channel, true},
             {"channel_put", put_into_channel, true},
             {"join", join_holder, true},
             {"get", get_holder, true},
             {"joinall", join_all, true},
             {"select", select_one, true},
             {"wait_fd read", wait_readable, true},
             {"wait_fd write", wait_writable, true},
             {"sleep", sleep_long, false},
             {"poll", poll_both, false},
             {"read", read_some, false},
             {"read_all", read_all, false},
             {"readv", readv_some, false},
             {"recv", recv_some, false},
             {"recvfrom", recvfrom_some, false},
             {"recvmsg", recvmsg_some, false},
             {"write", write_some, false},
             {"write_all", write_all, false},
             {"writev", writev_some, false},
             {"send", send_some, false},
             {"sendto", sendto_some, false},
             {"sendmsg", sendmsg_some, false},
             {"accept", accept_one, false}};

/* One kind of check for every call, or for those that take a timeout. */
static void try_calls(void (*check_one)(const struct call *c), bool timed_only)
{
    set_up();
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        if (calls[i].timed || !timed_only)
            check_one(&calls[i]);
    tear_down();
}

static void check_ended(const struct call *c, intmax_t result, int error)
{
    int got = result == -1 ? errno : 0;

    if (result == -1 && got == error)
        return;
    check_equal(got, error);
    check_text("a call that ended wrong", c->name);
}

static void *run_call(void *arg)
{
    const struct call *c = arg;

    check_ended(c, c->run(GREEN_FOREVER), ECANCELED);
    return NULL;
}

/* ---- kill ---- */

static void kill_waiting(const struct call *c)
{
    green_t *g = spawn(run_call, (void *)(uintptr_t)c);

    settle();
    end_by_kill(g);
}

static void a_kill_ends_every_blocking_call(void **state)
{
    (void)state;
    try_calls(kill_waiting, false);
}

static void kill_before(const struct call *c)
{
    green_t *g = spawn(run_call, (void *)(uintptr_t)c);

    end_by_kill(g);
}

static void every_blocking_call_of_a_killed_greenlet_fails(void **state)
{
    (void)state;
    try_calls(kill_before, false);
}

static void *run_shielded(void *arg)
{
    const struct call *c = arg;
    green_scope_t shield;

    green_shield_begin(&shield, GREEN_MS);
    check_ended(c, c->run(GREEN_FOREVER), ECANCELED);
    green_scope_end(&shield);
    return NULL;
}

static void kill_shielded(const struct call *c)
{
    green_t *g = spawn(run_shielded, (void *)(uintptr_t)c);
    int64_t start = green_now();

    settle();
    end_by_kill(g);
    check_equal(green_now() - start, GREEN_MS);
}

static void a_shield_lets_every_call_of_a_killed_greenlet_wait(void **state)
{
    (void)state;
    try_calls(kill_shielded, false);
}

/* ---- timeouts ---- */

static void time_out(const struct call *c)
{
    int64_t start = green_now();

    check_ended(c, c->run(3 * GREEN_MS), ETIMEDOUT);
    check_equal(green_now() - start, 3 * GREEN_MS);
}

/* gevent: testing/timing.py AbstractGenericGetTestCase, WaitTestCase */
static void every_call_ends_at_its_timeout(void **state)
{
    (void)state;
    try_calls(time_out, true);
}

static void time_out_without_switch(const struct call *c)
{
    static const int64_t timeouts[] = {0, -1, INT64_MIN};

    for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
        uint64_t switches = count_switches();

        check_ended(c, c->run(timeouts[i]), ETIMEDOUT);
        check_equal(count_switches(), switches);
    }
}

/* gevent: rule R6 */
static void no_call_switches_with_a_timeout_of_zero_or_less(void **state)
{
    (void)state;
    try_calls(time_out_without_switch, true);
}

static void *try_killed(void *arg)
{
    time_out_without_switch(arg);
    return NULL;
}

static void kill_and_try(const struct call *c)
{
    end_by_kill(spawn(try_killed, (void *)(uintptr_t)c));
}

static void a_try_of_a_killed_greenlet_is_a_try(void **state)
{
    (void)state;
    try_calls(kill_and_try, true);
}

/* ---- scopes ---- */

static void time_out_by_scope(const struct call *c)
{
    int64_t start = green_now();
    green_scope_t scope;

    green_timeout_begin(&scope, 2 * GREEN_MS);
    check_ended(c, c->run(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&scope));
    check_equal(green_now() - start, 2 * GREEN_MS);
}

/* gevent: test__greenlet.py TestGet, a smaller outer timeout */
static void every_blocking_call_ends_by_an_enclosing_scope(void **state)
{
    (void)state;
    try_calls(time_out_by_scope, false);
}

static void fail_in_expired_scope(const struct call *c)
{
    green_scope_t scope;
    int64_t start;

    green_timeout_begin(&scope, 1);
    check_fails(green_sleep(GREEN_SEC), ETIMEDOUT);
    start = green_now();
    check_ended(c, c->run(GREEN_SEC), ETIMEDOUT);
    check(green_scope_end(&scope));
    check_equal(green_now(), start);
}

static void every_blocking_call_in_an_expired_scope_fails_at_once(void **state)
{
    (void)state;
    try_calls(fail_in_expired_scope, false);
}

static void time_out_within_scope(const struct call *c)
{
    green_scope_t scope;

    green_timeout_begin(&scope, 4 * GREEN_MS);
    check_ended(c, c->run(2 * GREEN_MS), ETIMEDOUT);
    check(!green_scope_end(&scope));
}

static void a_scope_does_not_claim_a_timeout_of_the_call_itself(void **state)
{
    (void)state;
    try_calls(time_out_within_scope, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_kill_ends_every_blocking_call),
        green_test(every_blocking_call_of_a_killed_greenlet_fails),
        green_test(a_shield_lets_every_call_of_a_killed_greenlet_wait),
        green_test(every_call_ends_at_its_timeout),
        green_test(no_call_switches_with_a_timeout_of_zero_or_less),
        green_test(a_try_of_a_killed_greenlet_is_a_try),
        green_test(every_blocking_call_ends_by_an_enclosing_scope),
        green_test(every_blocking_call_in_an_expired_scope_fails_at_once),
        green_test(a_scope_does_not_claim_a_timeout_of_the_call_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
