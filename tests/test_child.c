/* SPDX-License-Identifier: MIT */
/* test_child.c - waiting for child processes.
 *
 * A child here waits for a signal, SIGUSR1 to exit or SIGUSR2 to stop, which is
 * blocked from before it exists: so it can be told at any time. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hub.h"
#include "sys.h"

static struct sys real;

static int open_hub(void **state)
{
    (void)state;
    real = green__sys;
    return green__hub_share(green__hub());
}

/* ---- children ---- */

enum { CHILD_SECONDS = 120 };

static void wait_for_orders(const sigset_t *orders, int status)
{
    int signo;

    alarm(CHILD_SECONDS);
    while (sigwait(orders, &signo) == 0) {
        if (signo == SIGUSR1)
            _exit(status);
        raise(SIGSTOP);
    }
    _exit(99);
}

static pid_t make_child(int status)
{
    sigset_t orders, old;
    pid_t pid;

    sigemptyset(&orders);
    sigaddset(&orders, SIGUSR1);
    sigaddset(&orders, SIGUSR2);
    sigprocmask(SIG_BLOCK, &orders, &old);
    pid = fork();
    if (pid == 0)
        wait_for_orders(&orders, status);
    sigprocmask(SIG_SETMASK, &old, NULL);
    check(pid > 0);
    return pid;
}

static void end_child(pid_t pid)
{
    check_equal(kill(pid, SIGUSR1), 0);
}

/* End and reap a child that nobody has waited for with success. */
static void bury(pid_t pid)
{
    check_equal(kill(pid, SIGKILL), 0);
    check_equal(waitpid(pid, NULL, 0), pid);
}

/* A wait in a greenlet. */
struct wait {
    pid_t pid;
    int options;
    pid_t result;
    int status, error;
};

static void *run_wait(void *arg)
{
    struct wait *w = arg;

    errno = 0;
    w->result = green_waitpid(w->pid, &w->status, w->options);
    w->error = w->result < 0 ? errno : 0;
    return arg;
}

static void check_exited(const struct wait *w, pid_t pid, int status)
{
    check_equal(w->result, pid);
    check(WIFEXITED(w->status));
    check_equal(WEXITSTATUS(w->status), status);
}

/* ---- one child ---- */

static void the_end_of_a_child_is_waited_for(void **state)
{
    struct wait w = {.pid = make_child(7)};
    green_t *g = spawn(run_wait, &w);

    (void)state;
    settle();
    check_equal(w.result, 0);
    end_child(w.pid);
    finish(g);
    check_exited(&w, w.pid, 7);
    check_fails(green_waitpid(w.pid, NULL, 0), ECHILD);
}

static void main_may_be_all_there_is(void **state)
{
    struct wait w = {.pid = make_child(1)};

    (void)state;
    end_child(w.pid);
    run_wait(&w);
    check_exited(&w, w.pid, 1);
}

static void one_that_has_ended_before_is_not_waited_for(void **state)
{
    struct wait w = {.pid = make_child(2)};
    siginfo_t info;
    uint64_t switches;

    (void)state;
    end_child(w.pid);
    check_equal(waitid(P_PID, (id_t)w.pid, &info, WEXITED | WNOWAIT), 0);
    switches = count_switches();
    run_wait(&w);
    check_exited(&w, w.pid, 2);
    check_equal(count_switches(), switches);
}

static void nohang_does_not_wait(void **state)
{
    int status = 1234;
    pid_t pid = make_child(3);
    siginfo_t info;

    (void)state;
    check_equal(green_waitpid(pid, &status, WNOHANG), 0);
    check_equal(green_waitpid(-1, &status, WNOHANG), 0);
    check_equal(status, 1234);
    end_child(pid);
    check_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    check_equal(green_waitpid(pid, &status, WNOHANG), pid);
    check_equal(WEXITSTATUS(status), 3);
}

static void who_is_no_child_is_echild(void **state)
{
    (void)state;
    check_fails(green_waitpid(-1, NULL, 0), ECHILD);
    check_fails(green_waitpid(0, NULL, 0), ECHILD);
    check_fails(green_waitpid(getpid(), NULL, 0), ECHILD);
    check_fails(green_waitpid(getppid(), NULL, WNOHANG), ECHILD);
    check_fails(green_waitpid(-1, NULL, 0x40000), EINVAL);
}

