/* SPDX-License-Identifier: MIT */
/* forks.c - layer 8: fork, and the end of what popen began.
 *
 * A vfork's child would run greenlets of its parent if a hook waited in it, so it
 * is a fork. */
#include "original.h"

HOOK_ORIGINAL(fork, pid_t, hook_fork, (void));
pid_t hook_fork(void)
{
    if (green__patched(GREEN_PATCH_PROCESS))
        return green_fork();
    return green__original()->fork();
}
HOOK_ORIGINAL_ALIAS(__fork, pid_t, hook_fork_2, (void), fork);
HOOK_ORIGINAL_ALIAS(vfork, pid_t, hook_fork_3, (void), fork);
HOOK_ORIGINAL_ALIAS(__vfork, pid_t, hook_fork_4, (void), fork);

struct closing {
    FILE *file;
    int status, error;
};

static void *close_file(void *arg)
{
    struct closing *c = arg;

    c->status = green__original()->pclose(c->file);
    c->error = errno;
    return NULL;
}

/* The file must be closed once, so nothing ends the wait for it. */
static int close_in_thread(FILE *file)
{
    struct closing c = {file, -1, EAGAIN};
    green_scope_t shield;

    green_shield_begin(&shield, GREEN_FOREVER);
    if (green_offload(close_file, &c, NULL, GREEN_FOREVER) != 0)
        close_file(&c);
    green_scope_end(&shield);
    if (c.status < 0)
        errno = c.error;
    return c.status;
}

HOOK_ORIGINAL(pclose, int, hook_pclose, (FILE * file));
int hook_pclose(FILE *file)
{
    if (green__patched(GREEN_PATCH_PROCESS))
        return close_in_thread(file);
    return green__original()->pclose(file);
}
