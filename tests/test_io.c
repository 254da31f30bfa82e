/* SPDX-License-Identifier: MIT */
/* test_io.c - each descriptor call on each kind of descriptor.  Sockets have
 * more calls of their own: test_socket.c. */
#include "support.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

/* ---- kinds of descriptors: something written to [1] is read from [0] ---- */

static void make_terminal(int fds[2])
{
    struct termios raw;

    fds[1] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    check(grantpt(fds[1]) == 0 && unlockpt(fds[1]) == 0);
    fds[0] = open(ptsname(fds[1]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    check_equal(tcgetattr(fds[0], &raw), 0);
    cfmakeraw(&raw);
    check_equal(tcsetattr(fds[0], TCSANOW, &raw), 0);
}

static void make_fifo(int fds[2])
{
    char path[64];

    snprintf(path, sizeof path, "/tmp/green-test-fifo-%d", (int)getpid());
    check_equal(mkfifo(path, 0600), 0);
    fds[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    fds[1] = open(path, O_WRONLY | O_CLOEXEC);
    check(fds[0] >= 0 && fds[1] >= 0);
    check_equal(unlink(path), 0);
}

static void make_nonblocking_pair(int fds[2])
{
    check_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        0);
}

static const struct kind {
    const char *name;
    void (*make)(int fds[2]);
} kinds[] = {{"pipe", make_pipe},
             {"socket", make_pair},
             {"non-blocking socket", make_nonblocking_pair},
             {"fifo", make_fifo},
             {"terminal", make_terminal}};

static void for_each_kind(void (*try_one)(int fds[2]))
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        int fds[2];

        kinds[i].make(fds);
        try_one(fds);
        close_both(fds);
    }
}

/* ---- reading and writing ---- */

static void *read_and_note(void *fd)
{
    char bytes[16] = "";

    check_equal(green_read(*(int *)fd, bytes, sizeof bytes - 1), 4);
    note("%s", bytes);
    return NULL;
}

static void *readv_and_note(void *fd)
{
    char one[2], two[8] = "";
    struct iovec iov[] = {{one, 2}, {two, 7}};

    check_equal(green_readv(*(int *)fd, iov, 2), 4);
    note("%.2s,%s", one, two);
    return NULL;
}

static void read_what_comes(int fds[2])
{
    green_t *g;

    g = spawn(read_and_note, &fds[0]);
    settle();
    check_equal(green_write(fds[1], "four", 4), 4);
    note("written");
    finish(g);
    check_log("written four");
}

static void a_read_waits_for_what_comes(void **state)
{
    (void)state;
    for_each_kind(read_what_comes);
}

static void gather_and_scatter(int fds[2])
{
    struct iovec iov[] = {{text("fo"), 2}, {text("ur"), 2}};
    green_t *g;

    g = spawn(readv_and_note, &fds[0]);
    settle();
    check_equal(green_writev(fds[1], iov, 2), 4);
    finish(g);
    check_log("fo,ur");
}

static void readv_and_writev_scatter_and_gather(void **state)
{
    (void)state;
    for_each_kind(gather_and_scatter);
}

static void read_at_once(int fds[2])
{
    char bytes[8] = "";
    uint64_t switches = count_switches();

    check_equal(green_write(fds[1], "abcd", 4), 4);
    check_equal(green_wait_fd(fds[0], GREEN_READ, GREEN_FOREVER), GREEN_READ);
    switches = count_switches();
    check_equal(green_read(fds[0], bytes, 2), 2);
    check_equal(green_read(fds[0], bytes + 2, 6), 2);
    check_text(bytes, "abcd");
    check_equal(count_switches(), switches);
}

static void a_read_of_what_is_there_does_not_switch(void **state)
{
    (void)state;
    for_each_kind(read_at_once);
}

enum { MUCH = 3 << 20 };
static char out_bytes[MUCH], in_bytes[MUCH];

static void *write_much(void *fd)
{
    check_equal(green_write_all(*(int *)fd, out_bytes, MUCH), MUCH);
    return NULL;
}

static void send_much(int fds[2])
{
    green_t *g;

    for (size_t i = 0; i < MUCH; i++)
        out_bytes[i] = (char)(i * 2654435761u >> 13);
    memset(in_bytes, 0, MUCH);
    g = spawn(write_much, &fds[1]);
    check_equal(green_read_all(fds[0], in_bytes, MUCH), MUCH);
    finish(g);
    check(memcmp(in_bytes, out_bytes, MUCH) == 0);
}

