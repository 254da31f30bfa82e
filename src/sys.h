/* SPDX-License-Identifier: MIT */
/* sys.h - layer 1: the one seam between libgreen and the world.
 *
 * Every system call, clock reading, random number and allocation that the
 * library makes goes through the table green__sys.  No other file in src/
 * calls them (tools/check_symbols.py compares the undefined symbols of each
 * object with a list).  A simulator, or a test that wants an allocation to
 * fail, replaces an entry; nobody else ever writes to the table.
 *
 * Each entry has the prototype, the result and the errno of the call it is
 * named after.  Those that a system lacks fail with ENOSYS. */
#ifndef GREEN_SYS_H
#define GREEN_SYS_H

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#include "green.h"

/* musl does not know how large a frame of a signal is: -1, as sysconf says then. */
#ifndef _SC_SIGSTKSZ
#define _SC_SIGSTKSZ -1
#endif

struct epoll_event;
struct io_uring_params;
struct kevent;

/* What a child process is to become. */
struct spawn_plan {
    char *const *paths;       /* where the program may be, NULL at the end */
    char *const *argv;
    char *const *environment; /* NULL: that of this process */
    const char *directory;    /* to begin in, or NULL */
    int fds[3];               /* what become 0, 1 and 2, or one of the next */
    bool new_session;
};
enum { SPAWN_INHERIT = -1, SPAWN_NULL = -2 };

struct sys {
    /* memory */
    void *(*malloc)(size_t size);
    void *(*realloc)(void *old, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    void (*free)(void *memory);
    void *(*mmap)(void *at, size_t size, int protection, int flags, int fd,
                  off_t offset);
    int (*munmap)(void *at, size_t size);
    int (*mprotect)(void *at, size_t size, int protection);
    int (*madvise)(void *at, size_t size, int advice);
    ssize_t (*madvise_many)(const struct iovec *ranges, size_t n, int advice);
    int (*access)(const char *path, int mode);
    long (*sysconf)(int name);
    char *(*getenv)(const char *name);

    /* time and chance; time is monotonic, in nanoseconds */
    int64_t (*now)(void);
    uint64_t (*random)(void);

    /* descriptors; the _nowait calls fail with EAGAIN rather than wait, or
     * with EOPNOTSUPP where the kernel cannot promise that */
    ssize_t (*read)(int fd, void *buffer, size_t n);
    ssize_t (*write)(int fd, const void *buffer, size_t n);
    ssize_t (*write_calmly)(int fd, const void *buffer, size_t n); /* no SIGPIPE */
    ssize_t (*readv)(int fd, const struct iovec *iov, int n);
    ssize_t (*writev)(int fd, const struct iovec *iov, int n);
    ssize_t (*pread)(int fd, void *buffer, size_t n, off_t offset);
    ssize_t (*pwrite)(int fd, const void *buffer, size_t n, off_t offset);
    ssize_t (*readv_nowait)(int fd, const struct iovec *iov, int n);
    ssize_t (*writev_nowait)(int fd, const struct iovec *iov, int n);
    ssize_t (*pread_nowait)(int fd, void *buffer, size_t n, off_t offset);
    ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
    ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
    ssize_t (*recvfrom)(int fd, void *buffer, size_t n, int flags,
                        struct sockaddr *address, socklen_t *length);
    ssize_t (*sendto)(int fd, const void *buffer, size_t n, int flags,
                      const struct sockaddr *address, socklen_t length);
    int (*duplicate)(int fd);            /* close-on-exec */
    int (*get_flags)(int fd);            /* fcntl(F_GETFL) */
    int (*set_flags)(int fd, int flags); /* fcntl(F_SETFL) */
    int (*is_file)(int fd); /* 1: a regular file, block device, directory (fstat) */
    int (*open)(const char *path, int flags, mode_t mode);
    int (*close)(int fd);
    int (*unlink)(const char *path);
    int (*is_socket)(const char *path); /* 1: the name of a socket (lstat) */
    int (*chmod)(const char *path, mode_t mode);
    int (*poll)(struct pollfd *fds, nfds_t n, int64_t timeout); /* ns; -1: no end */

    /* descriptors that are made: close-on-exec and non-blocking */
    int (*pipe)(int fds[2]);
    int (*socket)(int domain, int type, int protocol);
    int (*socketpair)(int domain, int type, int protocol, int fds[2]);
    int (*accept)(int fd, struct sockaddr *address, socklen_t *length);
    int (*connect)(int fd, const struct sockaddr *address, socklen_t length);
    int (*bind)(int fd, const struct sockaddr *address, socklen_t length);
    int (*listen)(int fd, int backlog);
    int (*getsockopt)(int fd, int level, int name, void *value,
                      socklen_t *length);
    int (*setsockopt)(int fd, int level, int name, const void *value,
                      socklen_t length);
    int (*peer_is_us)(int fd); /* 1: the same user, or root, connected (Unix) */
    int (*getsockname)(int fd, struct sockaddr *address, socklen_t *length);
    int (*shutdown)(int fd, int how);

    /* pollers; timeouts in nanoseconds, -1: no end */
    int (*epoll_create)(void);
    int (*epoll_ctl)(int epfd, int operation, int fd, struct epoll_event *event);
    int (*epoll_wait)(int epfd, struct epoll_event *events, int n,
                      int64_t timeout);
    int (*uring_setup)(unsigned entries, struct io_uring_params *parameters);
    int (*uring_enter)(int fd, unsigned submit, unsigned wait); /* so many each */
    int (*kqueue)(void);
    int (*kevent)(int kq, const struct kevent *changes, int n_changes,
                  struct kevent *events, int n_events, int64_t timeout);

    /* processes; a spawn that cannot exec fails with exec's errno */
    pid_t (*fork)(void);
    pid_t (*spawn)(const struct spawn_plan *plan);
    pid_t (*getpid)(void);
    pid_t (*waitpid)(pid_t pid, int *status, int options);
    int (*kill)(pid_t pid, int signo);
    int (*child_fd)(pid_t pid); /* readable from the end of that child on */

    /* threads (0 or an error number, as pthreads), signals, names, the end */
    int (*thread_start)(pthread_t *thread, void *(*fn)(void *arg), void *arg);
    int (*thread_join)(pthread_t thread);
    int (*thread_kill)(pthread_t thread, int signo);
    void (*backtrace)(int fd); /* write who called whom, also from a handler */
    int (*sigaction)(int signo, const struct sigaction *now,
                     struct sigaction *old);
    int (*sigaltstack)(const stack_t *now, stack_t *old);
    int (*getaddrinfo)(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **result);
    void (*freeaddrinfo)(struct addrinfo *result);
    int (*getnameinfo)(const struct sockaddr *address, socklen_t length,
                       char *host, socklen_t host_room, char *service,
                       socklen_t service_room, int flags);
    int (*at_exit)(void (*fn)(void));
};

extern struct sys green__sys;

/* The table, for libraries beside this one: the patch library has libgreen's own
 * calls go past the libc functions that it stands in for. */
GREEN_API struct sys *green__seam(void);

/* Wake who waits at the other end of a pipe of the library's.  One that is full has
 * woken it already. */
void green__ring(int fd);

/* n zeroed bytes, or NULL with ENOMEM. */
void *green__zalloc(size_t n);

#endif
