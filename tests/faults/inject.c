/* SPDX-License-Identifier: MIT */
/* inject.c - see inject.h. */
#include "inject.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "sys.h"

static struct sys real;
static struct fault *fault;
static atomic_bool armed;
static atomic_long blocks, mapped;

enum call_number {
    CALL_MALLOC,
    CALL_REALLOC,
    CALL_ALIGNED_ALLOC,
    CALL_MMAP,
    CALL_MPROTECT,
    CALL_MADVISE,
    CALL_MADVISE_MANY,
    CALL_ACCESS,
    CALL_READ,
    CALL_WRITE,
    CALL_WRITE_CALMLY,
    CALL_READV,
    CALL_WRITEV,
    CALL_PREAD,
    CALL_PWRITE,
    CALL_READV_NOWAIT,
    CALL_WRITEV_NOWAIT,
    CALL_PREAD_NOWAIT,
    CALL_RECVMSG,
    CALL_SENDMSG,
    CALL_RECVFROM,
    CALL_SENDTO,
    CALL_DUPLICATE,
    CALL_GET_FLAGS,
    CALL_SET_FLAGS,
    CALL_IS_FILE,
    CALL_OPEN,
    CALL_CLOSE,
    CALL_UNLINK,
    CALL_IS_SOCKET,
    CALL_CHMOD,
    CALL_POLL,
    CALL_PIPE,
    CALL_SOCKET,
    CALL_SOCKETPAIR,
    CALL_ACCEPT,
    CALL_CONNECT,
    CALL_BIND,
    CALL_LISTEN,
    CALL_GETSOCKOPT,
    CALL_SETSOCKOPT,
    CALL_PEER_IS_US,
    CALL_GETSOCKNAME,
    CALL_SHUTDOWN,
    CALL_EPOLL_CREATE,
    CALL_EPOLL_CTL,
    CALL_EPOLL_WAIT,
    CALL_URING_SETUP,
    CALL_URING_ENTER,
    CALL_FORK,
    CALL_SPAWN,
    CALL_WAITPID,
    CALL_KILL,
    CALL_CHILD_FD,
    CALL_THREAD_START,
    CALL_THREAD_KILL,
    CALL_SIGACTION,
    CALL_SIGALTSTACK,
    CALL_GETADDRINFO,
    CALL_GETNAMEINFO,
    CALL_AT_EXIT,
    CALLS
};