static void the_report_names_the_child(void **state)
{
    struct wait w = {.pid = make_child(0)};
    green_t *g = spawn(run_wait, &w);
    char text[4096], wanted[64];
    int fds[2];
    ssize_t n;

    (void)state;
    settle();
    make_pipe(fds);
    green_dump(fds[1]);
    n = read(fds[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    snprintf(wanted, sizeof wanted, "waiting for child process %d for",
             (int)w.pid);
    check(strstr(text, wanted) != NULL);
    close_both(fds);
    end_child(w.pid);
    finish(g);
}

/* ---- several ---- */

static void each_waits_for_its_own(void **state)
{
    struct wait w[3];
    green_t *gs[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        w[i] = (struct wait){.pid = make_child(10 + i)};
        gs[i] = spawn(run_wait, &w[i]);
    }
    settle();
    end_child(w[1].pid);
    finish(gs[1]);
    check_exited(&w[1], w[1].pid, 11);
    settle();
    check_equal(w[0].result, 0);
    check_equal(w[2].result, 0);
    end_child(w[2].pid);
    end_child(w[0].pid);
    finish(gs[0]);
    finish(gs[2]);
    check_exited(&w[0], w[0].pid, 10);
    check_exited(&w[2], w[2].pid, 12);
}

static void of_two_that_wait_for_one_the_other_has_no_child(void **state)
{
    struct wait a = {.pid = make_child(4)}, b = a;
    green_t *gs[2] = {spawn(run_wait, &a), spawn(run_wait, &b)};

    (void)state;
    settle();
    end_child(a.pid);
    finish_all(gs, 2);
    check_equal((a.result == a.pid) + (b.result == b.pid), 1);
    check_equal(a.result == a.pid ? b.error : a.error, ECHILD);
}

static void any_child_will_do(void **state)
{
    pid_t first = make_child(20), second = make_child(21);
    struct wait w = {.pid = -1};
    green_t *g = spawn(run_wait, &w);

    (void)state;
    settle();
    check_equal(w.result, 0);
    end_child(second);
    finish(g);
    check_exited(&w, second, 21);
    w = (struct wait){.pid = 0};
    g = spawn(run_wait, &w);
    settle();
    end_child(first);
    finish(g);
    check_exited(&w, first, 20);
}

static void or_any_of_a_group(void **state)
{
    pid_t leader = make_child(22), other = make_child(23);
    struct wait w = {.pid = -leader};
    green_t *g;

    (void)state;
    check_equal(setpgid(leader, leader), 0);
    g = spawn(run_wait, &w);
    settle();
    end_child(other);
    end_child(leader);
    finish(g);
    check_exited(&w, leader, 22);
    w = (struct wait){.pid = other};
    run_wait(&w);
    check_exited(&w, other, 23);
}

static void a_child_that_stops_is_told_if_asked_for(void **state)
{
    struct wait w = {.pid = make_child(5), .options = WUNTRACED};
    green_t *g = spawn(run_wait, &w);

    (void)state;
    settle();
    check_equal(kill(w.pid, SIGUSR2), 0);
    finish(g);
    check_equal(w.result, w.pid);
    check(WIFSTOPPED(w.status) && WSTOPSIG(w.status) == SIGSTOP);
    bury(w.pid);
}

/* ---- what ends a wait before ---- */

static void a_kill_ends_the_wait_and_not_the_child(void **state)
{
    struct wait one = {.pid = make_child(6)}, any = {.pid = -1};
    green_t *gs[2] = {spawn(run_wait, &one), spawn(run_wait, &any)};

    (void)state;
    settle();
    end_by_kill(gs[0]);
    check_equal(one.error, ECANCELED);
    end_by_kill(gs[1]);
    check_equal(any.error, ECANCELED);
    end_child(one.pid);
    run_wait(&one);
    check_exited(&one, one.pid, 6);
}

static void so_does_a_scope(void **state)
{
    struct wait one = {.pid = make_child(8)}, any = {.pid = -1};
    green_scope_t scope;

    (void)state;
    green_timeout_begin(&scope, 2 * GREEN_MS);
    run_wait(&one);
    run_wait(&any);
    check(green_scope_end(&scope));
    check_equal(one.error, ETIMEDOUT);
    check_equal(any.error, ETIMEDOUT);
    bury(one.pid);
}

/* ---- where something is missing ---- */

static int no_child_fd(pid_t pid)
{
    (void)pid;
    errno = ENOSYS;
    return -1;
}

static void *no_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

/* The waits that the other tests make. */
static void check_waits(void)
{
    struct wait one = {.pid = make_child(30)}, any = {.pid = -1};
    pid_t other = make_child(31);
    green_t *g = spawn(run_wait, &one);

    settle();
    end_child(one.pid);
    finish(g);
    check_exited(&one, one.pid, 30);
    g = spawn(run_wait, &any);
    settle();
    end_child(other);
    finish(g);
    check_exited(&any, other, 31);
}

static void it_works_without_a_descriptor_for_the_child(void **state)
{
    (void)state;
    green__sys.child_fd = no_child_fd;
    check_waits();
    green__sys = real;
}

static void it_works_without_memory(void **state)
{
    (void)state;
    green__sys.child_fd = no_child_fd;
    green__sys.malloc = no_malloc;
    check_waits();
    green__sys = real;
}

static void it_works_while_sigchld_is_blocked(void **state)
{
    sigset_t blocked, old;

    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    check_waits();
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* ---- SIGCHLD is the program's ---- */

static volatile sig_atomic_t handled;

static void own_handler(int signo)
{
    (void)signo;
    handled++;
}

static void (*handler_of_sigchld(void))(int signo)
{
    struct sigaction action;

    check_equal(sigaction(SIGCHLD, NULL, &action), 0);
    return action.sa_handler;
}

static void a_handler_of_the_programs_is_called_meanwhile(void **state)
{
    struct wait any = {.pid = -1};
    pid_t pid = make_child(40);
    green_t *g;

    (void)state;
    handled = 0;
    signal(SIGCHLD, own_handler);
    g = spawn(run_wait, &any);
    settle();
    check(handler_of_sigchld() != own_handler);
    end_child(pid);
    finish(g);
    check_exited(&any, pid, 40);
    check_equal(handled, 1);
    check(handler_of_sigchld() == own_handler);
    signal(SIGCHLD, SIG_DFL);
    check_waits();
    check(handler_of_sigchld() == SIG_DFL);
}

static void *count_child(void *counter)
{
    ++*(int *)counter;
    return NULL;
}

static void a_watch_of_the_programs_is_served_as_well(void **state)
{
    int count = 0;
    green_watch_t *w = green_signal(SIGCHLD, count_child, &count);

    (void)state;
    check_waits();
    check_equal(green_sleep(1), 0);
    check_equal(count, 2);
    green_signal_end(w);
}

/* Without anybody to tell, the system forgets each as it ends. */
static void ignored_children_are_waited_for_until_there_are_none(void **state)
{
    struct wait one = {0}, any = {.pid = -1};
    green_t *gs[2];

    (void)state;
    signal(SIGCHLD, SIG_IGN);
    one.pid = make_child(50);
    gs[0] = spawn(run_wait, &one);
    gs[1] = spawn(run_wait, &any);
    settle();
    check_equal(any.error, 0);
    end_child(one.pid);
    finish_all(gs, 2);
    check_equal(one.error, ECHILD);
    check_equal(any.error, ECHILD);
    check(handler_of_sigchld() == SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(the_end_of_a_child_is_waited_for),
        green_test(main_may_be_all_there_is),
        green_test(one_that_has_ended_before_is_not_waited_for),
        green_test(nohang_does_not_wait),
        green_test(who_is_no_child_is_echild),
        green_test(the_report_names_the_child),
        green_test(each_waits_for_its_own),
        green_test(of_two_that_wait_for_one_the_other_has_no_child),
        green_test(any_child_will_do),
        green_test(or_any_of_a_group),
        green_test(a_child_that_stops_is_told_if_asked_for),
        green_test(a_kill_ends_the_wait_and_not_the_child),
        green_test(so_does_a_scope),
        green_test(it_works_without_a_descriptor_for_the_child),
        green_test(it_works_without_memory),
        green_test(it_works_while_sigchld_is_blocked),
        green_test(a_handler_of_the_programs_is_called_meanwhile),
        green_test(a_watch_of_the_programs_is_served_as_well),
        green_test(ignored_children_are_waited_for_until_there_are_none),
    };

    return cmocka_run_group_tests(tests, open_hub, NULL);
}
