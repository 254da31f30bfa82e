/* SPDX-License-Identifier: MIT */
/* test_file.c - regular files, read and written in threads.
 *
 * What a slow disk does is done by a gate in place of the system's calls: they
 * go on when the test opens it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <green.h>
#include "sys.h"

static struct sys real;
static sem_t gate, arrived;
static pthread_t caller;
static bool in_thread;

static ssize_t not_in_memory(int fd, const struct iovec *iov, int n)
{
    (void)fd, (void)iov, (void)n;
    errno = EAGAIN;
    return -1;
}

/* The hub's own calls, on its wake-up pipe, are not held up. */
static void pass_gate(int fd)
{
    if (real.is_file(fd) != 1)
        return;
    in_thread = !pthread_equal(caller, pthread_self());
    if (!in_thread)
        return;
    sem_post(&arrived);
    while (sem_wait(&gate) != 0)
        continue;
}

static ssize_t slow_read(int fd, void *buffer, size_t n)
{
    pass_gate(fd);
    return real.read(fd, buffer, n);
}

static ssize_t slow_write(int fd, const void *buffer, size_t n)
{
    pass_gate(fd);
    return real.write(fd, buffer, n);
}

/* An open file without a name that holds `text`. */
static int make_file(const char *text)
{
    char name[] = "/tmp/green_file_XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(pwrite(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    return fd;
}

static int slow_down(void **state)
{
    (void)state;
    caller = pthread_self();
    sem_init(&gate, 0, 0);
    sem_init(&arrived, 0, 0);
    green__sys.readv_nowait = not_in_memory;
    green__sys.writev_nowait = not_in_memory;
    green__sys.read = slow_read;
    green__sys.write = slow_write;
    return 0;
}

static int speed_up(void **state)
{
    (void)state;
    green__sys = real;
    return 0;
}

struct call {
    int fd;
    char buffer[16];
    ssize_t n;
    int error;
};

static void *read_it(void *arg)
{
    struct call *c = arg;

    c->n = green_read(c->fd, c->buffer, sizeof c->buffer);
    c->error = errno;
    return NULL;
}

static void *write_it(void *arg)
{
    struct call *c = arg;

    c->n = green_write(c->fd, c->buffer, strlen(c->buffer));
    c->error = errno;
    return NULL;
}

/* Start it, and wait until its thread stands at the gate. */
static green_t *begin_call(void *(*fn)(void *arg), struct call *c)
{
    green_t *g = green_spawn(fn, c);

    assert_non_null(g);
    green_yield();
    while (sem_wait(&arrived) != 0)
        continue;
    assert_true(in_thread);
    assert_false(green_ready(g));
    return g;
}

static void end_call(green_t *g)
{
    assert_int_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    green_release(g);
}

static void others_run_while_the_disk_is_slow(void **state)
{
    struct call c = {.fd = make_file("hello")};
    green_t *g = begin_call(read_it, &c);

    (void)state;
    assert_int_equal(green_yield(), 0);
    sem_post(&gate);
    end_call(g);
    assert_int_equal(c.n, 5);
    assert_memory_equal(c.buffer, "hello", 5);
    close(c.fd);
}

static void a_write_arrives(void **state)
{
    struct call c = {.fd = make_file("....."), .buffer = "abc"};
    green_t *g = begin_call(write_it, &c);
    char now[8] = "";

    (void)state;
    sem_post(&gate);
    end_call(g);
    assert_int_equal(c.n, 3);
    assert_int_equal(pread(c.fd, now, sizeof now, 0), 5);
    assert_string_equal(now, "abc..");
    close(c.fd);
}

/* The thread reads on, into memory of its own. */
static void a_killed_reader_leaves_at_once_and_is_left_alone(void **state)
{
    struct call c = {.fd = make_file("hello"), .buffer = "untouched"};
    green_t *g = begin_call(read_it, &c);

    (void)state;
    green_kill(g);
    end_call(g);
    assert_int_equal(c.n, -1);
    assert_int_equal(c.error, ECANCELED);
    sem_post(&gate);
    while (lseek(c.fd, 0, SEEK_CUR) != 5)
        green_sleep(GREEN_MS);
    assert_string_equal(c.buffer, "untouched");
    close(c.fd);
}

static void a_reused_number_is_not_read_for_the_closed_file(void **state)
{
    struct call c = {.fd = make_file("first")};
    green_t *g = begin_call(read_it, &c);
    int second;

    (void)state;
    close(c.fd);
    second = make_file("second");
    assert_int_equal(second, c.fd);
    sem_post(&gate);
    end_call(g);
    assert_int_equal(c.n, 5);
    assert_memory_equal(c.buffer, "first", 5);
    assert_int_equal(lseek(second, 0, SEEK_CUR), 0);
    close(second);
}

static void plain_calls_are_made_if_asked_for(void **state)
{
    struct call c = {.fd = make_file("hello")};

    (void)state;
    in_thread = true;
    setenv("GREEN_FILES", "plain", 1);
    read_it(&c);
    unsetenv("GREEN_FILES");
    assert_int_equal(c.n, 5);
    assert_false(in_thread);
    close(c.fd);
}

static void places_in_a_file_leave_its_offset_alone(void **state)
{
    int fd = make_file("0123456789");
    char text[4] = "";

    (void)state;
    assert_int_equal(green_pread(fd, text, 3, 7), 3);
    assert_string_equal(text, "789");
    assert_int_equal(green_pwrite(fd, "xyz", 3, 7), 3);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    assert_int_equal(green_pread(fd, text, 3, 7), 3);
    assert_string_equal(text, "xyz");
    assert_int_equal(green_pread(fd, text, 3, 100), 0);
    assert_int_equal(green_pread(fd, text, 3, -1), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(green_pwrite(-1, text, 3, 0), -1);
    assert_int_equal(errno, EBADF);
    close(fd);
}

static void several_pieces_are_one_call(void **state)
{
    int fd = make_file("");
    char a[3] = "", b[8] = "";
    char first[] = "abc", second[] = "defgh";
    struct iovec out[] = {{NULL, 0}, {first, 3}, {second, 5}};
    struct iovec in[] = {{a, 2}, {b, 7}};

    (void)state;
    assert_int_equal(green_writev(fd, out, 3), 8);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(green_readv(fd, in, 2), 8);
    assert_string_equal(a, "ab");
    assert_string_equal(b, "cdefgh");
    close(fd);
}

#define slow_test(name) \
    cmocka_unit_test_setup_teardown(name, slow_down, speed_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        slow_test(others_run_while_the_disk_is_slow),
        slow_test(a_write_arrives),
        slow_test(a_killed_reader_leaves_at_once_and_is_left_alone),
        slow_test(a_reused_number_is_not_read_for_the_closed_file),
        slow_test(plain_calls_are_made_if_asked_for),
        cmocka_unit_test(places_in_a_file_leave_its_offset_alone),
        cmocka_unit_test(several_pieces_are_one_call),
    };

    real = green__sys; /* once: threads read it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