/* An errno of each call, the most likely first. */
static const struct {
    const char *name;
    int errors[24];
} calls[CALLS] = {
    [CALL_MALLOC] = {"malloc", {ENOMEM}},
    [CALL_REALLOC] = {"realloc", {ENOMEM}},
    [CALL_ALIGNED_ALLOC] = {"aligned_alloc", {ENOMEM}},
    [CALL_MMAP] = {"mmap",
                   {ENOMEM, EAGAIN, EACCES, EPERM, ENFILE, ENODEV, EINVAL}},
    [CALL_MPROTECT] = {"mprotect", {ENOMEM, EACCES, EINVAL}},
    [CALL_MADVISE] = {"madvise", {ENOMEM, EAGAIN, EINVAL, EPERM, EIO, EBADF}},
    [CALL_MADVISE_MANY] = {"madvise_many",
                           {ENOMEM, EPERM, EINVAL, EBADF, ESRCH, ENOSYS}},
    [CALL_ACCESS] = {"access", {EACCES, ENOENT, ENOMEM, EIO, ELOOP, ENOTDIR}},
    [CALL_READ] = {"read", {EINTR, EIO, EBADF, EINVAL, EISDIR}},
    [CALL_WRITE] = {"write",
                    {EINTR, EIO, EBADF, EINVAL, EPIPE, ENOSPC, EDQUOT, EFBIG,
                     EPERM, EDESTADDRREQ}},
    [CALL_WRITE_CALMLY] = {"write_calmly",
                           {EINTR, EIO, EBADF, EINVAL, EPIPE, ENOSPC, EDQUOT,
                            EFBIG, EPERM, EDESTADDRREQ}},
    [CALL_READV] = {"readv", {EINTR, EIO, EBADF, EINVAL, EISDIR}},
    [CALL_WRITEV] = {"writev",
                     {EINTR, EIO, EBADF, EINVAL, EPIPE, ENOSPC, EDQUOT, EFBIG,
                      EPERM, EDESTADDRREQ}},
    [CALL_PREAD] = {"pread",
                    {EINTR, EIO, EBADF, EINVAL, EISDIR, EOVERFLOW, ENXIO}},
    [CALL_PWRITE] = {"pwrite",
                     {EINTR, EIO, EBADF, EINVAL, EPIPE, ENOSPC, EDQUOT, EFBIG,
                      EPERM, EDESTADDRREQ, EOVERFLOW, ENXIO}},
    [CALL_READV_NOWAIT] = {"readv_nowait",
                           {EOPNOTSUPP, EINTR, EIO, EBADF, EINVAL, EISDIR}},
    [CALL_WRITEV_NOWAIT] = {"writev_nowait",
                            {EOPNOTSUPP, EINTR, EIO, EBADF, EINVAL, EPIPE,
                             ENOSPC, EDQUOT, EFBIG, EPERM, EDESTADDRREQ}},
    [CALL_PREAD_NOWAIT] = {"pread_nowait",
                           {EOPNOTSUPP, EINTR, EIO, EBADF, EINVAL, EISDIR}},
    [CALL_RECVMSG] = {"recvmsg",
                      {EINTR, ENOMEM, ECONNRESET, ECONNREFUSED, ETIMEDOUT,
                       EBADF, EINVAL, ENOTCONN, ENOTSOCK}},
    [CALL_SENDMSG] = {"sendmsg",
                      {EINTR, ENOMEM, ENOBUFS, ECONNRESET, EPIPE, EACCES, EBADF,
                       EDESTADDRREQ, EINVAL, EISCONN, EMSGSIZE, ENOTCONN,
                       ENOTSOCK, EOPNOTSUPP}},
    [CALL_RECVFROM] = {"recvfrom",
                       {EINTR, ENOMEM, ECONNRESET, ECONNREFUSED, ETIMEDOUT,
                        EBADF, EINVAL, ENOTCONN, ENOTSOCK}},
    [CALL_SENDTO] = {"sendto",
                     {EINTR, ENOMEM, ENOBUFS, ECONNRESET, EPIPE, EACCES, EBADF,
                      EDESTADDRREQ, EINVAL, EISCONN, EMSGSIZE, ENOTCONN,
                      ENOTSOCK, EOPNOTSUPP}},
    [CALL_DUPLICATE] = {"duplicate", {EMFILE, EBADF, EINVAL}},
    [CALL_GET_FLAGS] = {"get_flags", {EBADF}},
    [CALL_SET_FLAGS] = {"set_flags", {EBADF, EPERM}},
    [CALL_IS_FILE] = {"is_file", {ENOMEM, EBADF, EOVERFLOW, EIO}},
    [CALL_OPEN] = {"open", {EMFILE, ENFILE, ENOMEM,  EINTR,   EACCES,
                            EEXIST, EFBIG,  EISDIR,  ELOOP,   ENAMETOOLONG,
                            ENODEV, ENOENT, ENOSPC,  ENOTDIR, ENXIO,
                            EPERM,  EROFS,  ETXTBSY, EDQUOT,  EIO}},
    [CALL_CLOSE] = {"close", {EINTR, EIO, ENOSPC, EDQUOT}},
    [CALL_UNLINK] = {"unlink",
                     {EACCES, EBUSY, EIO, EISDIR, ELOOP, ENOENT, ENOMEM,
                      ENOTDIR, EPERM, EROFS}},
    [CALL_IS_SOCKET] = {"is_socket",
                        {EACCES, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR}},
    [CALL_CHMOD] = {"chmod",
                    {EACCES, EIO, ELOOP, ENOENT, ENOMEM, ENOTDIR, EPERM,
                     EROFS}},
    [CALL_POLL] = {"poll", {EINTR, ENOMEM, EINVAL}},
    [CALL_PIPE] = {"pipe", {EMFILE, ENFILE, ENOMEM}},
    [CALL_SOCKET] = {"socket",
                     {EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EAFNOSUPPORT,
                      EINVAL, EPROTONOSUPPORT}},
    [CALL_SOCKETPAIR] = {"socketpair",
                         {EMFILE, ENFILE, ENOMEM, EAFNOSUPPORT, EOPNOTSUPP,
                          EPROTONOSUPPORT}},
    [CALL_ACCEPT] = {"accept",
                     {EINTR, EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED,
                      EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
                      EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EINVAL, EBADF}},
    [CALL_CONNECT] = {"connect",
                      {EINTR, EADDRNOTAVAIL, ECONNREFUSED, ENETUNREACH,
                       ETIMEDOUT, EACCES, EPERM, EADDRINUSE, EAFNOSUPPORT,
                       EAGAIN, EBADF, ENOTSOCK, EPROTOTYPE}},
    [CALL_BIND] = {"bind",
                   {EADDRINUSE, EACCES, EADDRNOTAVAIL, EBADF, EINVAL, ELOOP,
                    ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EROFS, ENOTSOCK}},
    [CALL_LISTEN] = {"listen", {EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP}},
    [CALL_GETSOCKOPT] = {"getsockopt", {ENOPROTOOPT, EBADF, EINVAL, ENOTSOCK}},
    [CALL_SETSOCKOPT] = {"setsockopt",
                         {ENOPROTOOPT, ENOMEM, EBADF, EINVAL, EDOM, ENOTSOCK}},
    [CALL_PEER_IS_US] = {"peer_is_us", {ENOPROTOOPT, EBADF, EINVAL, ENOTSOCK}},
    [CALL_GETSOCKNAME] = {"getsockname", {ENOBUFS, EBADF, EINVAL, ENOTSOCK}},
    [CALL_SHUTDOWN] = {"shutdown", {ENOTCONN, EBADF, EINVAL, ENOTSOCK}},
    [CALL_EPOLL_CREATE] = {"epoll_create", {EMFILE, ENFILE, ENOMEM, EINVAL}},
    [CALL_EPOLL_CTL] = {"epoll_ctl", {ENOMEM, ENOSPC, ELOOP}},
    [CALL_EPOLL_WAIT] = {"epoll_wait", {EINTR}},
    [CALL_URING_SETUP] = {"uring_setup",
                          {ENOSYS, EMFILE, ENFILE, ENOMEM, EPERM, EINVAL,
                           EFAULT}},
    [CALL_URING_ENTER] = {"uring_enter", {EINTR, EAGAIN, EBUSY}},
    [CALL_FORK] = {"fork", {EAGAIN, ENOMEM, ENOSYS}},
    [CALL_SPAWN] = {"spawn",
                    {EAGAIN, ENOMEM, EMFILE, ENFILE, E2BIG, EACCES, EIO, EISDIR,
                     ELIBBAD, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC, ENOTDIR,
                     EPERM, ETXTBSY, EINVAL}},
    [CALL_WAITPID] = {"waitpid", {EINTR, ECHILD, EINVAL}},
    [CALL_KILL] = {"kill", {EPERM, ESRCH, EINVAL}},
    [CALL_CHILD_FD] = {"child_fd",
                       {ENOSYS, EMFILE, ENFILE, ENOMEM, ENODEV, EINVAL, ESRCH}},
    [CALL_THREAD_START] = {"thread_start", {EAGAIN, EPERM, EINVAL}},
    [CALL_THREAD_KILL] = {"thread_kill", {EAGAIN, ESRCH}},
    [CALL_SIGACTION] = {"sigaction", {EINVAL}},
    [CALL_SIGALTSTACK] = {"sigaltstack", {ENOMEM, EPERM, EINVAL}},
    [CALL_GETADDRINFO] = {"getaddrinfo",
                          {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_NONAME,
                           EAI_FAMILY, EAI_SERVICE, EAI_SOCKTYPE, EAI_BADFLAGS,
                           EAI_SYSTEM}},
    [CALL_GETNAMEINFO] = {"getnameinfo",
                          {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_NONAME,
                           EAI_FAMILY, EAI_BADFLAGS, EAI_OVERFLOW, EAI_SYSTEM}},
    [CALL_AT_EXIT] = {"at_exit", {ENOMEM}},
};

