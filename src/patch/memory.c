/* SPDX-License-Identifier: MIT */
/* memory.c - layer 8: memory of the caller's, which may be none.
 *
 * rt_sigprocmask reads its new mask before it looks at what to do with it.  Asked
 * for something that does not exist it changes nothing, and says EFAULT or EINVAL. */
#include "memory.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "patch.h"

enum { WORD = 8, PAGE = 4096, NO_SUCH_THING = -1 };

static bool is_word(uintptr_t at)
{
    return green__call(SYS_rt_sigprocmask, NO_SUCH_THING, (long)at, 0, WORD, 0,
                       0) != -EFAULT;
}

/* A word in each page, and the last one.  Of less than a word more is looked at,
 * but nothing beyond its page: where it begins is rounded down. */
bool green__readable(const void *p, size_t n)
{
    uintptr_t at = (uintptr_t)p, end = at + n;

    if (n == 0)
        return true;
    if (end < at || !is_word(at & ~(uintptr_t)(WORD - 1)))
        return false;
    for (at = (at | (PAGE - 1)) + 1; at < end; at += PAGE)
        if (!is_word(at))
            return false;
    return true;
}

bool green__load(void *to, const void *from, size_t n)
{
    if (!green__readable(from, n))
        return false;
    memcpy(to, from, n);
    return true;
}

/* Where the kernel does not let a process write to itself, nobody is protected.
 * It is written again by a plain write, which tools like Valgrind see. */
bool green__store(void *to, const void *from, size_t n)
{
    struct iovec mine = {(void *)(uintptr_t)from, n}, theirs = {to, n};
    long self = green__call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    long r = green__call(SYS_process_vm_writev, self, (long)&mine, 1,
                         (long)&theirs, 1, 0);

    if (r != (long)n && r != -ENOSYS && r != -EPERM)
        return false;
    memcpy(to, from, n);
    return true;
}
