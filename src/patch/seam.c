/* SPDX-License-Identifier: MIT */
/* seam.c - layer 8: libgreen's own system calls, past the hooks.
 *
 * libgreen calls libc like everybody else, and so would end up in the hooks, which
 * call libgreen.  From the first patch on its table has these instead. */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "escape.h"
#include "handlers.h"
#include "original.h"
#include "patch.h"
#include "sys.h"

static struct sys before;
_Thread_local bool green__close_pretends;

static ssize_t plain_read(int fd, void *buffer, size_t n)
{
    return call_result(
        green__call(SYS_read, fd, (long)buffer, (long)n, 0, 0, 0));
}

static ssize_t plain_write(int fd, const void *buffer, size_t n)
{
    return call_result(
        green__call(SYS_write, fd, (long)buffer, (long)n, 0, 0, 0));
}

static ssize_t plain_readv(int fd, const struct iovec *iov, int n)
{
    return call_result(green__call(SYS_readv, fd, (long)iov, n, 0, 0, 0));
}

static ssize_t plain_writev(int fd, const struct iovec *iov, int n)
{
    return call_result(green__call(SYS_writev, fd, (long)iov, n, 0, 0, 0));
}

static ssize_t plain_pread(int fd, void *buffer, size_t n, off_t place)
{
    return call_result(
        green__call(SYS_pread64, fd, (long)buffer, (long)n, place, 0, 0));
}

static ssize_t plain_pwrite(int fd, const void *buffer, size_t n, off_t place)
{
    return call_result(
        green__call(SYS_pwrite64, fd, (long)buffer, (long)n, place, 0, 0));
}

static int plain_open(const char *path, int flags, mode_t mode)
{
    return (int)call_result(
        green__call(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0));
}

static ssize_t plain_recvmsg(int fd, struct msghdr *message, int flags)
{
    return call_result(
        green__call(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0));
}

static ssize_t plain_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return call_result(
        green__call(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0));
}

static ssize_t plain_recvfrom(int fd, void *buffer, size_t n, int flags,
                              struct sockaddr *address, socklen_t *length)
{
    return call_result(green__call(SYS_recvfrom, fd, (long)buffer, (long)n,
                                   flags, (long)address, (long)length));
}

static ssize_t plain_sendto(int fd, const void *buffer, size_t n, int flags,
                            const struct sockaddr *address, socklen_t length)
{
    return call_result(green__call(SYS_sendto, fd, (long)buffer, (long)n, flags,
                                   (long)address, length));
}

static int plain_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return (int)call_result(green__call(SYS_accept4, fd, (long)address,
                                        (long)length,
                                        SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0));
}

static int plain_connect(int fd, const struct sockaddr *address,
                         socklen_t length)
{
    return (int)call_result(
        green__call(SYS_connect, fd, (long)address, length, 0, 0, 0));
}

static int plain_close(int fd)
{
    if (green__close_pretends)
        return 0;
    return (int)call_result(green__call(SYS_close, fd, 0, 0, 0, 0, 0));
}

static pid_t plain_waitpid(pid_t pid, int *status, int options)
{
    return (pid_t)call_result(
        green__call(SYS_wait4, pid, (long)status, options, 0, 0, 0));
}

/* ---- the library's own, with hooks that pass straight through ---- */

static bool go_straight(void)
{
    bool was_straight = green__straight;

    green__straight = true;
    return was_straight;
}

static int straight_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    bool was_straight = go_straight();
    int r = before.poll(fds, n, timeout);

    green__straight = was_straight;
    return r;
}

static int straight_epoll_wait(int fd, struct epoll_event *events, int n,
                               int64_t timeout)
{
    bool was_straight = go_straight();
    int r = before.epoll_wait(fd, events, n, timeout);

    green__straight = was_straight;
    return r;
}

static ssize_t straight_write_calmly(int fd, const void *buffer, size_t n)
{
    bool was_straight = go_straight();
    ssize_t r = before.write_calmly(fd, buffer, n);

    green__straight = was_straight;
    return r;
}

/* What runs in a child before exec must not think itself a greenlet. */
static pid_t straight_spawn(const struct spawn_plan *plan)
{
    bool was_straight = go_straight();
    pid_t pid = before.spawn(plan);

    green__straight = was_straight;
    return pid;
}

/* A child of green_fork goes on with its greenlet, unlike one of fork. */
static pid_t continued_fork(void)
{
    bool was_straight = green__straight;
    pid_t pid = before.fork();

    green__straight = was_straight;
    return pid;
}

void green__seam_patch(void)
{
    struct sys *s = green__seam();

    before = *s;
    s->read = plain_read;
    s->write = plain_write;
    s->readv = plain_readv;
    s->writev = plain_writev;
    s->pread = plain_pread;
    s->pwrite = plain_pwrite;
    s->open = plain_open;
    s->recvmsg = plain_recvmsg;
    s->sendmsg = plain_sendmsg;
    s->recvfrom = plain_recvfrom;
    s->sendto = plain_sendto;
    s->accept = plain_accept;
    s->connect = plain_connect;
    s->close = plain_close;
    s->poll = straight_poll;
    s->epoll_wait = straight_epoll_wait;
    s->waitpid = plain_waitpid;
    s->sigaction = green__plain_sigaction;
    s->spawn = straight_spawn;
    s->fork = continued_fork;
    s->write_calmly = straight_write_calmly;
    green__escape_patch(s);
    if (green__original_patch)
        green__original_patch(s, &before);
}
