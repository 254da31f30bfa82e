/* SPDX-License-Identifier: MIT */
/* route.c - layer 8: syscall itself.
 *
 * Some runtimes make their system calls by number.  Those that may wait go to the
 * hooks of their names, all others straight to the kernel; so does futex, which
 * locks of other threads are made of. */
#include "route.h"
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include "interruption.h"
#include "patch.h"
#include "span.h"

struct epoll_event;
struct msghdr;
struct mmsghdr;
struct iovec;
struct rusage;

HOOK(read, ssize_t, hook_read, (int fd, void *buffer, size_t n));
HOOK(write, ssize_t, hook_write, (int fd, const void *buffer, size_t n));
HOOK(readv, ssize_t, hook_readv, (int fd, const struct iovec *iov, int n));
HOOK(writev, ssize_t, hook_writev, (int fd, const struct iovec *iov, int n));
HOOK(pread, ssize_t, hook_pread, (int fd, void *buffer, size_t n, off_t place));
HOOK(pwrite, ssize_t, hook_pwrite,
     (int fd, const void *buffer, size_t n, off_t place));
HOOK(close, int, hook_close, (int fd));
HOOK(dup3, int, hook_dup3, (int fd, int place, int flags));
HOOK(recvfrom, ssize_t, hook_recvfrom,
     (int fd, void *buffer, size_t n, int flags, void *address,
      socklen_t *length));
HOOK(sendto, ssize_t, hook_sendto,
     (int fd, const void *buffer, size_t n, int flags, const void *address,
      socklen_t length));
HOOK(recvmsg, ssize_t, hook_recvmsg,
     (int fd, struct msghdr *message, int flags));
HOOK(sendmsg, ssize_t, hook_sendmsg,
     (int fd, const struct msghdr *message, int flags));
HOOK(recvmmsg, int, hook_recvmmsg,
     (int fd, struct mmsghdr *messages, unsigned n, int flags,
      struct timespec *timeout));
HOOK(sendmmsg, int, hook_sendmmsg,
     (int fd, struct mmsghdr *messages, unsigned n, int flags));
HOOK(accept, int, hook_accept, (int fd, void *address, socklen_t *length));
HOOK(accept4, int, hook_accept4,
     (int fd, void *address, socklen_t *length, int flags));
HOOK(connect, int, hook_connect,
     (int fd, const void *address, socklen_t length));
HOOK(ppoll, int, hook_ppoll,
     (struct pollfd * fds, nfds_t n, const struct timespec *timeout,
      const void *mask));
HOOK(pselect, int, hook_pselect,
     (int n, fd_set *in, fd_set *out, fd_set *odd, const struct timespec *t,
      const void *mask));
HOOK(epoll_pwait, int, hook_epoll_pwait,
     (int fd, struct epoll_event *events, int n, int timeout,
      const void *mask));
HOOK(epoll_pwait2, int, hook_epoll_pwait2,
     (int fd, struct epoll_event *events, int n, const struct timespec *timeout,
      const void *mask));
HOOK(nanosleep, int, hook_nanosleep,
     (const struct timespec *t, struct timespec *left));
HOOK(clock_nanosleep, int, hook_clock_nanosleep,
     (clockid_t clock, int flags, const struct timespec *t,
      struct timespec *left));
HOOK(sched_yield, int, hook_sched_yield, (void));
HOOK(wait4, pid_t, hook_wait4,
     (pid_t pid, int *status, int options, struct rusage *usage));
HOOK(waitid, int, hook_waitid, (int kind, int id, void *info, int options));
HOOK(flock, int, hook_flock, (int fd, int operation));
HOOK(fsync, int, hook_fsync, (int fd));
HOOK(fdatasync, int, hook_fdatasync, (int fd));

enum { NUMBER_EPOLL_PWAIT2 = 441 };

/* Linux writes back what was left of the time; only libc hides that. */
static int64_t end_of_call(struct timespec *t)
{
    int64_t span;

    return load_span(&span, t) ? end_of(span) : GREEN_FOREVER;
}

static void store_left(struct timespec *t, int64_t end)
{
    struct timespec left = timespec_of(left_until(end));

    if (t && end != GREEN_FOREVER)
        green__store(t, &left, sizeof left);
}

static long route_ppoll(const struct request *q)
{
    struct timespec *t = (struct timespec *)q->c;
    int64_t end = end_of_call(t);
    long r =
        hook_ppoll((struct pollfd *)q->a, (nfds_t)q->b, t, (const void *)q->d);

    store_left(t, end);
    return r;
}

/* The mask comes with its size, in a pair. */
static long route_pselect(const struct request *q)
{
    struct timespec *t = (struct timespec *)q->e;
    struct {
        const void *mask;
        size_t size;
    } m = {NULL, 0};
    int64_t end;
    long r;

    if (q->f && !green__load(&m, (const void *)q->f, sizeof m))
        return call_result(-EFAULT);
    if (m.mask && m.size != MASK_SIZE)
        return call_result(-EINVAL);
    end = end_of_call(t);
    r = hook_pselect((int)q->a, (fd_set *)q->b, (fd_set *)q->c, (fd_set *)q->d,
                     t, m.mask);
    store_left(t, end);
    return r;
}

/* ---- by what they are for ---- */