static int count_choices(int call)
{
    int n = 0;

    while (calls[call].errors[n])
        n++;
    return n;
}

static bool can_fail_with(int call, int error)
{
    for (int i = 0; calls[call].errors[i]; i++)
        if (calls[call].errors[i] == error)
            return true;
    return false;
}

/* What is short is short for all; what a signal interrupts can be tried again. */
static bool is_shortage(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE;
}

static bool is_passing(int call, int error)
{
    return error == EINTR || error == EAGAIN || error == EBUSY ||
           call == CALL_POLL;
}

static bool begin_fault(int call, int choices)
{
    fault->call = call;
    fault->choices = choices;
    fault->error = calls[call].errors[fault->choice % fault->choices];
    fault->becomes = call == CALL_MMAP ? ENOMEM : fault->error;
    fault->lasts = !is_passing(call, fault->error);
    errno = fault->error;
    atomic_store(&fault->fired, true);
    return true;
}

static bool goes_on(int call, long calls_since)
{
    if (fault->mode == FAULT_ONCE)
        return false;
    if (calls_since > 9 && (fault->mode == FAULT_STORM || !fault->lasts))
        return false;
    if (call != fault->call &&
        (!is_shortage(fault->error) || !can_fail_with(call, fault->error)))
        return false;
    errno = fault->error;
    return true;
}

