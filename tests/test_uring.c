/* SPDX-License-Identifier: MIT */
/* test_uring.c - reads and writes that the kernel does meanwhile.
 *
 * Pipes stand for files on a slow disk: a read of one is under way until the
 * test writes to the other end. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <green.h>
#include "file.h"
#include "sys.h"

static struct sys real;
static unsigned submitted;

static int count_submissions(int fd, unsigned submit, unsigned wait)
{
    submitted += submit;
    return real.uring_enter(fd, submit, wait);
}

static int refuse_setup(unsigned entries, struct io_uring_params *parameters)
{
    (void)entries, (void)parameters;
    errno = EPERM;
    return -1;
}

static int wish_for_it(void **state)
{
    (void)state;
    real = green__sys;
    submitted = 0;
    green__sys.uring_enter = count_submissions;
    return setenv("GREEN_FILES", "uring", 1);
}

static int wish_no_more(void **state)
{
    (void)state;
    green__sys = real;
    return unsetenv("GREEN_FILES");
}

/* Some kernels and containers have none of it, and neither has Valgrind. */
static void skip_without_rings(void)
{
    char byte;
    struct iovec iov = {&byte, 1};
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(green__file_read(fds[0], &iov, 1, -1), 1);
    close(fds[0]);
    close(fds[1]);
    if (submitted == 0)
        skip();
    submitted = 0;
}

struct reading {
    green_t *greenlet;
    int fds[2];
    char text[8];
    ssize_t n;
    int error;
};

static void *read_slowly(void *arg)
{
    struct reading *r = arg;
    struct iovec iov = {r->text, sizeof r->text - 1};

    r->n = green__file_read(r->fds[0], &iov, 1, -1);
    r->error = errno;
    return NULL;
}

/* On return its job is under way. */
static void begin_reading(struct reading *r)
{
    unsigned before = submitted;

    memset(r, 0, sizeof *r);
    assert_int_equal(pipe(r->fds), 0);
    r->greenlet = green_spawn(read_slowly, r);
    assert_non_null(r->greenlet);
    while (submitted == before)
        assert_int_equal(green_yield(), 0);
}

static void answer(struct reading *r, const char *text)
{
    assert_int_equal(write(r->fds[1], text, strlen(text)),
                     (ssize_t)strlen(text));
}

static void end_reading(struct reading *r)
{
    assert_int_equal(green_join(r->greenlet, NULL, GREEN_FOREVER), 0);
    green_release(r->greenlet);
    close(r->fds[0]);
    close(r->fds[1]);
}

static void files_are_read_and_written_where_asked(void **state)
{
    char name[] = "/tmp/green_uring_XXXXXX", text[16] = "",
         out[] = "hello, ring";
    struct iovec in = {text, 5}, whole = {out, sizeof out - 1};
    int fd = mkstemp(name);

    (void)state;
    skip_without_rings();
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(green__file_write(fd, &whole, 1, -1), 11);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 11);
    assert_int_equal(green__file_read(fd, &in, 1, 7), 4);
    assert_string_equal(text, "ring");
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 11);
    assert_int_equal(green__file_read(fd, &in, 1, -1), 0);
    assert_int_equal(submitted, 4 - 1);
    close(fd);
}

