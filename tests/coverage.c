/* SPDX-License-Identifier: MIT */
/* coverage.c - counts of lines are kept when a process ends in a hurry, too.
 *
 * A part of the library in builds with GREEN_COVERAGE only, and never else.  What
 * was counted is written to files when a process exits; many tests' processes end
 * by abort, by _exit, or of the fault of a stack that is full. */
#include <gcov.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

extern int __sigaction(int signo, const struct sigaction *action,
                       struct sigaction *old);

/* That the linker takes this file out of the archive: see coverage.cmake. */
__attribute__((visibility("default"))) int green__coverage;

static void keep_counts(void)
{
    __gcov_dump();
    __gcov_reset();
}

/* The library's handler of faults restores the default before the fault that ends
 * the process.  Weak, as the patch library has one of its own. */
__attribute__((weak)) int sigaction(int signo, const struct sigaction *action,
                                    struct sigaction *old)
{
    if (action && action->sa_handler == SIG_DFL &&
        (signo == SIGSEGV || signo == SIGBUS))
        keep_counts();
    return __sigaction(signo, action, old);
}

__attribute__((weak)) void _exit(int status)
{
    __gcov_dump();
    for (;;)
        syscall(SYS_exit_group, status);
}

/* abort sends it again, for the default action, when this returns. */
static void on_abort(int signo)
{
    (void)signo;
    keep_counts();
}

__attribute__((constructor)) static void watch_abort(void)
{
    struct sigaction action = {.sa_handler = on_abort};

    action.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
    __sigaction(SIGABRT, &action, NULL);
}