static bool route_bytes(const struct request *q, long *r)
{
    int fd = (int)q->a;

    switch (q->number) {
    case SYS_read:
        *r = hook_read(fd, (void *)q->b, (size_t)q->c);
        return true;
    case SYS_write:
        *r = hook_write(fd, (const void *)q->b, (size_t)q->c);
        return true;
    case SYS_readv:
        *r = hook_readv(fd, (const struct iovec *)q->b, (int)q->c);
        return true;
    case SYS_writev:
        *r = hook_writev(fd, (const struct iovec *)q->b, (int)q->c);
        return true;
    case SYS_pread64:
        *r = hook_pread(fd, (void *)q->b, (size_t)q->c, q->d);
        return true;
    case SYS_pwrite64:
        *r = hook_pwrite(fd, (const void *)q->b, (size_t)q->c, q->d);
        return true;
    case SYS_close:
        *r = hook_close(fd);
        return true;
    case SYS_dup3:
        *r = hook_dup3(fd, (int)q->b, (int)q->c);
        return true;
    case SYS_flock:
        *r = hook_flock(fd, (int)q->b);
        return true;
    case SYS_fsync:
        *r = hook_fsync(fd);
        return true;
    case SYS_fdatasync:
        *r = hook_fdatasync(fd);
        return true;
    default:
        return false;
    }
}

static bool route_socket(const struct request *q, long *r)
{
    int fd = (int)q->a;

    switch (q->number) {
    case SYS_recvfrom:
        *r = hook_recvfrom(fd, (void *)q->b, (size_t)q->c, (int)q->d,
                           (void *)q->e, (socklen_t *)q->f);
        return true;
    case SYS_sendto:
        *r = hook_sendto(fd, (const void *)q->b, (size_t)q->c, (int)q->d,
                         (const void *)q->e, (socklen_t)q->f);
        return true;
    case SYS_recvmsg:
        *r = hook_recvmsg(fd, (struct msghdr *)q->b, (int)q->c);
        return true;
    case SYS_sendmsg:
        *r = hook_sendmsg(fd, (const struct msghdr *)q->b, (int)q->c);
        return true;
    case SYS_recvmmsg:
        *r = hook_recvmmsg(fd, (struct mmsghdr *)q->b, (unsigned)q->c,
                           (int)q->d, (struct timespec *)q->e);
        return true;
    case SYS_sendmmsg:
        *r = hook_sendmmsg(fd, (struct mmsghdr *)q->b, (unsigned)q->c,
                           (int)q->d);
        return true;
    case SYS_accept:
        *r = hook_accept(fd, (void *)q->b, (socklen_t *)q->c);
        return true;
    case SYS_accept4:
        *r = hook_accept4(fd, (void *)q->b, (socklen_t *)q->c, (int)q->d);
        return true;
    case SYS_connect:
        *r = hook_connect(fd, (const void *)q->b, (socklen_t)q->c);
        return true;
    default:
        return false;
    }
}

/* A mask of another size is the kernel's to refuse. */
static bool route_poll(const struct request *q, long *r)
{
    switch (q->number) {
    case SYS_ppoll:
        if (q->d && q->e != MASK_SIZE)
            return false;
        *r = route_ppoll(q);
        return true;
    case SYS_pselect6:
        *r = route_pselect(q);
        return true;
    case SYS_epoll_pwait:
        if (q->e && q->f != MASK_SIZE)
            return false;
        *r = hook_epoll_pwait((int)q->a, (struct epoll_event *)q->b, (int)q->c,
                              (int)q->d, (const void *)q->e);
        return true;
    case NUMBER_EPOLL_PWAIT2:
        if (q->e && q->f != MASK_SIZE)
            return false;
        *r = hook_epoll_pwait2((int)q->a, (struct epoll_event *)q->b, (int)q->c,
                               (const struct timespec *)q->d,
                               (const void *)q->e);
        return true;
    default:
        return false;
    }
}

static bool route_others(const struct request *q, long *r)
{
    switch (q->number) {
    case SYS_nanosleep:
        *r = hook_nanosleep((const struct timespec *)q->a,
                            (struct timespec *)q->b);
        return true;
    case SYS_clock_nanosleep:
        *r = call_result(-hook_clock_nanosleep((clockid_t)q->a, (int)q->b,
                                               (const struct timespec *)q->c,
                                               (struct timespec *)q->d));
        return true;
    case SYS_sched_yield:
        *r = hook_sched_yield();
        return true;
    case SYS_wait4:
        *r = hook_wait4((pid_t)q->a, (int *)q->b, (int)q->c,
                        (struct rusage *)q->d);
        return true;
    case SYS_waitid:
        if (q->e)
            return false;
        *r = hook_waitid((int)q->a, (int)q->b, (void *)q->c, (int)q->d);
        return true;
    default:
        return false;
    }
}

bool green__route(const struct request *q, long *r)
{
    return route_bytes(q, r) || route_socket(q, r) || route_poll(q, r) ||
           route_others(q, r) || green__route_old(q, r);
}

/* Where arguments are, one cannot tell how many there are. */
HOOK(syscall, long, hook_syscall,
     (long number, long a, long b, long c, long d, long e, long f));
long hook_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    struct request q = {number, a, b, c, d, e, f};
    long r;

    if (green__patched(~0U) && green__route(&q, &r))
        return r;
    return call_result(green__call(number, a, b, c, d, e, f));
}
