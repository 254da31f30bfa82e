/* SPDX-License-Identifier: MIT */
/* kernel.c - what the kernel is asked to do for the engine. */
#include "kernel.h"
#include <linux/prctl.h>

extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char etext[] __attribute__((visibility("hidden")));

bool kernel_fsgsbase;

long kernel_dispatch(void)
{
    return kernel_call(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH,
                       PR_SYS_DISPATCH_ON, (long)__ehdr_start,
                       etext - __ehdr_start, 0, 0);
}