static bool fails_with(int call, int choices)
{
    static atomic_long since;
    long n;

    if (!atomic_load(&armed))
        return false;
    n = ++fault->calls;
    if (n == fault->n) {
        since = 0;
        return begin_fault(call, choices);
    }
    if (n < fault->n || !atomic_load(&fault->fired))
        return false;
    if (call == fault->call)
        since++;
    return goes_on(call, since);
}

static bool fails(int call)
{
    return fails_with(call, count_choices(call));
}

static bool is_pipe(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* To a pipe nothing can happen but that a signal comes, the first of the errnos. */
static bool fails_on(int fd, int call)
{
    if (!is_pipe(fd))
        return fails(call);
    if (atomic_load(&fault->fired) && fault->error != EINTR)
        return false;
    return fails_with(call, 1);
}

static int resolver_error(void)
{
    int error = errno;

    errno = error == EAI_SYSTEM ? EMFILE : 0;
    return error;
}

/* ---- the calls that can fail ---- */

static void *fail_malloc(size_t size)
{
    void *memory = fails(CALL_MALLOC) ? NULL : real.malloc(size);

    blocks += memory != NULL;
    return memory;
}

static void *fail_realloc(void *old, size_t size)
{
    void *memory;

    if (fails(CALL_REALLOC))
        return NULL;
    memory = real.realloc(old, size);
    blocks += memory && !old;
    return memory;
}

static void *fail_aligned_alloc(size_t alignment, size_t size)
{
    void *memory =
        fails(CALL_ALIGNED_ALLOC) ? NULL : real.aligned_alloc(alignment, size);

    blocks += memory != NULL;
    return memory;
}

static void *fail_mmap(void *at, size_t size, int protection, int flags, int fd,
                       off_t offset)
{
    void *memory = fails(CALL_MMAP)
                       ? MAP_FAILED
                       : real.mmap(at, size, protection, flags, fd, offset);

    if (memory != MAP_FAILED)
        mapped += (long)size;
    return memory;
}

static int fail_mprotect(void *at, size_t size, int protection)
{
    return fails(CALL_MPROTECT) ? -1 : real.mprotect(at, size, protection);
}

static int fail_madvise(void *at, size_t size, int advice)
{
    return fails(CALL_MADVISE) ? -1 : real.madvise(at, size, advice);
}

static ssize_t fail_madvise_many(const struct iovec *ranges, size_t n,
                                 int advice)
{
    return fails(CALL_MADVISE_MANY) ? -1 : real.madvise_many(ranges, n, advice);
}

static int fail_access(const char *path, int mode)
{
    return fails(CALL_ACCESS) ? -1 : real.access(path, mode);
}

static ssize_t fail_read(int fd, void *buffer, size_t n)
{
    return fails_on(fd, CALL_READ) ? -1 : real.read(fd, buffer, n);
}

static ssize_t fail_write(int fd, const void *buffer, size_t n)
{
    return fails_on(fd, CALL_WRITE) ? -1 : real.write(fd, buffer, n);
}

static ssize_t fail_write_calmly(int fd, const void *buffer, size_t n)
{
    return fails_on(fd, CALL_WRITE_CALMLY) ? -1
                                           : real.write_calmly(fd, buffer, n);
}

static ssize_t fail_readv(int fd, const struct iovec *iov, int n)
{
    return fails(CALL_READV) ? -1 : real.readv(fd, iov, n);
}

static ssize_t fail_writev(int fd, const struct iovec *iov, int n)
{
    return fails(CALL_WRITEV) ? -1 : real.writev(fd, iov, n);
}

static ssize_t fail_pread(int fd, void *buffer, size_t n, off_t offset)
{
    return fails(CALL_PREAD) ? -1 : real.pread(fd, buffer, n, offset);
}

static ssize_t fail_pwrite(int fd, const void *buffer, size_t n, off_t offset)
{
    return fails(CALL_PWRITE) ? -1 : real.pwrite(fd, buffer, n, offset);
}

static ssize_t fail_readv_nowait(int fd, const struct iovec *iov, int n)
{
    return fails(CALL_READV_NOWAIT) ? -1 : real.readv_nowait(fd, iov, n);
}

static ssize_t fail_writev_nowait(int fd, const struct iovec *iov, int n)
{
    return fails(CALL_WRITEV_NOWAIT) ? -1 : real.writev_nowait(fd, iov, n);
}

static ssize_t fail_pread_nowait(int fd, void *buffer, size_t n, off_t offset)
{
    return fails(CALL_PREAD_NOWAIT) ? -1
                                    : real.pread_nowait(fd, buffer, n, offset);
}

static ssize_t fail_recvmsg(int fd, struct msghdr *message, int flags)
{
    return fails(CALL_RECVMSG) ? -1 : real.recvmsg(fd, message, flags);
}

static ssize_t fail_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return fails(CALL_SENDMSG) ? -1 : real.sendmsg(fd, message, flags);
}

