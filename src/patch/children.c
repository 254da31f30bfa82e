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
#include "patch.h"

enum {
    NUMBER_PIDFD_OPEN = 434,
    FIRST_PAUSE = 1000000, /* ns */
    LONGEST_PAUSE = 20000000
};

/* Until pid may have ended: 0, or -errno of a kill or a scope. */
static long wait_for_end(pid_t pid, int64_t *pause)
{
    long fd = pid > 0 ? green__call(NUMBER_PIDFD_OPEN, pid, 0, 0, 0, 0, 0) : -1;
    long r;

    green__hook_waits();
    if (fd < 0) {
        r = green_sleep(*pause) == 0 ? 0 : -errno;
        *pause = 2 * *pause < LONGEST_PAUSE ? 2 * *pause : LONGEST_PAUSE;
        return r;
    }
    r = green_wait_fd((int)fd, GREEN_READ, GREEN_FOREVER) >= 0 ? 0 : -errno;
    green_close((int)fd);
    return r;
}

static long wait_patched(pid_t pid, int *status, int options,
                         struct rusage *usage)
{
    int64_t pause = FIRST_PAUSE;
    long r;

    if (green_checkpoint() != 0)
        return -errno;
    while ((r = green__call(SYS_wait4, pid, (long)status, options | WNOHANG,
                            (long)usage, 0, 0)) == 0) {
        r = wait_for_end(pid, &pause);
        if (r != 0)
            return r;
    }
    return r;
}

HOOK(wait4, pid_t, hook_wait4,
     (pid_t pid, int *status, int options, struct rusage *usage));
pid_t hook_wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    int saved_errno = errno;
    long r;

    if ((options & WNOHANG) || !green__patched(GREEN_PATCH_PROCESS))
        return (pid_t)call_result(green__call(SYS_wait4, pid, (long)status,
                                              options, (long)usage, 0, 0));
    r = wait_patched(pid, status, options, usage);
    errno = saved_errno;
    return (pid_t)call_result(r);
}

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
