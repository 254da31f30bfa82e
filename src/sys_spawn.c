/* SPDX-License-Identifier: MIT */
/* sys_spawn.c - layer 1: a child process that becomes another program.
 *
 * A fork copies the page tables of all stacks, a vfork nothing: the child runs
 * in our memory while this thread stands still, until it is another program.
 *
 *   parent  signals blocked, vfork . . . . . . . . . . . . . . reads the report
 *   child                          signals, descriptors, session, directory,
 *                                  exec; or else the report, _exit
 *
 * Between the two the child does what a signal handler may, and no handler of
 * the program's runs in it: they are put back to the default before the first
 * signal is let in.
 *
 * Some tools make a fork of every vfork.  The child's writes are not seen then,
 * and the report comes by a pipe, which exec closes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sys_os.h"

enum { STANDARD = 3, HIGHEST_SIGNAL = 128, NOT_STARTED = 127 };

struct report {
    volatile bool is_shared; /* the child's writes are seen here */
    volatile int error;      /* why there is no other program; 0: there is */
    int pipe[2];
};

/* ---- in the child ---- */

_Noreturn static void give_up_start(struct report *r, int status)
{
    int error = errno;

    r->error = error;
    (void)!write(status, &error, sizeof error);
    _exit(NOT_STARTED);
}

/* Handlers do not survive an exec, what is ignored does. */
static void reset_signals(void)
{
    struct sigaction action;
    sigset_t none;
    int signo;

    for (signo = 1; signo <= HIGHEST_SIGNAL; signo++) {
        if (sigaction(signo, NULL, &action) != 0 ||
            (!(action.sa_flags & SA_SIGINFO) &&
             (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)))
            continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = SIG_DFL;
        sigaction(signo, &action, NULL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A descriptor like fd that is none of the first three, whose places are to be
 * filled; it goes with the exec. */
static int move_away(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, STANDARD);
}

static int source_of(int wanted)
{
    int fd = wanted;

    if (wanted == SPAWN_NULL)
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd < 0 ? -1 : move_away(fd);
}

/* First all are moved away: one may stand in the place of another. */
static int place_descriptors(const int wanted[STANDARD])
{
    int moved[STANDARD], i;

    for (i = 0; i < STANDARD; i++) {
        moved[i] = wanted[i] == SPAWN_INHERIT ? -1 : source_of(wanted[i]);
        if (moved[i] < 0 && wanted[i] != SPAWN_INHERIT)
            return -1;
    }
    for (i = 0; i < STANDARD; i++)
        if (moved[i] >= 0 && dup2(moved[i], i) < 0)
            return -1;
    return 0;
}

/* Of several places to look in, one that has the program but may not run it
 * says more than those that do not have it. */
static void exec_first(const struct spawn_plan *plan)
{
    char *const *environment =
        plan->environment ? plan->environment : green__os_environment();
    bool denied = false;
    char *const *path;

    for (path = plan->paths; *path; path++) {
        execve(*path, plan->argv, environment);
        denied = denied || errno == EACCES;
        if (errno != EACCES && errno != ENOENT && errno != ENOTDIR)
            return;
    }
    errno = denied ? EACCES : ENOENT;
}

_Noreturn static void become(const struct spawn_plan *plan, struct report *r)
{
    int status;

    r->is_shared = true;
    status = move_away(r->pipe[1]);
    if (status < 0)
        give_up_start(r, r->pipe[1]);
    if (place_descriptors(plan->fds) == 0 &&
        (!plan->new_session || setsid() >= 0) &&
        (!plan->directory || chdir(plan->directory) == 0)) {
        reset_signals();
        exec_first(plan);
    }
    give_up_start(r, status);
}

/* ---- in the parent ---- */

/* Apart, since the child must not return from what called vfork. */
__attribute__((noinline)) static pid_t split(const struct spawn_plan *plan,
                                             struct report *r)
{
    pid_t pid = vfork();

    if (pid == 0)
        become(plan, r);
    return pid;
}

static int read_report(const struct report *r)
{
    struct pollfd p = {.fd = r->pipe[0], .events = POLLIN};
    int error = 0;

    if (r->is_shared)
        return r->error;
    (void)poll(&p, 1, -1);
    if (read(r->pipe[0], &error, sizeof error) != (ssize_t)sizeof error)
        return 0;
    return error;
}

/* With all signals blocked. */
static pid_t start_program(const struct spawn_plan *plan, struct report *r)
{
    pid_t pid = split(plan, r);
    int error = errno;

    close(r->pipe[1]);
    if (pid > 0)
        error = read_report(r);
    close(r->pipe[0]);
    if (error == 0)
        return pid;
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    errno = error;
    return -1;
}

pid_t green__os_spawn(const struct spawn_plan *plan)
{
    struct report r = {.is_shared = false};
    sigset_t all, old;
    pid_t pid;

    if (green__os_pipe(r.pipe) != 0)
        return -1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid = start_program(plan, &r);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid;
}
