/* SPDX-License-Identifier: MIT */
/* test_sys_spawn.c - children that become another program, and writing to those
 * that do not read. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sys.h"

/* A plan to run a line of the shell. */
struct shell {
    char *argv[4];
    char *paths[2];
    struct spawn_plan plan;
};

static struct spawn_plan *plan_shell(struct shell *s, const char *line)
{
    *s = (struct shell){
        .argv = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                 (char *)(uintptr_t)line, NULL},
        .paths = {(char *)(uintptr_t) "/bin/sh", NULL},
        .plan = {.fds = {SPAWN_INHERIT, SPAWN_INHERIT, SPAWN_INHERIT}},
    };
    s->plan.argv = s->argv;
    s->plan.paths = s->paths;
    return &s->plan;
}

/* Close-on-exec. */
static int private_pipe(int ends[2])
{
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0)
        return -1;
    return fcntl(ends[1], F_SETFD, FD_CLOEXEC);
}

static int exit_status(pid_t pid)
{
    int status = -1;

    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What the planned child writes to descriptor 1. */
static void assert_says(struct spawn_plan *plan, const char *expected)
{
    char text[1024];
    size_t n = 0;
    ssize_t r;
    int ends[2];
    pid_t pid;

    assert_int_equal(private_pipe(ends), 0);
    plan->fds[1] = ends[1];
    pid = green__sys.spawn(plan);
    close(ends[1]);
    while ((r = read(ends[0], text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)r;
    text[n] = '\0';
    close(ends[0]);
    assert_int_equal(exit_status(pid), 0);
    assert_string_equal(text, expected);
}

static void assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void assert_spawn_fails(const struct spawn_plan *plan, int error)
{
    errno = 0;
    assert_int_equal(green__sys.spawn(plan), -1);
    assert_int_equal(errno, error);
    assert_no_child();
}

/* ---- the program ---- */

static void a_program_runs_and_ends(void **state)
{
    struct shell s;

    (void)state;
    assert_int_equal(exit_status(green__sys.spawn(plan_shell(&s, "exit 7"))),
                     7);
}

static void an_exec_that_fails_is_the_errno_of_the_call(void **state)
{
    struct shell s;

    (void)state;
    plan_shell(&s, "");
    s.paths[0] = (char *)(uintptr_t) "/nowhere/sh";
    assert_spawn_fails(&s.plan, ENOENT);
    s.paths[0] = (char *)(uintptr_t) "/dev/null/sh";
    assert_spawn_fails(&s.plan, ENOENT); /* as if it were not there */
    s.paths[0] = (char *)(uintptr_t) "/etc";
    assert_spawn_fails(&s.plan, EACCES);
}

static void a_program_is_looked_for_in_several_places(void **state)
{
    char *const paths[] = {
        (char *)(uintptr_t) "/nowhere/sh", (char *)(uintptr_t) "/etc/passwd/sh",
        (char *)(uintptr_t) "/etc", (char *)(uintptr_t) "/bin/sh", NULL};
    struct shell s;

    (void)state;
    plan_shell(&s, "exit 3")->paths = paths;
    assert_int_equal(exit_status(green__sys.spawn(&s.plan)), 3);
}

static void
one_that_may_not_run_says_more_than_one_that_is_missing(void **state)
{
    char *const paths[] = {(char *)(uintptr_t) "/etc",
                           (char *)(uintptr_t) "/nowhere/sh", NULL};
    struct shell s;

    (void)state;
    plan_shell(&s, "")->paths = paths;
    assert_spawn_fails(&s.plan, EACCES);
}

static void what_is_no_program_is_enoexec(void **state)
{
    char name[] = "/tmp/test_sys_spawn.XXXXXX";
    char *const paths[] = {name, (char *)(uintptr_t) "/bin/sh", NULL};
    struct shell s;
    int fd = mkstemp(name);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "echo\n", 5), 5);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    plan_shell(&s, "")->paths = paths;
    assert_spawn_fails(&s.plan, ENOEXEC);
    unlink(name);
}

/* ---- what it finds ---- */

static void an_environment_of_its_own_replaces_ours(void **state)
{
    char *const environment[] = {(char *)(uintptr_t) "ONLY=this", NULL};
    struct shell s;

    (void)state;
    setenv("OURS", "ours", 1);
    assert_says(plan_shell(&s, "echo $OURS$ONLY"), "ours\n");
    plan_shell(&s, "echo $OURS$ONLY")->environment = environment;
    assert_says(&s.plan, "this\n");
}

static void it_begins_in_a_directory(void **state)
{
    struct shell s;

    (void)state;
    plan_shell(&s, "pwd")->directory = "/";
    assert_says(&s.plan, "/\n");
    s.plan.directory = "/nowhere";
    s.plan.fds[1] = SPAWN_INHERIT;
    assert_spawn_fails(&s.plan, ENOENT);
}

static void it_leads_a_session_if_it_is_to(void **state)
{
    struct shell s;
    int status;
    pid_t pid;

    (void)state;
    pid = green__sys.spawn(plan_shell(&s, "read x"));
    assert_int_equal(getsid(pid), getsid(0));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    plan_shell(&s, "kill -STOP $$")->new_session = true;
    pid = green__sys.spawn(&s.plan);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_int_equal(getsid(pid), pid);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void nothing_to_read_and_nowhere_to_write(void **state)
{
    struct shell s;

    (void)state;
    plan_shell(&s, "read x; echo $? >&2; echo lost")->fds[0] = SPAWN_NULL;
    s.plan.fds[1] = SPAWN_NULL;
    s.plan.fds[2] = SPAWN_NULL;
    assert_int_equal(exit_status(green__sys.spawn(&s.plan)), 0);
}

static void a_bad_descriptor_is_ebadf(void **state)
{
    struct shell s;

    (void)state;
    plan_shell(&s, "")->fds[0] = 900;
    assert_spawn_fails(&s.plan, EBADF);
}

/* In a child of our own, whose first three descriptors may be changed. */
static void assert_alone(void (*fn)(void))
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        fn();
        _exit(9);
    }
    assert_int_equal(exit_status(pid), 0);
}

