/* SPDX-License-Identifier: MIT */
/* route_old.c - layer 8: system calls that newer CPUs do without. */
#include <poll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include "patch.h"
#include "route.h"

#if defined(__x86_64__)

struct epoll_event;

HOOK(poll, int, hook_poll, (struct pollfd * fds, nfds_t n, int timeout));
HOOK(select, int, hook_select,
     (int n, fd_set *in, fd_set *out, fd_set *odd, struct timeval *t));
HOOK(epoll_wait, int, hook_epoll_wait,
     (int fd, struct epoll_event *events, int n, int timeout));
HOOK(dup2, int, hook_dup2, (int fd, int place));

bool green__route_old(const struct request *q, long *r)
{
    switch (q->number) {
    case SYS_poll:
        *r = hook_poll((struct pollfd *)q->a, (nfds_t)q->b, (int)q->c);
        return true;
    case SYS_select:
        *r = hook_select((int)q->a, (fd_set *)q->b, (fd_set *)q->c,
                         (fd_set *)q->d, (struct timeval *)q->e);
        return true;
    case SYS_epoll_wait:
        *r = hook_epoll_wait((int)q->a, (struct epoll_event *)q->b, (int)q->c,
                             (int)q->d);
        return true;
    case SYS_dup2:
        *r = hook_dup2((int)q->a, (int)q->b);
        return true;
    default:
        return false;
    }
}

#else

bool green__route_old(const struct request *q, long *result)
{
    (void)q;
    (void)result;
    return false;
}

#endif
