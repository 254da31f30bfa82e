/* SPDX-License-Identifier: MIT */
/* test_sys_linux.c - epoll, and what is done on kernels that lack a call.
 *
 * Older kernels are had by a seccomp filter in a child: it answers a call by its
 * number with the errno that such a kernel gives. */
#if defined(__linux__)

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sys.h"

enum {
    PROCESS_MADVISE = 440,
    EPOLL_PWAIT2 = 441,
    ANY_ARGUMENT = 0,
    PIDFD_SELF_NUMBER = -10000
};

enum { CHILD_OK, CHILD_FAILED, CHILD_UNFILTERED };

/* ---- an older kernel ---- */

/* From now on the call `number` fails with `error`; if `argument` is given, only
 * where that is its first.  -1 where filters are not to be had, as in some
 * emulators. */
static int forbid(unsigned number, int argument, unsigned error)
{
    const uint16_t one = 1;
    const unsigned low_half = *(const char *)&one ? 0 : 4;
    const unsigned first = offsetof(struct seccomp_data, args) + low_half;
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number,
                 argument == ANY_ARGUMENT ? 2 : 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)argument, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof program / sizeof *program, program};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

/* Run check() in a child for whose kernel `number` is forbidden. */
static void check_on_older_kernel(unsigned number, int argument, unsigned error,
                                  bool (*check)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (forbid(number, argument, error) != 0)
            _exit(CHILD_UNFILTERED);
        _exit(check() ? CHILD_OK : CHILD_FAILED);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_UNFILTERED)
        skip();
    assert_int_equal(WEXITSTATUS(status), CHILD_OK);
}

/* ---- epoll ---- */

static bool epoll_waits_long_enough(void)
{
    const int64_t timeout = 2300001;
    int epfd = green__sys.epoll_create();
    bool enough = epfd >= 0;

    for (int i = 0; enough && i < 5; i++) {
        struct epoll_event event;
        int64_t start = green__sys.now();

        enough = green__sys.epoll_wait(epfd, &event, 1, timeout) == 0 &&
                 green__sys.now() - start >= timeout;
    }
    close(epfd);
    return enough;
}

static void epoll_does_not_return_before_its_timeout(void **state)
{
    (void)state;
    assert_true(epoll_waits_long_enough());
}

static void nor_does_it_on_kernels_that_count_in_milliseconds(void **state)
{
    (void)state;
    check_on_older_kernel(EPOLL_PWAIT2, ANY_ARGUMENT, ENOSYS,
                          epoll_waits_long_enough);
}

static void nor_in_sandboxes_that_do_not_know_the_call(void **state)
{
    (void)state;
    check_on_older_kernel(EPOLL_PWAIT2, ANY_ARGUMENT, EPERM,
                          epoll_waits_long_enough);
}

static bool epoll_takes_any_timeout(void)
{
    static const int64_t timeouts[] = {-1, 0, 1, INT64_MAX};
    struct epoll_event event = {.events = EPOLLOUT, .data.u64 = 0x123456789};
    int epfd = green__sys.epoll_create();
    int fds[2];
    bool good = green__sys.pipe(fds) == 0 &&
                green__sys.epoll_ctl(epfd, EPOLL_CTL_ADD, fds[1], &event) == 0;

    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        memset(&event, 0, sizeof event);
        good = good &&
               green__sys.epoll_wait(epfd, &event, 1, timeouts[i]) == 1 &&
               event.events == EPOLLOUT && event.data.u64 == 0x123456789;
    }
    close(fds[0]);
    close(fds[1]);
    close(epfd);
    return good;
}

static void epoll_takes_any_timeout_for_what_is_ready(void **state)
{
    (void)state;
    assert_true(epoll_takes_any_timeout());
}

static void so_it_does_on_kernels_that_count_in_milliseconds(void **state)
{
    (void)state;
    check_on_older_kernel(EPOLL_PWAIT2, ANY_ARGUMENT, ENOSYS,
                          epoll_takes_any_timeout);
}

