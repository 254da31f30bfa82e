/* SPDX-License-Identifier: MIT */
/* support.c - what the tests of behaviour share: see support.h. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sys.h"

#define MAX_SECONDS 200 /* for a test that takes milliseconds */
#define MAX_SECONDS_WITH_TSAN 1000

static _Atomic int failed_checks;
static int descriptors_before;
static uint64_t greenlets_before;
static char log_text[8192];

/* ---- around each test ---- */

static void *read_byte(void *fd)
{
    char byte;

    check_fails(green_read(*(int *)fd, &byte, 1), EBADF);
    return NULL;
}

/* Make the hub and all that it makes late, so that the counts are steady. */
static void warm_up(void)
{
    int fds[2];
    green_t *g;

    make_pipe(fds);
    g = spawn(read_byte, &fds[0]);
    green_yield();
    close_both(fds);
    finish(g);
}

void __tsan_init(void) __attribute__((weak));

static void limit_time(void)
{
    alarm(__tsan_init ? MAX_SECONDS_WITH_TSAN : MAX_SECONDS);
}

int begin_test(void **state)
{
    (void)state;
    limit_time();
    warm_up();
    failed_checks = 0;
    log_text[0] = '\0';
    greenlets_before = count_greenlets();
    descriptors_before = count_descriptors();
    return 0;
}

static void clock_give_back(void);

int end_test(void **state)
{
    (void)state;
    alarm(0);
    clock_give_back();
    check_equal(count_descriptors(), descriptors_before);
    check_equal(count_greenlets(), greenlets_before);
    if (failed_checks)
        fail_msg("%d checks failed", failed_checks);
    return 0;
}

int open_wake_up(void **state)
{
    (void)state;
    return green_spawn_on(green_hub(), return_argument, NULL) ||
           green_sleep(GREEN_MS);
}

/* ---- checks ---- */

static void print_failure(const char *file, int line, const char *format, ...)
    GREEN_FORMAT(3, 4);

static void print_failure(const char *file, int line, const char *format, ...)
{
    char text[2 * sizeof log_text];
    va_list arguments;

    failed_checks++;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    print_error("%s:%d: %s\n", file, line, text);
}

void check_true(bool ok, const char *what, const char *file, int line)
{
    if (!ok)
        print_failure(file, line, "not so: %s", what);
}

void check_number(intmax_t got, intmax_t expected, const char *what,
                  const char *file, int line)
{
    if (got != expected)
        print_failure(file, line, "%s is %jd, not %jd", what, got, expected);
}

void check_string(const char *got, const char *expected, const char *what,
                  const char *file, int line)
{
    if (!got || strcmp(got, expected))
        print_failure(file, line, "%s is \"%s\", not \"%s\"", what,
                      got ? got : "(null)", expected);
}

void check_error(intmax_t result, int error, const char *what, const char *file,
                 int line)
{
    int got = errno;

    if (result != -1)
        print_failure(file, line, "%s is %jd, not -1", what, result);
    else if (got != error)
        print_failure(file, line, "%s fails with \"%s\", not \"%s\"", what,
                      strerror(got), strerror(error));
}

void check_noted(const char *expected, const char *file, int line)
{
    check_string(log_text, expected, "the log", file, line);
    log_text[0] = '\0';
}

static pid_t start_child(void (*fn)(void *arg), void *arg, int error_output)
{
    struct rlimit no_core = {0, 0};
    pid_t child = fork();

    if (child)
        return child;
    limit_time();
    setrlimit(RLIMIT_CORE, &no_core);
    if (error_output >= 0)
        dup2(error_output, STDERR_FILENO);
    failed_checks = 0;
    fn(arg);
    _exit(failed_checks ? EXIT_FAILURE : EXIT_SUCCESS);
}

void check_in_child(void (*fn)(void *arg), void *arg)
{
    int status = 0;

    check(waitpid(start_child(fn, arg, -1), &status, 0) > 0);
    check(WIFEXITED(status));
    check_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

void check_aborts(void (*fn)(void *arg), void *arg, const char *text)
{
    int fds[2], status = 0;
    char line[512] = "";
    size_t length = 0;
    ssize_t n;
    pid_t child;

    make_pipe(fds);
    child = start_child(fn, arg, fds[1]);
    close(fds[1]);
    while ((n = read(fds[0], line + length, sizeof line - 1 - length)) > 0)
        length += (size_t)n;
    close(fds[0]);
    check(waitpid(child, &status, 0) == child);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    if (!strstr(line, text))
        check_text(line, text);
}

/* ---- the order of events ---- */

void note(const char *format, ...)
{
    size_t length = strlen(log_text);
    int error = errno;
    va_list arguments;

    if (length && length + 1 < sizeof log_text)
        log_text[length++] = ' ';
    va_start(arguments, format);
    vsnprintf(log_text + length, sizeof log_text - length, format, arguments);
    va_end(arguments);
    errno = error;
}

static const char *error_word(int error)
{
    static const struct {
        int error;
        const char *word;
    } words[] = {{ETIMEDOUT, "ETIMEDOUT"},
                 {ECANCELED, "ECANCELED"},
                 {EPIPE, "EPIPE"},
                 {EDEADLK, "EDEADLK"},
                 {EBADF, "EBADF"},
                 {ENOMEM, "ENOMEM"},
                 {EINVAL, "EINVAL"},
                 {EAGAIN, "EAGAIN"},
                 {EIO, "EIO"},
                 {ECONNRESET, "ECONNRESET"},
                 {EINTR, "EINTR"}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].error == error)
            return words[i].word;
    return strerror(error);
}

