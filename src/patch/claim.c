/* SPDX-License-Identifier: MIT */
/* claim.c - layer 8: locks of files: flock, lockf, fcntl.
 *
 * Nobody tells when a file is unlocked, so it is tried again and again: after one
 * millisecond, then ever less often, up to every 20.  So the order in which locks
 * are had is not that in which they were asked for, and EDEADLK is not told. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "patch.h"

struct claim {
    int fd;
    long number, command, lock;
};

static long claim_once(void *what)
{
    const struct claim *c = what;
    long r = green__call(c->number, c->fd, c->command, c->lock, 0, 0, 0);

    return r == -EACCES && c->number == SYS_fcntl ? -EAGAIN : r;
}

HOOK(flock, int, hook_flock, (int fd, int operation));
int hook_flock(int fd, int operation)
{
    struct claim c = {fd, SYS_flock, operation | LOCK_NB, 0};

    if ((operation & (LOCK_NB | LOCK_UN)) || !green__patched(GREEN_PATCH_FILE))
        return (int)call_result(
            green__call(SYS_flock, fd, operation, 0, 0, 0, 0));
    return (int)call_result(green__insist(claim_once, &c, GREEN_FOREVER));
}

/* ---- fcntl ---- */

static long set_lock(int fd, int command, long lock)
{
    struct claim c = {fd, SYS_fcntl,
                      command == F_SETLKW ? F_SETLK : F_OFD_SETLK, lock};

    if (!green__patched(GREEN_PATCH_FILE))
        return green__call(SYS_fcntl, fd, command, lock, 0, 0, 0);
    return green__insist(claim_once, &c, GREEN_FOREVER);
}

/* An owner that is a group is negative, which the kernel's older command makes look
 * like an error. */
static long get_owner(int fd)
{
    struct {
        int type, pid;
    } owner = {0, 0};
    long r = green__call(SYS_fcntl, fd, F_GETOWN_EX, (long)&owner, 0, 0, 0);

    if (r < 0)
        return call_result(r);
    return owner.type == F_OWNER_PGRP ? -owner.pid : owner.pid;
}

/* Of all commands only those that wait for a lock are not the kernel's. */
HOOK(fcntl, int, hook_fcntl, (int fd, int command, long argument));
int hook_fcntl(int fd, int command, long argument)
{
    if (command == F_SETLKW || command == F_OFD_SETLKW)
        return (int)call_result(set_lock(fd, command, argument));
    if (command == F_GETOWN)
        return (int)get_owner(fd);
    return (int)call_result(
        green__call(SYS_fcntl, fd, command, argument, 0, 0, 0));
}
HOOK_ALIAS(fcntl64, int, hook_fcntl_2, (int fd, int command, long argument),
           fcntl);
HOOK_ALIAS(__fcntl, int, hook_fcntl_3, (int fd, int command, long argument),
           fcntl);

/* ---- lockf: those of fcntl, from where the file stands on ---- */

static int test_lock(int fd, struct flock *lock)
{
    long self = green__call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    long r;

    lock->l_type = F_RDLCK;
    r = green__call(SYS_fcntl, fd, F_GETLK, (long)lock, 0, 0, 0);
    if (r == 0 && lock->l_type != F_UNLCK && lock->l_pid != self)
        r = -EACCES;
    return (int)call_result(r);
}

HOOK(lockf, int, hook_lockf, (int fd, int command, off_t n));
int hook_lockf(int fd, int command, off_t n)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 0, .l_len = n};

    switch (command) {
    case F_LOCK:
        return (int)call_result(set_lock(fd, F_SETLKW, (long)&lock));
    case F_TEST:
        return test_lock(fd, &lock);
    case F_ULOCK:
        lock.l_type = F_UNLCK;
        return hook_fcntl(fd, F_SETLK, (long)&lock);
    case F_TLOCK:
        return hook_fcntl(fd, F_SETLK, (long)&lock);
    default:
        errno = EINVAL;
        return -1;
    }
}
HOOK_ALIAS(lockf64, int, hook_lockf_2, (int fd, int command, off_t n), lockf);