/* ---- advice ---- */

/* Ask for two pages of four to be emptied.  Kernels before 6.13 let nobody
 * advise so; then all must be as before. */
static bool advise_two_pages(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct iovec ranges[] = {{memory, page}, {memory + 2 * page, page}};
    ssize_t done;
    bool emptied;

    if (memory == MAP_FAILED)
        return false;
    memset(memory, 'x', 4 * page);
    done = green__sys.madvise_many(ranges, 2, MADV_DONTNEED);
    emptied = done == (ssize_t)(2 * page);
    if (!emptied &&
        !(done == -1 && (errno == ENOSYS || errno == EINVAL || errno == EPERM)))
        return false;
    for (size_t i = 0; i < 4; i++)
        if (memory[i * page] != (emptied && i % 2 == 0 ? 0 : 'x'))
            return false;
    munmap(memory, 4 * page);
    return true;
}

static void many_ranges_are_advised_in_one_call(void **state)
{
    (void)state;
    assert_true(advise_two_pages());
}

/* The second call finds the first one's lesson learnt. */
static bool advise_twice(void)
{
    int before = dup(2), after;
    bool good;

    close(before);
    good = advise_two_pages() && advise_two_pages();
    after = dup(2);
    return good && after == before; /* no descriptor was left open */
}

static void so_they_are_on_kernels_without_pidfd_self(void **state)
{
    (void)state;
    check_on_older_kernel(PROCESS_MADVISE, PIDFD_SELF_NUMBER, EBADF,
                          advise_twice);
}

static bool advice_is_enosys(void)
{
    char byte;
    const struct iovec range = {&byte, 1};

    errno = 0;
    return green__sys.madvise_many(&range, 1, MADV_DONTNEED) == -1 &&
           errno == ENOSYS;
}

static void a_kernel_without_the_call_is_told_by_enosys(void **state)
{
    (void)state;
    check_on_older_kernel(PROCESS_MADVISE, ANY_ARGUMENT, ENOSYS,
                          advice_is_enosys);
}

/* ---- calls that do not wait ---- */

static bool cannot_promise_to_read(void)
{
    char byte;
    const struct iovec iov = {&byte, 1};
    int fds[2];

    errno = 0;
    return pipe(fds) == 0 && green__sys.readv_nowait(fds[0], &iov, 1) == -1 &&
           errno == EOPNOTSUPP;
}

static bool cannot_promise_to_write(void)
{
    char byte = 'x';
    const struct iovec iov = {&byte, 1};
    int fds[2];

    errno = 0;
    return pipe(fds) == 0 && green__sys.writev_nowait(fds[1], &iov, 1) == -1 &&
           errno == EOPNOTSUPP;
}

/* Each kernel has another word for it; ours is always the same. */
static void what_a_kernel_cannot_promise_is_eopnotsupp(void **state)
{
    static const unsigned words[] = {ENOSYS, EINVAL, EOPNOTSUPP};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        check_on_older_kernel(SYS_preadv2, ANY_ARGUMENT, words[i],
                              cannot_promise_to_read);
        check_on_older_kernel(SYS_pwritev2, ANY_ARGUMENT, words[i],
                              cannot_promise_to_write);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epoll_does_not_return_before_its_timeout),
        cmocka_unit_test(nor_does_it_on_kernels_that_count_in_milliseconds),
        cmocka_unit_test(nor_in_sandboxes_that_do_not_know_the_call),
        cmocka_unit_test(epoll_takes_any_timeout_for_what_is_ready),
        cmocka_unit_test(so_it_does_on_kernels_that_count_in_milliseconds),
        cmocka_unit_test(many_ranges_are_advised_in_one_call),
        cmocka_unit_test(so_they_are_on_kernels_without_pidfd_self),
        cmocka_unit_test(a_kernel_without_the_call_is_told_by_enosys),
        cmocka_unit_test(what_a_kernel_cannot_promise_is_eopnotsupp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

/* What this tests is not there. */
int main(void)
{
    return 0;
}

#endif
