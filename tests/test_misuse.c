/* SPDX-License-Identifier: MIT */
/* test_misuse.c - what a program that misuses the library leaves behind. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "misuse.h"

/* No core file is wanted. */
static _Noreturn void misuse_in_child(int err)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    signal(SIGABRT, SIG_DFL); /* cmocka may have it */
    if (err >= 0)
        dup2(err, 2);
    else
        close(2);
    green__misuse("green_mutex_unlock", "the mutex is not locked");
}

/* Misuse the library in a child whose standard error is a pipe (or closed):
 * what it writes there, and its wait status. */
static int misuse_and_listen(char *text, size_t room, int has_stderr)
{
    int ends[2], status;
    size_t n = 0;
    ssize_t r;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        misuse_in_child(has_stderr ? ends[1] : -1);
    close(ends[1]);
    while ((r = read(ends[0], text + n, room - n - 1)) > 0)
        n += (size_t)r;
    text[n] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void misuse_aborts_with_one_line(void **state)
{
    char text[200];
    int status = misuse_and_listen(text, sizeof text, 1);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(
        text, "libgreen: green_mutex_unlock: the mutex is not locked\n");
}

static void misuse_aborts_also_when_nobody_can_be_told(void **state)
{
    char text[200];
    int status = misuse_and_listen(text, sizeof text, 0);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_aborts_with_one_line),
        cmocka_unit_test(misuse_aborts_also_when_nobody_can_be_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
