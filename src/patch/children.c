/* SPDX-License-Identifier: MIT */
/* children.c - layer 8: fork, wait and system.
 *
 * Waiting for children asks without waiting, and in between waits for the child's
 * pidfd, or, for any child, a little longer each time. */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "memory.h"
#include "patch.h"

enum { NUMBER_PIDFD_OPEN = 434 };

/* Until pid has ended: 0, also if nobody tells of that, or -errno of a kill or a
 * scope. */
static long wait_for_end(pid_t pid)
{
    long fd = green__call(NUMBER_PIDFD_OPEN, pid, 0, 0, 0, 0, 0), r;

    if (fd < 0)
        return 0;
    r = green__hook_park((int)fd, GREEN_READ, GREEN_FOREVER);
    green_close((int)fd);
    return r;
}

/* ---- wait4 ---- */

struct waiting {
    pid_t pid;
    int *status;
    int options;
    struct rusage *usage;
};

static long wait_once(void *what)
{
    const struct waiting *w = what;
    long r = green__call(SYS_wait4, w->pid, (long)w->status,
                         w->options | WNOHANG, (long)w->usage, 0, 0);

    return r == 0 ? -EAGAIN : r;
}

/* A pidfd tells of the end of one child, and of nothing else. */
static long wait_patched(struct waiting *w)
{
    long r = green_checkpoint() == 0 ? wait_once(w) : -errno;

    if (r != -EAGAIN)
        return r;
    if (w->pid > 0 && !(w->options & (WUNTRACED | WCONTINUED)) &&
        (r = wait_for_end(w->pid)) != 0)
        return r;
    return green__insist(wait_once, w, GREEN_FOREVER);
}

HOOK(wait4, pid_t, hook_wait4,
     (pid_t pid, int *status, int options, struct rusage *usage));
pid_t hook_wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    struct waiting w = {pid, status, options, usage};
    int saved_errno = errno;
    long r;

    if ((options & WNOHANG) || !green__patched(GREEN_PATCH_PROCESS))
        return (pid_t)call_result(green__call(SYS_wait4, pid, (long)status,
                                              options, (long)usage, 0, 0));
    r = wait_patched(&w);
    errno = saved_errno;
    return (pid_t)call_result(r);
}
HOOK_ALIAS(__wait4, pid_t, hook_wait4_2,
           (pid_t pid, int *status, int options, struct rusage *usage), wait4);

HOOK(waitpid, pid_t, hook_waitpid, (pid_t pid, int *status, int options));
pid_t hook_waitpid(pid_t pid, int *status, int options)
{
    return hook_wait4(pid, status, options, NULL);
}
HOOK_ALIAS(__waitpid, pid_t, hook_waitpid_2,
           (pid_t pid, int *status, int options), waitpid);

HOOK(wait, pid_t, hook_wait, (int *status));
pid_t hook_wait(int *status)
{
    return hook_wait4(-1, status, 0, NULL);
}

HOOK(wait3, pid_t, hook_wait3,
     (int *status, int options, struct rusage *usage));
pid_t hook_wait3(int *status, int options, struct rusage *usage)
{
    return hook_wait4(-1, status, options, usage);
}

/* ---- waitid ---- */

struct id_waiting {
    int kind, id;
    siginfo_t *info;
    int options;
};

/* It is 0 also when there is nothing to tell: then no child is named. */
static long wait_id_once(void *what)
{
    const struct id_waiting *w = what;
    siginfo_t info = {.si_pid = 0};
    long r = green__call(SYS_waitid, w->kind, w->id, (long)&info,
                         w->options | WNOHANG, 0, 0);

    if (r == 0 && info.si_pid == 0)
        return -EAGAIN;
    if (r == 0 && w->info && !green__store(w->info, &info, sizeof info))
        return -EFAULT;
    return r;
}

static bool names_one_child(const struct id_waiting *w)
{
    return w->kind == P_PID && w->id > 0 &&
           !(w->options & (WSTOPPED | WCONTINUED));
}

static long wait_id_patched(struct id_waiting *w)
{
    long r = green_checkpoint() == 0 ? wait_id_once(w) : -errno;

    if (r != -EAGAIN)
        return r;
    if (names_one_child(w) && (r = wait_for_end(w->id)) != 0)
        return r;
    return green__insist(wait_id_once, w, GREEN_FOREVER);
}

HOOK(waitid, int, hook_waitid,
     (int kind, int id, siginfo_t *info, int options));
int hook_waitid(int kind, int id, siginfo_t *info, int options)
{
    struct id_waiting w = {kind, id, info, options};
    int saved_errno = errno;
    long r;

    if ((options & WNOHANG) || !green__patched(GREEN_PATCH_PROCESS))
        return (int)call_result(
            green__call(SYS_waitid, kind, id, (long)info, options, 0, 0));
    r = wait_id_patched(&w);
    errno = saved_errno;
    return (int)call_result(r);
}

/* ---- system ---- */

/* While any greenlet is in system, the signals of the keyboard are the child's
 * affair, as they are for the caller of a plain one. */
static unsigned inside;
static struct sigaction of_int, of_quit;

static void enter_system(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    if (inside++ > 0)
        return;
    sigaction(SIGINT, &ignore, &of_int);
    sigaction(SIGQUIT, &ignore, &of_quit);
}

static void leave_system(void)
{
    if (--inside > 0)
        return;
    sigaction(SIGINT, &of_int, NULL);
    sigaction(SIGQUIT, &of_quit, NULL);
}

/* The child has of those two what the program had before. */
static int spawn_shell(pid_t *pid, const char *command)
{
    char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                    (char *)(uintptr_t)command, NULL};
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int error;

    sigemptyset(&defaults);
    if (of_int.sa_handler != SIG_IGN)
        sigaddset(&defaults, SIGINT);
    if (of_quit.sa_handler != SIG_IGN)
        sigaddset(&defaults, SIGQUIT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    error = posix_spawn(pid, "/bin/sh", NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* A greenlet that is killed in it leaves its child running. */
HOOK(system, int, hook_system, (const char *command));
int hook_system(const char *command)
{
    int status = -1, error;
    pid_t pid;

    if (!command)
        return 1;
    enter_system();
    error = spawn_shell(&pid, command);
    if (error == 0 && hook_wait4(pid, &status, 0, NULL) != pid)
        status = -1;
    leave_system();
    if (error != 0)
        errno = error;
    return status;
}
