/* SPDX-License-Identifier: MIT */
/* test_sys.c - the entries of the seam that are more than libc's function. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "sys_os.h"

static void assert_fresh(int fd)
{
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void close_pair(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/* ---- the table ---- */

static void no_entry_is_missing(void **state)
{
    const char *table = (const char *)&green__sys;

    (void)state;
    for (size_t at = 0; at < sizeof green__sys; at += sizeof(void (*)(void))) {
        void (*entry)(void);

        memcpy(&entry, table + at, sizeof entry);
        assert_non_null(entry);
    }
}

static void a_lacking_poller_is_refused_with_enosys(void **state)
{
    int epfd, kq;

    (void)state;
    errno = 0;
    epfd = green__sys.epoll_create();
    assert_true(epfd >= 0 || errno == ENOSYS);
    errno = 0;
    kq = green__sys.kqueue();
    assert_true(kq >= 0 || errno == ENOSYS);
    assert_true(epfd >= 0 || kq >= 0);
    if (epfd >= 0)
        close(epfd);
    if (kq >= 0)
        close(kq);
}

/* ---- memory ---- */

static void *dirty_malloc(size_t size)
{
    void *memory = malloc(size);

    return memory ? memset(memory, 0xa5, size) : NULL;
}

static void *refuse_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static void zalloc_zeroes_what_malloc_gave(void **state)
{
    static const char zeroes[1000];
    void *memory;

    (void)state;
    green__sys.malloc = dirty_malloc;
    memory = green__zalloc(sizeof zeroes);
    green__sys.malloc = malloc;
    assert_non_null(memory);
    assert_memory_equal(memory, zeroes, sizeof zeroes);
    free(memory);
}

static void zalloc_fails_with_enomem(void **state)
{
    (void)state;
    green__sys.malloc = refuse_malloc;
    errno = 0;
    assert_null(green__zalloc(10));
    green__sys.malloc = malloc;
    assert_int_equal(errno, ENOMEM);
}

/* ---- time and chance ---- */

static void time_never_goes_back(void **state)
{
    int64_t last = green__sys.now();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = green__sys.now();

        assert_true(now >= last);
        last = now;
    }
}

static void milliseconds_are_rounded_up_and_bounded(void **state)
{
    (void)state;
    assert_int_equal(os_milliseconds(-1), -1);
    assert_int_equal(os_milliseconds(0), 0);
    assert_int_equal(os_milliseconds(1), 1);
    assert_int_equal(os_milliseconds(1000000), 1);
    assert_int_equal(os_milliseconds(1000001), 2);
    assert_int_equal(os_milliseconds(INT64_MAX), INT_MAX);
}

static void poll_does_not_return_before_its_timeout(void **state)
{
    const int64_t timeout = 2300001;

    (void)state;
    for (int i = 0; i < 5; i++) {
        int64_t start = green__sys.now();

        assert_int_equal(green__sys.poll(NULL, 0, timeout), 0);
        assert_true(green__sys.now() - start >= timeout);
    }
}

static void poll_takes_any_timeout_for_what_is_ready(void **state)
{
    static const int64_t timeouts[] = {-1, 0, 1, INT64_MAX};
    int fds[2];

    (void)state;
    assert_int_equal(green__sys.pipe(fds), 0);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        struct pollfd ready = {fds[1], POLLOUT, 0};

        assert_int_equal(green__sys.poll(&ready, 1, timeouts[i]), 1);
        assert_int_equal(ready.revents, POLLOUT);
    }
    close_pair(fds);
}

static void random_numbers_differ(void **state)
{
    uint64_t numbers[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        numbers[i] = green__sys.random();
        for (int k = 0; k < i; k++)
            assert_true(numbers[k] != numbers[i]);
    }
}

/* ---- descriptors that are made ---- */

static void a_pipe_is_born_fresh(void **state)
{
    int fds[2];
    char byte = 'x';

    (void)state;
    assert_int_equal(green__sys.pipe(fds), 0);
    assert_fresh(fds[0]);
    assert_fresh(fds[1]);
    assert_int_equal(write(fds[1], "y", 1), 1);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close_pair(fds);
}

