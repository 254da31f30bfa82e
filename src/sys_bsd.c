/* SPDX-License-Identifier: MIT */
/* sys_bsd.c - layer 1: what macOS and the BSDs do in their own way.
 *
 * Only what all of them have is used: a new descriptor gets its flags by a
 * second call, and poll counts in milliseconds. */
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || \
    defined(__OpenBSD__)

#include <sys/types.h>
#include <sys/event.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "sys_os.h"

static int lacking(int error)
{
    errno = error;
    return -1;
}

ssize_t green__os_madvise_many(const struct iovec *ranges, size_t n, int advice)
{
    (void)ranges, (void)n, (void)advice;
    return lacking(ENOSYS);
}

uint64_t green__os_random(void)
{
    uint64_t number;

    arc4random_buf(&number, sizeof number);
    return number;
}

ssize_t green__os_readv_nowait(int fd, const struct iovec *iov, int n)
{
    (void)fd, (void)iov, (void)n;
    return lacking(EOPNOTSUPP);
}

ssize_t green__os_writev_nowait(int fd, const struct iovec *iov, int n)
{
    (void)fd, (void)iov, (void)n;
    return lacking(EOPNOTSUPP);
}

ssize_t green__os_pread_nowait(int fd, void *buffer, size_t n, off_t offset)
{
    (void)fd, (void)buffer, (void)n, (void)offset;
    return lacking(EOPNOTSUPP);
}

int green__os_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    return poll(fds, n, os_milliseconds(timeout));
}

/* Close-on-exec and non-blocking; closed, with errno, where that fails. */
static int fresh(int fd)
{
    int saved_errno;

    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
        return fd;
    saved_errno = errno;
    close(fd);
    return lacking(saved_errno);
}

/* A queue of its own that has one event: such a descriptor can be waited for
 * as any other, also by poll. */
int green__os_peer(int fd, uid_t *user)
{
    gid_t group;

    return getpeereid(fd, user, &group);
}

int green__os_child_fd(pid_t pid)
{
    struct kevent change;
    int kq = kqueue(), saved_errno;

    if (kq < 0)
        return -1;
    EV_SET(&change, (uintptr_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
    if (fcntl(kq, F_SETFD, FD_CLOEXEC) == 0 &&
        kevent(kq, &change, 1, NULL, 0, NULL) == 0)
        return kq;
    saved_errno = errno;
    close(kq);
    return lacking(saved_errno);
}

extern char **environ; /* in no header */

char **green__os_environment(void)
{
    return environ;
}

/* Both, or neither. */
static int fresh_both(const int made[2], int fds[2])
{
    int other = 1, saved_errno;

    if (fresh(made[0]) >= 0) {
        if (fresh(made[1]) >= 0) {
            fds[0] = made[0];
            fds[1] = made[1];
            return 0;
        }
        other = 0;
    }
    saved_errno = errno;
    close(made[other]); /* the one that was not closed already */
    return lacking(saved_errno);
}

int green__os_pipe(int fds[2])
{
    int made[2];

    return pipe(made) != 0 ? -1 : fresh_both(made, fds);
}

int green__os_socketpair(int domain, int type, int protocol, int fds[2])
{
    int made[2];

    if (socketpair(domain, type, protocol, made) != 0)
        return -1;
    return fresh_both(made, fds);
}

int green__os_socket(int domain, int type, int protocol)
{
    return fresh(socket(domain, type, protocol));
}

int green__os_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return fresh(accept(fd, address, length));
}

int green__os_uring_setup(unsigned entries, struct io_uring_params *parameters)
{
    (void)entries, (void)parameters;
    return lacking(ENOSYS);
}

int green__os_uring_enter(int fd, unsigned submit, unsigned wait)
{
    (void)fd, (void)submit, (void)wait;
    return lacking(ENOSYS);
}

int green__os_epoll_create(void)
{
    return lacking(ENOSYS);
}

int green__os_epoll_ctl(int epfd, int operation, int fd,
                        struct epoll_event *event)
{
    (void)epfd, (void)operation, (void)fd, (void)event;
    return lacking(ENOSYS);
}

int green__os_epoll_wait(int epfd, struct epoll_event *events, int n,
                         int64_t timeout)
{
    (void)epfd, (void)events, (void)n, (void)timeout;
    return lacking(ENOSYS);
}

#else
typedef int green__sys_bsd_is_empty;
#endif
