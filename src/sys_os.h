/* SPDX-License-Identifier: MIT */
/* sys_os.h - layer 1: the entries of green__sys that differ by system.
 *
 * sys_linux.c or sys_bsd.c defines them, sys_kqueue.c the last two, sys_frames.c
 * and sys_spawn.c their own; sys.c puts them into the table.  Nobody else calls
 * them by these names. */
#ifndef GREEN_SYS_OS_H
#define GREEN_SYS_OS_H

#include <limits.h>
#include "sys.h"

ssize_t green__os_madvise_many(const struct iovec *ranges, size_t n,
                               int advice);
uint64_t green__os_random(void);
ssize_t green__os_readv_nowait(int fd, const struct iovec *iov, int n);
ssize_t green__os_writev_nowait(int fd, const struct iovec *iov, int n);
ssize_t green__os_pread_nowait(int fd, void *buffer, size_t n, off_t offset);
int green__os_poll(struct pollfd *fds, nfds_t n, int64_t timeout);
int green__os_child_fd(pid_t pid);
char **green__os_environment(void);
pid_t green__os_spawn(const struct spawn_plan *plan);
int green__os_pipe(int fds[2]);
int green__os_socket(int domain, int type, int protocol);
int green__os_socketpair(int domain, int type, int protocol, int fds[2]);
int green__os_peer(int fd, uid_t *user);
int green__os_accept(int fd, struct sockaddr *address, socklen_t *length);
int green__os_epoll_create(void);
int green__os_uring_setup(unsigned entries, struct io_uring_params *parameters);
int green__os_uring_enter(int fd, unsigned submit, unsigned wait);
int green__os_epoll_ctl(int epfd, int operation, int fd,
                        struct epoll_event *event);
int green__os_epoll_wait(int epfd, struct epoll_event *events, int n,
                         int64_t timeout);
void green__os_backtrace(int fd);
int green__os_kqueue(void);
int green__os_kevent(int kq, const struct kevent *changes, int n_changes,
                     struct kevent *events, int n_events, int64_t timeout);

/* Milliseconds for calls that count in them: rounded up, so that no wait ends
 * early; -1 stays without end. */
static inline int os_milliseconds(int64_t timeout)
{
    int64_t milliseconds;

    if (timeout < 0)
        return -1;
    milliseconds = timeout / 1000000 + (timeout % 1000000 != 0);
    return milliseconds < INT_MAX ? (int)milliseconds : INT_MAX;
}

#endif