static void errors_are_those_of_the_call(void **state)
{
    char byte;
    struct iovec iov = {&byte, 1};

    (void)state;
    skip_without_rings();
    assert_int_equal(green__file_read(1000000, &iov, 1, 0), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(submitted, 1);
}

static void many_wait_and_each_gets_its_own(void **state)
{
    static struct reading all[100]; /* more than the ring has entries */
    char text[8];
    int i;

    (void)state;
    skip_without_rings();
    for (i = 0; i < 100; i++)
        begin_reading(&all[i]);
    for (i = 99; i >= 0; i--) {
        snprintf(text, sizeof text, "%d", i);
        answer(&all[i], text);
    }
    for (i = 0; i < 100; i++) {
        end_reading(&all[i]);
        snprintf(text, sizeof text, "%d", i);
        assert_string_equal(all[i].text, text);
    }
}

/* The first of three waits for the ring, the others behind it. */
static void who_is_killed_leaves_and_the_others_go_on(void **state)
{
    struct reading r[3];
    int victim, i;

    (void)state;
    skip_without_rings();
    for (victim = 0; victim < 3; victim++) {
        for (i = 0; i < 3; i++)
            begin_reading(&r[i]);
        green_kill(r[victim].greenlet);
        assert_int_equal(green_join(r[victim].greenlet, NULL, GREEN_FOREVER),
                         0);
        assert_int_equal(r[victim].n, -1);
        assert_int_equal(r[victim].error, ECANCELED);
        for (i = 0; i < 3; i++)
            answer(&r[i], "late");
        for (i = 0; i < 3; i++)
            end_reading(&r[i]);
        for (i = 0; i < 3; i++)
            assert_string_equal(r[i].text, i == victim ? "" : "late");
    }
}

/* The leader is done in the same moment in which who would lead next is killed. */
static void a_killed_follower_is_not_called_to_lead(void **state)
{
    struct reading r[3];
    int i;

    (void)state;
    skip_without_rings();
    for (i = 0; i < 3; i++)
        begin_reading(&r[i]);
    green_kill(r[0].greenlet);
    green_kill(r[1].greenlet);
    answer(&r[2], "third");
    for (i = 0; i < 3; i++)
        end_reading(&r[i]);
    assert_string_equal(r[2].text, "third");
}

static void *child_reads(void *arg)
{
    struct reading r;

    (void)arg;
    begin_reading(&r);
    answer(&r, "child");
    end_reading(&r);
    return (void *)(uintptr_t)(strcmp(r.text, "child") == 0);
}

static void the_child_of_a_fork_has_a_ring_of_its_own(void **state)
{
    struct reading r;
    int status;
    pid_t pid;

    (void)state;
    skip_without_rings();
    begin_reading(&r);
    pid = green_fork();
    if (pid == 0)
        _exit(child_reads(NULL) ? 0 : 1);
    assert_int_equal(green_waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    answer(&r, "parent");
    end_reading(&r);
    assert_string_equal(r.text, "parent");
}

/* A thread has a ring of its own, or finds that there is none. */
static void *read_here(void *arg)
{
    struct reading r = {.fds = {-1, -1}};

    (void)arg;
    if (pipe(r.fds) != 0 || write(r.fds[1], "here", 4) != 4)
        return NULL;
    read_slowly(&r);
    close(r.fds[0]);
    close(r.fds[1]);
    return (void *)(uintptr_t)(strcmp(r.text, "here") == 0);
}

static bool a_thread_reads(void)
{
    pthread_t thread;
    void *right = NULL;

    assert_int_equal(pthread_create(&thread, NULL, read_here, NULL), 0);
    assert_int_equal(pthread_join(thread, &right), 0);
    return right;
}

static void a_thread_has_a_ring_of_its_own(void **state)
{
    (void)state;
    skip_without_rings();
    assert_true(a_thread_reads());
    assert_int_equal(submitted, 1);
}

static void where_there_are_no_rings_threads_do_it(void **state)
{
    (void)state;
    green__sys.uring_setup = refuse_setup;
    assert_true(a_thread_reads());
    assert_int_equal(submitted, 0);
}

/* Nobody answers before the thread ends, so it is killed when it has begun. */
static void *leave_a_job_behind(void *arg)
{
    struct reading *r = arg;

    begin_reading(r);
    green_kill(r->greenlet);
    green_join(r->greenlet, NULL, GREEN_FOREVER);
    green_release(r->greenlet);
    answer(r, "late");
    return NULL;
}

static void a_thread_waits_for_what_the_kernel_still_writes(void **state)
{
    struct reading r;
    pthread_t thread;

    (void)state;
    skip_without_rings();
    assert_int_equal(pthread_create(&thread, NULL, leave_a_job_behind, &r), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(r.text, "");
    close(r.fds[0]);
    close(r.fds[1]);
}

#define uring_test(name) \
    cmocka_unit_test_setup_teardown(name, wish_for_it, wish_no_more)

int main(void)
{
    const struct CMUnitTest tests[] = {
        uring_test(files_are_read_and_written_where_asked),
        uring_test(errors_are_those_of_the_call),
        uring_test(many_wait_and_each_gets_its_own),
        uring_test(who_is_killed_leaves_and_the_others_go_on),
        uring_test(a_killed_follower_is_not_called_to_lead),
        uring_test(the_child_of_a_fork_has_a_ring_of_its_own),
        uring_test(a_thread_has_a_ring_of_its_own),
        uring_test(a_thread_waits_for_what_the_kernel_still_writes),
        uring_test(where_there_are_no_rings_threads_do_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