/* A socket that listens on a free port of the loopback, and its address. */
static int listen_somewhere(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int fd = green__sys.socket(AF_INET, SOCK_STREAM, 0);

    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_fresh(fd);
    assert_int_equal(green__sys.bind(fd, (struct sockaddr *)address, length),
                     0);
    assert_int_equal(green__sys.listen(fd, 1), 0);
    assert_int_equal(
        green__sys.getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

static void an_accepted_socket_is_born_fresh(void **state)
{
    struct sockaddr_in address, from;
    socklen_t length = sizeof from;
    int listener = listen_somewhere(&address);
    int client = green__sys.socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd pending = {listener, POLLIN, 0};
    int server;

    (void)state;
    assert_int_equal(
        green__sys.accept(listener, (struct sockaddr *)&from, &length), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(green__sys.connect(client, (struct sockaddr *)&address,
                                   sizeof address) == 0 ||
                errno == EINPROGRESS);
    assert_int_equal(green__sys.poll(&pending, 1, -1), 1);
    length = sizeof from;
    server = green__sys.accept(listener, (struct sockaddr *)&from, &length);
    assert_fresh(server);
    assert_int_equal(from.sin_family, AF_INET);
    assert_int_equal(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    close(server);
    close(client);
    close(listener);
}

/* ---- what kind of descriptor ---- */

static void files_are_told_from_what_one_waits_for(void **state)
{
    FILE *file = tmpfile();
    int directory = open("/", O_RDONLY);
    int device = open("/dev/null", O_RDWR);
    int fds[2];

    (void)state;
    assert_non_null(file);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(green__sys.is_file(fileno(file)), 1);
    assert_int_equal(green__sys.is_file(directory), 1);
    assert_int_equal(green__sys.is_file(device), 0);
    assert_int_equal(green__sys.is_file(fds[0]), 0);
    close_pair(fds);
    errno = 0;
    assert_int_equal(green__sys.is_file(fds[0]), -1);
    assert_int_equal(errno, EBADF);
    close(device);
    close(directory);
    fclose(file);
}

static void flags_are_read_and_set(void **state)
{
    int fds[2], flags;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    flags = green__sys.get_flags(fds[0]);
    assert_false(flags & O_NONBLOCK);
    assert_int_equal(green__sys.set_flags(fds[0], flags | O_NONBLOCK), 0);
    assert_true(green__sys.get_flags(fds[0]) & O_NONBLOCK);
    close_pair(fds);
    assert_int_equal(green__sys.get_flags(fds[0]), -1);
}

/* ---- calls that do not wait ---- */

/* An empty blocking descriptor: the call must not wait for what never comes. */
static void assert_read_refused(int fd)
{
    char byte;
    struct iovec iov = {&byte, 1};

    errno = 0;
    assert_int_equal(green__sys.readv_nowait(fd, &iov, 1), -1);
    assert_true(errno == EAGAIN || errno == EOPNOTSUPP);
}

static void nothing_to_read_is_refused_without_waiting(void **state)
{
    int fds[2], pair[2];
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_read_refused(fds[0]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_read_refused(pair[0]);
    if (terminal >= 0) {
        assert_read_refused(terminal);
        close(terminal);
    }
    close_pair(pair);
    close_pair(fds);
}

static void a_full_pipe_is_refused_without_waiting(void **state)
{
    char block[4096] = {0};
    struct iovec iov = {block, sizeof block};
    ssize_t n;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    do {
        errno = 0;
        n = green__sys.writev_nowait(fds[1], &iov, 1);
    } while (n > 0);
    assert_int_equal(n, -1);
    assert_true(errno == EAGAIN || errno == EOPNOTSUPP);
    close_pair(fds);
}

static void what_is_there_is_read_without_waiting(void **state)
{
    char first[2] = "", rest[9] = "";
    struct iovec iov[2] = {{first, 1}, {rest, 8}};
    ssize_t n;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "hello", 5), 5);
    n = green__sys.readv_nowait(fds[0], iov, 2);
    if (n < 0) {
        assert_int_equal(errno, EOPNOTSUPP);
        n = readv(fds[0], iov, 2);
    }
    assert_int_equal(n, 5);
    assert_string_equal(first, "h");
    assert_string_equal(rest, "ello");
    close_pair(fds);
}

/* The file's own position is used, and moves. */
static void a_file_is_read_on_from_where_it_is(void **state)
{
    FILE *file = tmpfile();
    int fd = fileno(file);
    char byte = 0;
    struct iovec iov = {&byte, 1};

    (void)state;
    assert_int_equal(write(fd, "abc", 3), 3);
    assert_int_equal(lseek(fd, 1, SEEK_SET), 1);
    for (int i = 0; i < 2; i++) {
        ssize_t n = green__sys.readv_nowait(fd, &iov, 1);

        if (n < 0) {
            assert_true(errno == EOPNOTSUPP || errno == EAGAIN);
            n = readv(fd, &iov, 1);
        }
        assert_int_equal(n, 1);
        assert_int_equal(byte, "bc"[i]);
    }
    fclose(file);
}

static void a_closed_descriptor_is_ebadf_not_unsupported(void **state)
{
    char byte;
    struct iovec iov = {&byte, 1};
    ssize_t n;

    (void)state;
    errno = 0;
    n = green__sys.readv_nowait(-1, &iov, 1);
    assert_int_equal(n, -1);
    if (errno == EOPNOTSUPP)
        n = readv(-1, &iov, 1);
    assert_int_equal(n, -1);
    assert_int_equal(errno, EBADF);
}

/* ---- threads ---- */

static void *plus_one(void *arg)
{
    int *number = arg;

    ++*number;
    return NULL;
}

static void a_thread_runs_and_is_joined(void **state)
{
    pthread_t thread;
    int number = 41;

    (void)state;
    assert_int_equal(green__sys.thread_start(&thread, plus_one, &number), 0);
    assert_int_equal(green__sys.thread_join(thread), 0);
    assert_int_equal(number, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_entry_is_missing),
        cmocka_unit_test(a_lacking_poller_is_refused_with_enosys),
        cmocka_unit_test(zalloc_zeroes_what_malloc_gave),
        cmocka_unit_test(zalloc_fails_with_enomem),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(milliseconds_are_rounded_up_and_bounded),
        cmocka_unit_test(poll_does_not_return_before_its_timeout),
        cmocka_unit_test(poll_takes_any_timeout_for_what_is_ready),
        cmocka_unit_test(random_numbers_differ),
        cmocka_unit_test(a_pipe_is_born_fresh),
        cmocka_unit_test(an_accepted_socket_is_born_fresh),
        cmocka_unit_test(files_are_told_from_what_one_waits_for),
        cmocka_unit_test(flags_are_read_and_set),
        cmocka_unit_test(nothing_to_read_is_refused_without_waiting),
        cmocka_unit_test(a_full_pipe_is_refused_without_waiting),
        cmocka_unit_test(what_is_there_is_read_without_waiting),
        cmocka_unit_test(a_file_is_read_on_from_where_it_is),
        cmocka_unit_test(a_closed_descriptor_is_ebadf_not_unsupported),
        cmocka_unit_test(a_thread_runs_and_is_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