/* gevent: test__os.py TestOS_tp.test_if_pipe_blocks */
static void more_than_fits_goes_through_whole(void **state)
{
    (void)state;
    for_each_kind(send_much);
}

static void *other_runs(void *flag)
{
    *(bool *)flag = true;
    return NULL;
}

/* A full descriptor stops its greenlet, not the thread. */
static void write_until_full(int fds[2])
{
    bool ran = false;
    green_scope_t scope;
    size_t total = 0;
    ssize_t n;

    green_timeout_begin(&scope, 20 * GREEN_MS);
    finish(spawn(other_runs, &ran));
    while ((n = green_write(fds[1], out_bytes, 100000)) > 0)
        total += (size_t)n;
    check_equal(errno, ETIMEDOUT);
    check(green_scope_end(&scope));
    check(ran && total > 0);
    check_equal(green_read_all(fds[0], in_bytes, total), total);
}

static void a_write_waits_for_room_without_stopping_the_thread(void **state)
{
    (void)state;
    for_each_kind(write_until_full);
}

static void read_end_of_file(int fds[2])
{
    char bytes[8];

    check_equal(green_write(fds[1], "ab", 2), 2);
    check_equal(green_close(fds[1]), 0);
    check_equal(green_read_all(fds[0], bytes, sizeof bytes), 2);
    check_equal(green_read(fds[0], bytes, sizeof bytes), 0);
    check_equal(green_read(fds[0], bytes, sizeof bytes), 0);
    fds[1] = dup(fds[0]);
}

static void at_the_end_of_the_file_a_read_gives_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < ARRAY_SIZE(kinds); i++) { /* no terminals */
        int fds[2];

        kinds[i].make(fds);
        read_end_of_file(fds);
        close_both(fds);
    }
}

static void write_to_nobody(int fds[2])
{
    check_equal(green_close(fds[0]), 0);
    check_fails(green_write(fds[1], "x", 1), EPIPE);
    check_fails(green_write_all(fds[1], "x", 1), EPIPE);
    fds[0] = dup(fds[1]);
}

static void writing_to_nobody_is_EPIPE(void **state)
{
    int fds[2];

    (void)state;
    make_pair(fds); /* no SIGPIPE on a socket */
    write_to_nobody(fds);
    close_both(fds);
    signal(SIGPIPE, SIG_IGN);
    make_pipe(fds);
    write_to_nobody(fds);
    close_both(fds);
    signal(SIGPIPE, SIG_DFL);
}

/* ---- sizes and arguments ---- */

static void use_no_bytes(int fds[2])
{
    uint64_t switches = count_switches();
    char byte;

    check_equal(green_read(fds[0], &byte, 0), 0);
    check_equal(green_read_all(fds[0], &byte, 0), 0);
    check_equal(green_write(fds[1], &byte, 0), 0);
    check_equal(green_write_all(fds[1], &byte, 0), 0);
    check_equal(count_switches(), switches);
}

/* gevent: test__socket.py test_sendall_empty */
static void no_bytes_are_read_and_written_at_once(void **state)
{
    (void)state;
    for_each_kind(use_no_bytes);
}

static void nonsense_fails_as_the_system_says(void **state)
{
    struct iovec iov = {in_bytes, 1};
    int fds[2];

    (void)state;
    make_pipe(fds);
    check_fails(green_readv(fds[0], &iov, -1), EINVAL);
    check_fails(green_writev(fds[1], &iov, -1), EINVAL);
    check_fails(green_readv(fds[0], &iov, 100000), EINVAL);
    check_fails(green_write(fds[0], "x", 1), EBADF);
    check_fails(green_read(fds[1], in_bytes, 1), EBADF);
    check_fails(green_recv(fds[0], in_bytes, 1, 0), ENOTSOCK);
    check_fails(green_send(fds[1], in_bytes, 1, 0), ENOTSOCK);
    check_fails(green_accept(fds[0], NULL, NULL), ENOTSOCK);
    check_fails(green_pread(fds[0], in_bytes, 1, 0), ESPIPE);
    close_both(fds);
    make_fifo(fds);
    check_fails(green_write(fds[0], "x", 1), EBADF);
    check_fails(green_read(fds[1], in_bytes, 1), EBADF);
    close_both(fds);
}