void note_result(const char *name, intmax_t result)
{
    note("%s:%s", name, result < 0 ? error_word(errno) : "ok");
}

void *text(const char *literal)
{
    return (void *)(uintptr_t)literal;
}

/* ---- greenlets ---- */

green_t *spawn(void *(*fn)(void *arg), void *arg)
{
    green_t *g = green_spawn(fn, arg);

    check(g != NULL);
    return g;
}

void *finish(green_t *g)
{
    void *value = NULL;

    check_equal(green_join(g, &value, GREEN_FOREVER), 0);
    green_release(g);
    return value;
}

void finish_all(green_t *const *gs, size_t n)
{
    check_equal(green_joinall(gs, n, GREEN_FOREVER), 0);
    green_releaseall(gs, n);
}

void end_by_kill(green_t *g)
{
    green_kill(g);
    finish(g);
}

void settle(void)
{
    green_stats_t stats;

    for (int i = 0; i < 100000; i++) {
        check_equal(green_yield(), 0);
        check_equal(green_stats(&stats), 0);
        if (!stats.ready)
            return;
    }
    check_true(false, "the others come to rest", __FILE__, __LINE__);
}

uint64_t count_switches(void)
{
    green_stats_t stats = {0};

    green_stats(&stats);
    return stats.switches;
}

uint64_t count_greenlets(void)
{
    green_stats_t stats = {0};

    green_stats(&stats);
    return stats.greenlets;
}

void *return_argument(void *arg)
{
    return arg;
}

void *note_argument(void *name)
{
    note("%s", (const char *)name);
    return name;
}

void *sleep_forever(void *name)
{
    note_result(name, green_sleep(GREEN_FOREVER));
    return name;
}

/* ---- time ---- */

static struct sys real; /* what the library was born with */
static bool clock_taken;
static int64_t taken_time;
static int64_t clock_skew; /* so that time never goes back */

static int64_t test_now(void)
{
    return clock_taken ? taken_time : real.now() + clock_skew;
}

/* With a taken clock the hub does not wait for time to pass. */
static int64_t waiting_time(int64_t timeout)
{
    return clock_taken && timeout > 0 ? 0 : timeout;
}

static void pass_time(int events, int64_t timeout)
{
    if (clock_taken && timeout > 0 && events == 0)
        taken_time += timeout;
}

static int test_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    int events = real.poll(fds, n, waiting_time(timeout));

    pass_time(events, timeout);
    return events;
}

static int test_epoll_wait(int epfd, struct epoll_event *events, int n,
                           int64_t timeout)
{
    int got = real.epoll_wait(epfd, events, n, waiting_time(timeout));

    pass_time(got, timeout);
    return got;
}

static int test_kevent(int kq, const struct kevent *changes, int n_changes,
                       struct kevent *events, int n_events, int64_t timeout)
{
    int got = real.kevent(kq, changes, n_changes, events, n_events,
                          waiting_time(timeout));

    pass_time(got, timeout);
    return got;
}

void clock_take(void)
{
    if (!real.now) {
        real = green__sys;
        green__sys.now = test_now;
        green__sys.poll = test_poll;
        green__sys.epoll_wait = test_epoll_wait;
        green__sys.kevent = test_kevent;
    }
    taken_time = test_now();
    clock_taken = true;
}

void clock_turn(int64_t duration)
{
    taken_time += duration;
}

static void clock_give_back(void)
{
    if (!clock_taken)
        return;
    clock_skew = taken_time - real.now();
    clock_taken = false;
}

/* ---- descriptors ---- */

void make_pipe(int fds[2])
{
    check_equal(pipe2(fds, O_CLOEXEC), 0);
}

void make_pair(int fds[2])
{
    check_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

void close_both(const int fds[2])
{
    check_equal(green_close(fds[0]), 0);
    check_equal(green_close(fds[1]), 0);
}

int count_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

size_t fill(int fd)
{
    static const char zeros[4096];
    int flags = fcntl(fd, F_GETFL);
    size_t total = 0;
    ssize_t n;

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while ((n = write(fd, zeros, sizeof zeros)) > 0)
        total += (size_t)n;
    fcntl(fd, F_SETFL, flags);
    return total;
}