/* 0 is to be what 1 is, and the other way round. */
static void swap_standard(void)
{
    int in[2], out[2];
    struct shell s;
    char byte = 0;
    pid_t pid;

    if (private_pipe(in) != 0 || private_pipe(out) != 0 ||
        write(in[1], "x\n", 2) != 2)
        _exit(1);
    dup2(in[0], 1);  /* what the child reads is our 1 */
    dup2(out[1], 0); /* what it writes to is our 0 */
    plan_shell(&s, "read x; echo $x")->fds[0] = 1;
    s.plan.fds[1] = 0;
    pid = green__sys.spawn(&s.plan);
    if (pid < 0 || read(out[0], &byte, 1) != 1 || byte != 'x')
        _exit(2);
    _exit(0);
}

static void descriptors_may_change_places(void **state)
{
    (void)state;
    assert_alone(swap_standard);
}

static void close_standard(void)
{
    struct shell s;
    int fds[2], status;
    char byte = 0;

    close(0);
    close(1);
    close(2);
    if (private_pipe(fds) != 0) /* 0 and 1 */
        _exit(1);
    plan_shell(&s, "echo x")->fds[1] = fds[1];
    if (green__sys.spawn(&s.plan) < 0 || read(fds[0], &byte, 1) != 1 ||
        byte != 'x' || wait(&status) < 0 || status != 0)
        _exit(2);
    s.paths[0] = (char *)(uintptr_t) "/nowhere";
    if (green__sys.spawn(&s.plan) != -1 || errno != ENOENT)
        _exit(3);
    _exit(0);
}

static void the_first_three_need_not_be_open(void **state)
{
    (void)state;
    assert_alone(close_standard);
}