static ssize_t fail_recvfrom(int fd, void *buffer, size_t n, int flags,
                             struct sockaddr *address, socklen_t *length)
{
    return fails(CALL_RECVFROM)
               ? -1
               : real.recvfrom(fd, buffer, n, flags, address, length);
}

static ssize_t fail_sendto(int fd, const void *buffer, size_t n, int flags,
                           const struct sockaddr *address, socklen_t length)
{
    return fails(CALL_SENDTO)
               ? -1
               : real.sendto(fd, buffer, n, flags, address, length);
}

static int fail_duplicate(int fd)
{
    return fails(CALL_DUPLICATE) ? -1 : real.duplicate(fd);
}

static int fail_get_flags(int fd)
{
    return fails(CALL_GET_FLAGS) ? -1 : real.get_flags(fd);
}

static int fail_set_flags(int fd, int flags)
{
    return fails(CALL_SET_FLAGS) ? -1 : real.set_flags(fd, flags);
}

static int fail_is_file(int fd)
{
    return fails(CALL_IS_FILE) ? -1 : real.is_file(fd);
}

static int fail_open(const char *path, int flags, mode_t mode)
{
    return fails(CALL_OPEN) ? -1 : real.open(path, flags, mode);
}

/* The descriptor is gone nevertheless. */
static int fail_close(int fd)
{
    bool failed = fails(CALL_CLOSE);
    int error = errno, r = real.close(fd);

    if (failed)
        errno = error;
    return failed ? -1 : r;
}

static int fail_unlink(const char *path)
{
    return fails(CALL_UNLINK) ? -1 : real.unlink(path);
}

static int fail_is_socket(const char *path)
{
    return fails(CALL_IS_SOCKET) ? -1 : real.is_socket(path);
}

static int fail_chmod(const char *path, mode_t mode)
{
    return fails(CALL_CHMOD) ? -1 : real.chmod(path, mode);
}

static int fail_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    return fails(CALL_POLL) ? -1 : real.poll(fds, n, timeout);
}

static int fail_pipe(int fds[2])
{
    return fails(CALL_PIPE) ? -1 : real.pipe(fds);
}

static int fail_socket(int domain, int type, int protocol)
{
    return fails(CALL_SOCKET) ? -1 : real.socket(domain, type, protocol);
}

static int fail_socketpair(int domain, int type, int protocol, int fds[2])
{
    return fails(CALL_SOCKETPAIR)
               ? -1
               : real.socketpair(domain, type, protocol, fds);
}

static int fail_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return fails(CALL_ACCEPT) ? -1 : real.accept(fd, address, length);
}

