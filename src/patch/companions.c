/* SPDX-License-Identifier: MIT */
/* companions.c - layer 8: what musl has in one file with functions that are hooked.
 *
 * Who defines one function of a file of a static library must define all of it that is
 * used.  Not in the shared library. */
#include <sys/epoll.h>
#include <sys/syscall.h>
#include "patch.h"

HOOK(epoll_create1, int, hook_epoll_create1, (int flags));
int hook_epoll_create1(int flags)
{
    return (int)call_result(
        green__call(SYS_epoll_create1, flags, 0, 0, 0, 0, 0));
}

HOOK(epoll_create, int, hook_epoll_create, (int size));
int hook_epoll_create(int size)
{
    if (size > 0)
        return hook_epoll_create1(0);
    errno = EINVAL;
    return -1;
}

HOOK(epoll_ctl, int, hook_epoll_ctl,
     (int epfd, int operation, int fd, struct epoll_event *event));
int hook_epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
    return (int)call_result(
        green__call(SYS_epoll_ctl, epfd, operation, fd, (long)event, 0, 0));
}

HOOK(eventfd, int, hook_eventfd, (unsigned count, int flags));
int hook_eventfd(unsigned count, int flags)
{
    return (int)call_result(
        green__call(SYS_eventfd2, count, flags, 0, 0, 0, 0));
}