static void only_the_first_three_get_there(void **state)
{
    struct shell s;
    int fd;

    (void)state;
    for (fd = 3; fd < 10; fd++) /* whoever started us may have left some */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    assert_says(plan_shell(&s,
                           "for f in 3 4 5 6 7 8 9; do"
                           " if (: >&$f) 2>/dev/null; then echo $f; fi; done"),
                "");
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;

static void count_signal(int signo)
{
    (void)signo;
    handled++;
}

static void a_handler_of_ours_is_not_the_childs(void **state)
{
    struct shell s;
    int status;
    pid_t pid;

    (void)state;
    signal(SIGUSR1, count_signal);
    pid = green__sys.spawn(plan_shell(&s, "kill -USR1 $$; exit 0"));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    signal(SIGUSR1, SIG_DFL);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    assert_int_equal(handled, 0);
}

static void what_is_ignored_stays_so(void **state)
{
    struct shell s;

    (void)state;
    signal(SIGUSR1, SIG_IGN);
    assert_says(plan_shell(&s, "kill -USR1 $$; echo alive"), "alive\n");
    signal(SIGUSR1, SIG_DFL);
}

static void no_signal_is_blocked_there_and_ours_are_as_before(void **state)
{
    sigset_t blocked, old, now;
    struct shell s;
    int status;
    pid_t pid;

    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_SETMASK, &blocked, &old);
    pid = green__sys.spawn(plan_shell(&s, "kill -USR1 $$; exit 0"));
    sigprocmask(SIG_SETMASK, &old, &now);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    assert_int_equal(sigismember(&now, SIGUSR1), 1);
    assert_int_equal(sigismember(&now, SIGUSR2), 0);
}

static void a_write_to_nobody_is_epipe_without_a_signal(void **state)
{
    int ends[2];

    (void)state;
    handled = 0;
    signal(SIGPIPE, count_signal);
    assert_int_equal(private_pipe(ends), 0);
    assert_int_equal(green__sys.write_calmly(ends[1], "x", 1), 1);
    close(ends[0]);
    for (int i = 0; i < 3; i++) {
        errno = 0;
        assert_int_equal(green__sys.write_calmly(ends[1], "x", 1), -1);
        assert_int_equal(errno, EPIPE);
    }
    assert_int_equal(handled, 0);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(green__sys.write_calmly(ends[1], "x", 1), -1);
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
}

static void a_sigpipe_that_was_pending_stays(void **state)
{
    sigset_t only, old;
    int ends[2];

    (void)state;
    handled = 0;
    signal(SIGPIPE, count_signal);
    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    sigprocmask(SIG_BLOCK, &only, &old);
    raise(SIGPIPE);
    assert_int_equal(private_pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(green__sys.write_calmly(ends[1], "x", 1), -1);
    close(ends[1]);
    sigprocmask(SIG_SETMASK, &old, NULL);
    assert_int_equal(handled, 1);
    signal(SIGPIPE, SIG_DFL);
}

/* ---- the end of a child ---- */

static void a_childs_descriptor_is_readable_from_its_end_on(void **state)
{
    struct pollfd p = {.events = POLLIN};
    struct shell s;
    pid_t pid;
    int ends[2];

    (void)state;
    assert_int_equal(private_pipe(ends), 0);
    plan_shell(&s, "read x; exit 5")->fds[0] = ends[0];
    pid = green__sys.spawn(&s.plan);
    close(ends[0]);
    p.fd = green__sys.child_fd(pid);
    if (p.fd < 0)
        print_message("none: %s\n", strerror(errno));
    else
        assert_int_equal(poll(&p, 1, 0), 0);
    close(ends[1]);
    if (p.fd >= 0)
        assert_int_equal(poll(&p, 1, -1), 1);
    assert_int_equal(exit_status(pid), 5);
    close(p.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_runs_and_ends),
        cmocka_unit_test(an_exec_that_fails_is_the_errno_of_the_call),
        cmocka_unit_test(a_program_is_looked_for_in_several_places),
        cmocka_unit_test(
            one_that_may_not_run_says_more_than_one_that_is_missing),
        cmocka_unit_test(what_is_no_program_is_enoexec),
        cmocka_unit_test(an_environment_of_its_own_replaces_ours),
        cmocka_unit_test(it_begins_in_a_directory),
        cmocka_unit_test(it_leads_a_session_if_it_is_to),
        cmocka_unit_test(nothing_to_read_and_nowhere_to_write),
        cmocka_unit_test(a_bad_descriptor_is_ebadf),
        cmocka_unit_test(descriptors_may_change_places),
        cmocka_unit_test(the_first_three_need_not_be_open),
        cmocka_unit_test(only_the_first_three_get_there),
        cmocka_unit_test(a_handler_of_ours_is_not_the_childs),
        cmocka_unit_test(what_is_ignored_stays_so),
        cmocka_unit_test(no_signal_is_blocked_there_and_ours_are_as_before),
        cmocka_unit_test(a_write_to_nobody_is_epipe_without_a_signal),
        cmocka_unit_test(a_sigpipe_that_was_pending_stays),
        cmocka_unit_test(a_childs_descriptor_is_readable_from_its_end_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