/* An interrupted one goes on behind the scenes. */
static int fail_connect(int fd, const struct sockaddr *address,
                        socklen_t length)
{
    bool failed = fails(CALL_CONNECT);

    if (failed && errno == EINTR) {
        (void)real.connect(fd, address, length);
        errno = EINTR;
    }
    return failed ? -1 : real.connect(fd, address, length);
}

static int fail_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    return fails(CALL_BIND) ? -1 : real.bind(fd, address, length);
}

static int fail_listen(int fd, int backlog)
{
    return fails(CALL_LISTEN) ? -1 : real.listen(fd, backlog);
}

static int fail_getsockopt(int fd, int level, int name, void *value,
                           socklen_t *length)
{
    return fails(CALL_GETSOCKOPT)
               ? -1
               : real.getsockopt(fd, level, name, value, length);
}

static int fail_setsockopt(int fd, int level, int name, const void *value,
                           socklen_t length)
{
    return fails(CALL_SETSOCKOPT)
               ? -1
               : real.setsockopt(fd, level, name, value, length);
}

static int fail_peer_is_us(int fd)
{
    return fails(CALL_PEER_IS_US) ? -1 : real.peer_is_us(fd);
}

static int fail_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
    return fails(CALL_GETSOCKNAME) ? -1 : real.getsockname(fd, address, length);
}

static int fail_shutdown(int fd, int how)
{
    return fails(CALL_SHUTDOWN) ? -1 : real.shutdown(fd, how);
}

static int fail_epoll_create(void)
{
    return fails(CALL_EPOLL_CREATE) ? -1 : real.epoll_create();
}

static int fail_epoll_ctl(int epfd, int operation, int fd,
                          struct epoll_event *event)
{
    return fails(CALL_EPOLL_CTL) ? -1
                                 : real.epoll_ctl(epfd, operation, fd, event);
}

static int fail_epoll_wait(int epfd, struct epoll_event *events, int n,
                           int64_t timeout)
{
    return fails(CALL_EPOLL_WAIT) ? -1
                                  : real.epoll_wait(epfd, events, n, timeout);
}

static int fail_uring_setup(unsigned entries,
                            struct io_uring_params *parameters)
{
    return fails(CALL_URING_SETUP) ? -1 : real.uring_setup(entries, parameters);
}

static int fail_uring_enter(int fd, unsigned submit, unsigned wait)
{
    return fails(CALL_URING_ENTER) ? -1 : real.uring_enter(fd, submit, wait);
}

static pid_t fail_fork(void)
{
    return fails(CALL_FORK) ? -1 : real.fork();
}

static pid_t fail_spawn(const struct spawn_plan *plan)
{
    return fails(CALL_SPAWN) ? -1 : real.spawn(plan);
}

static pid_t fail_waitpid(pid_t pid, int *status, int options)
{
    return fails(CALL_WAITPID) ? -1 : real.waitpid(pid, status, options);
}

static int fail_kill(pid_t pid, int signo)
{
    return fails(CALL_KILL) ? -1 : real.kill(pid, signo);
}

static int fail_child_fd(pid_t pid)
{
    return fails(CALL_CHILD_FD) ? -1 : real.child_fd(pid);
}

static int fail_thread_start(pthread_t *thread, void *(*fn)(void *arg),
                             void *arg)
{
    return fails(CALL_THREAD_START) ? errno
                                    : real.thread_start(thread, fn, arg);
}

static int fail_thread_kill(pthread_t thread, int signo)
{
    return fails(CALL_THREAD_KILL) ? errno : real.thread_kill(thread, signo);
}

static int fail_sigaction(int signo, const struct sigaction *now,
                          struct sigaction *old)
{
    return fails(CALL_SIGACTION) ? -1 : real.sigaction(signo, now, old);
}

/* To ask, and to take one away, cannot fail. */
static int fail_sigaltstack(const stack_t *now, stack_t *old)
{
    if (!now || now->ss_flags & SS_DISABLE)
        return real.sigaltstack(now, old);
    return fails(CALL_SIGALTSTACK) ? -1 : real.sigaltstack(now, old);
}

static int fail_getaddrinfo(const char *node, const char *service,
                            const struct addrinfo *hints,
                            struct addrinfo **result)
{
    return fails(CALL_GETADDRINFO)
               ? resolver_error()
               : real.getaddrinfo(node, service, hints, result);
}

