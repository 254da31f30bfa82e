/* SPDX-License-Identifier: MIT */
/* apart.c - layer 8: system calls that wait for the disk, in another thread.
 *
 * No form of them does not wait, and nothing tells when they would not. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "patch.h"

struct errand {
    long number, a, b, c, d, e, f, result;
};

static void *run_errand(void *arg)
{
    struct errand *r = arg;

    r->result = green__call(r->number, r->a, r->b, r->c, r->d, r->e, r->f);
    return NULL;
}

long green__call_apart(long number, long a, long b, long c, long d, long e,
                       long f)
{
    struct errand errand = {number, a, b, c, d, e, f, 0};
    int saved_errno = errno, failed;
    green_scope_t shield;

    green__hook_waits();
    green_shield_begin(&shield, GREEN_FOREVER);
    failed = green_offload(run_errand, &errand, NULL, GREEN_FOREVER);
    green_scope_end(&shield);
    if (failed)
        run_errand(&errand);
    errno = saved_errno;
    return errand.result;
}

static long call_of_disk(long number, long a, long b, long c, long d, long e,
                         long f)
{
    if (green__patched(GREEN_PATCH_FILE))
        return call_result(green__call_apart(number, a, b, c, d, e, f));
    return call_result(green__call(number, a, b, c, d, e, f));
}

/* ---- hooks ---- */

HOOK(fsync, int, hook_fsync, (int fd));
int hook_fsync(int fd)
{
    return (int)call_of_disk(SYS_fsync, fd, 0, 0, 0, 0, 0);
}

HOOK(fdatasync, int, hook_fdatasync, (int fd));
int hook_fdatasync(int fd)
{
    return (int)call_of_disk(SYS_fdatasync, fd, 0, 0, 0, 0, 0);
}

HOOK(syncfs, int, hook_syncfs, (int fd));
int hook_syncfs(int fd)
{
    return (int)call_of_disk(SYS_syncfs, fd, 0, 0, 0, 0, 0);
}

HOOK(sync_file_range, int, hook_sync_file_range,
     (int fd, off_t offset, off_t n, unsigned flags));
int hook_sync_file_range(int fd, off_t offset, off_t n, unsigned flags)
{
    return (int)call_of_disk(SYS_sync_file_range, fd, offset, n, flags, 0, 0);
}

HOOK(msync, int, hook_msync, (void *at, size_t n, int flags));
int hook_msync(void *at, size_t n, int flags)
{
    if (flags & MS_SYNC)
        return (int)call_of_disk(SYS_msync, (long)at, (long)n, flags, 0, 0, 0);
    return (int)call_result(
        green__call(SYS_msync, (long)at, (long)n, flags, 0, 0, 0));
}

HOOK(copy_file_range, ssize_t, hook_copy_file_range,
     (int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags));
ssize_t hook_copy_file_range(int in, off_t *in_at, int out, off_t *out_at,
                             size_t n, unsigned flags)
{
    return call_of_disk(SYS_copy_file_range, in, (long)in_at, out, (long)out_at,
                        (long)n, flags);
}
