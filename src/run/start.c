/* SPDX-License-Identifier: MIT */
/* start.c - how the engine takes a program over.
 *
 * The loader calls begin() before any other library's beginning, while there is one
 * thread.  From then on every system call that is not made in the engine's text
 * comes to dispatch.c. */
#include <elf.h>
#include <unistd.h>
#include "action.h"
#include "dispatch.h"
#include "hub.h"
#include "option.h"
#include "preempt.h"
#include "watch.h"

enum { FSGSBASE = 2 };

#pragma weak __environ

/* The kernel's notes follow the environment. */
static unsigned long note(char **environment, unsigned long type)
{
    const Elf64_auxv_t *a;

    while (*environment)
        environment++;
    for (a = (const Elf64_auxv_t *)(environment + 1); a->a_type != AT_NULL; a++)
        if (a->a_type == type)
            return a->a_un.a_val;
    return 0;
}

static void fail(const char *why, size_t n)
{
    kernel(SYS_write, 2, (long)why, (long)n, 0);
    kernel(SYS_exit_group, 127, 0, 0, 0);
}

static void take_over(char **environment)
{
    static const char refused[] =
        "green-run: the kernel does not dispatch system calls\n";
    uint64_t mask;

    kernel_fsgsbase = note(environment, AT_HWCAP2) & FSGSBASE;
    option_read(environment);
    kernel(SYS_rt_sigprocmask, SIG_SETMASK, 0, (long)&mask, sizeof mask);
    action_begin(dispatch_arrived);
    action_install(SIGSYS, dispatch_signal);
    if (option_dump)
        action_install(option_dump, dispatch_arrived);
    mask_late = dispatch_late;
    if (task_begin_all(hub_run) != 0 || watch_start() != 0)
        fail(refused, sizeof refused - 1);
    mask_set(task_now, mask);
    preempt_start();
    if (kernel_dispatch() != 0)
        fail(refused, sizeof refused - 1);
}

/* musl's loader tells nothing, but has set its variable. */
__attribute__((constructor)) static void begin(int argc, char **argv,
                                               char **environment)
{
    (void)argc;
    (void)argv;
    take_over(&__environ && __environ ? __environ : environment);
}