static int fail_getnameinfo(const struct sockaddr *address, socklen_t length,
                            char *host, socklen_t host_room, char *service,
                            socklen_t service_room, int flags)
{
    return fails(CALL_GETNAMEINFO)
               ? resolver_error()
               : real.getnameinfo(address, length, host, host_room, service,
                                  service_room, flags);
}

static int fail_at_exit(void (*fn)(void))
{
    return fails(CALL_AT_EXIT) ? -1 : real.at_exit(fn);
}

static void count_free(void *memory)
{
    blocks -= memory != NULL;
    real.free(memory);
}

/* One that fails leaves the mapping where it is, which is no leak of ours. */
static int fail_munmap(void *at, size_t size)
{
    mapped -= (long)size;
    return real.munmap(at, size);
}

/* ---- the interface ---- */

/* long: it names every entry. */
void fault_install(struct fault *f)
{
    fault = f;
    real = green__sys;
    green__sys.free = count_free;
    green__sys.munmap = fail_munmap;
    green__sys.malloc = fail_malloc;
    green__sys.realloc = fail_realloc;
    green__sys.aligned_alloc = fail_aligned_alloc;
    green__sys.mmap = fail_mmap;
    green__sys.mprotect = fail_mprotect;
    green__sys.madvise = fail_madvise;
    green__sys.madvise_many = fail_madvise_many;
    green__sys.access = fail_access;
    green__sys.read = fail_read;
    green__sys.write = fail_write;
    green__sys.write_calmly = fail_write_calmly;
    green__sys.readv = fail_readv;
    green__sys.writev = fail_writev;
    green__sys.pread = fail_pread;
    green__sys.pwrite = fail_pwrite;
    green__sys.readv_nowait = fail_readv_nowait;
    green__sys.writev_nowait = fail_writev_nowait;
    green__sys.pread_nowait = fail_pread_nowait;
    green__sys.recvmsg = fail_recvmsg;
    green__sys.sendmsg = fail_sendmsg;
    green__sys.recvfrom = fail_recvfrom;
    green__sys.sendto = fail_sendto;
    green__sys.duplicate = fail_duplicate;
    green__sys.get_flags = fail_get_flags;
    green__sys.set_flags = fail_set_flags;
    green__sys.is_file = fail_is_file;
    green__sys.open = fail_open;
    green__sys.close = fail_close;
    green__sys.unlink = fail_unlink;
    green__sys.is_socket = fail_is_socket;
    green__sys.chmod = fail_chmod;
    green__sys.poll = fail_poll;
    green__sys.pipe = fail_pipe;
    green__sys.socket = fail_socket;
    green__sys.socketpair = fail_socketpair;
    green__sys.accept = fail_accept;
    green__sys.connect = fail_connect;
    green__sys.bind = fail_bind;
    green__sys.listen = fail_listen;
    green__sys.getsockopt = fail_getsockopt;
    green__sys.setsockopt = fail_setsockopt;
    green__sys.peer_is_us = fail_peer_is_us;
    green__sys.getsockname = fail_getsockname;
    green__sys.shutdown = fail_shutdown;
    green__sys.epoll_create = fail_epoll_create;
    green__sys.epoll_ctl = fail_epoll_ctl;
    green__sys.epoll_wait = fail_epoll_wait;
    green__sys.uring_setup = fail_uring_setup;
    green__sys.uring_enter = fail_uring_enter;
    green__sys.fork = fail_fork;
    green__sys.spawn = fail_spawn;
    green__sys.waitpid = fail_waitpid;
    green__sys.kill = fail_kill;
    green__sys.child_fd = fail_child_fd;
    green__sys.thread_start = fail_thread_start;
    green__sys.thread_kill = fail_thread_kill;
    green__sys.sigaction = fail_sigaction;
    green__sys.sigaltstack = fail_sigaltstack;
    green__sys.getaddrinfo = fail_getaddrinfo;
    green__sys.getnameinfo = fail_getnameinfo;
    green__sys.at_exit = fail_at_exit;
}

void fault_arm(bool on)
{
    atomic_store(&armed, on);
}

const char *fault_name(int call)
{
    return calls[call].name;
}

struct holding fault_holding(void)
{
    return (struct holding){blocks, mapped};
}