/* More than the system moves at once, 0x7ffff000 bytes. */
static void what_is_too_much_for_one_call_is_written_by_several(void **state)
{
    size_t size = (size_t)INT_MAX + 1;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    void *zeros = mmap(NULL, size, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ssize_t n;

    (void)state;
    check(zeros != MAP_FAILED);
    n = green_write(fd, zeros, size);
    check(n > 0 && (size_t)n < size);
    check_equal(green_write_all(fd, zeros, size), size);
    check_equal(munmap(zeros, size), 0);
    check_equal(green_close(fd), 0);
}

static void every_call_on_a_bad_descriptor_is_EBADF(void **state)
{
    static const int bad[] = {-1, 1000, INT32_MAX};
    struct iovec iov = {in_bytes, 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        check_fails(green_read(bad[i], in_bytes, 1), EBADF);
        check_fails(green_write(bad[i], in_bytes, 1), EBADF);
        check_fails(green_readv(bad[i], &iov, 1), EBADF);
        check_fails(green_writev(bad[i], &iov, 1), EBADF);
        check_fails(green_pread(bad[i], in_bytes, 1, 0), EBADF);
        check_fails(green_pwrite(bad[i], in_bytes, 1, 0), EBADF);
        check_fails(green_read_all(bad[i], in_bytes, 1), EBADF);
        check_fails(green_write_all(bad[i], in_bytes, 1), EBADF);
        check_fails(green_wait_fd(bad[i], GREEN_READ, GREEN_FOREVER), EBADF);
        check_fails(green_wait_fd(bad[i], GREEN_READ, 0), EBADF);
        check_fails(green_close(bad[i]), EBADF);
    }
}

/* ---- regular files, eventfd, terminals ---- */

static int open_file(void)
{
    char path[] = "/tmp/green-test-XXXXXX";
    int fd = mkstemp(path);

    check(fd >= 0);
    check_equal(unlink(path), 0);
    return fd;
}

static void a_regular_file_is_always_ready(void **state)
{
    char bytes[16] = "";
    int fd;

    (void)state;
    fd = open_file();
    check_equal(green_write_all(fd, "hello, world", 12), 12);
    check_equal(green_pwrite(fd, "J", 1, 0), 1);
    check_equal(green_pread(fd, bytes, 5, 0), 5);
    check_text(bytes, "Jello");
    check_equal(green_read(fd, bytes, 1), 0);
    check_equal(lseek(fd, 0, SEEK_SET), 0);
    check_equal(green_read_all(fd, bytes, sizeof bytes), 12);
    check_equal(green_wait_fd(fd, GREEN_READ | GREEN_WRITE, GREEN_FOREVER),
                GREEN_READ | GREEN_WRITE);
    check_equal(green_close(fd), 0);
}

static void *read_counter(void *fd)
{
    uint64_t value = 0;

    check_equal(green_read(*(int *)fd, &value, sizeof value), sizeof value);
    note("%d", (int)value);
    return NULL;
}

static void an_eventfd_counts(void **state)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    uint64_t three = 3;
    green_t *g;

    (void)state;
    g = spawn(read_counter, &fd);
    settle();
    check_equal(green_write(fd, &three, sizeof three), sizeof three);
    finish(g);
    check_log("3");
    check_equal(green_close(fd), 0);
}

static void a_terminal_that_another_process_shares_stays_blocking(void **state)
{
    int fds[2];
    green_t *g;

    (void)state;
    make_terminal(fds);
    g = spawn(read_and_note, &fds[0]);
    settle();
    check_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    check_equal(write(fds[1], "line", 4), 4);
    finish(g);
    check_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    check_log("line");
    close_both(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_read_waits_for_what_comes),
        green_test(readv_and_writev_scatter_and_gather),
        green_test(a_read_of_what_is_there_does_not_switch),
        green_test(more_than_fits_goes_through_whole),
        green_test(a_write_waits_for_room_without_stopping_the_thread),
        green_test(at_the_end_of_the_file_a_read_gives_nothing),
        green_test(writing_to_nobody_is_EPIPE),
        green_test(no_bytes_are_read_and_written_at_once),
        green_test(nonsense_fails_as_the_system_says),
        green_test(what_is_too_much_for_one_call_is_written_by_several),
        green_test(every_call_on_a_bad_descriptor_is_EBADF),
        green_test(a_regular_file_is_always_ready),
        green_test(an_eventfd_counts),
        green_test(a_terminal_that_another_process_shares_stays_blocking),
    };

    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
