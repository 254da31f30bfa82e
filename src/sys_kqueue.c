/* SPDX-License-Identifier: MIT */
/* sys_kqueue.c - layer 1: kqueue, or that there is none.
 *
 * Apart from sys_bsd.c because GREEN_KQUEUE_SHIM builds have it on Linux too,
 * from tests/kqueue_shim. */
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || \
    defined(__OpenBSD__) || defined(GREEN_KQUEUE_SHIM)

#include <sys/types.h>
#include <sys/event.h>
#include <fcntl.h>
#include <time.h>
#include "sys_os.h"

int green__os_kqueue(void)
{
    int kq = kqueue();

    if (kq >= 0)
        (void)fcntl(kq, F_SETFD, FD_CLOEXEC);
    return kq;
}

/* Some kernels refuse a timeout of more seconds than they can count. */
enum { LONGEST_SECONDS = 1000000 };

int green__os_kevent(int kq, const struct kevent *changes, int n_changes,
                     struct kevent *events, int n_events, int64_t timeout)
{
    int64_t seconds = timeout / 1000000000;
    struct timespec t;

    t.tv_sec = (time_t)(seconds < LONGEST_SECONDS ? seconds : LONGEST_SECONDS);
    t.tv_nsec = (long)(timeout % 1000000000);
    return kevent(kq, changes, n_changes, events, n_events,
                  timeout < 0 ? NULL : &t);
}

#else

#include <errno.h>
#include "sys_os.h"

int green__os_kqueue(void)
{
    errno = ENOSYS;
    return -1;
}

int green__os_kevent(int kq, const struct kevent *changes, int n_changes,
                     struct kevent *events, int n_events, int64_t timeout)
{
    (void)kq, (void)changes, (void)n_changes;
    (void)events, (void)n_events, (void)timeout;
    errno = ENOSYS;
    return -1;
}

#endif
