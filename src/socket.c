/* SPDX-License-Identifier: MIT */
/* socket.c - layer 7: the POSIX calls on sockets, cooperative.
 *
 * Receiving and sending never block with MSG_DONTWAIT.  accept and connect have
 * no such flag: on a socket that is blocking they are made in a moment in which
 * it is not.
 *
 * Of a Unix socket that others are to connect to, or that gets datagrams by its
 * name, nothing tells when it has room: the caller asks again, ever less often. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include "io.h"
#include "sys.h"
#include "wait.h"
#include "window.h"

#define FIRST_PAUSE GREEN_MS
#define LONG_ENOUGH (50 * GREEN_MS)

/* Wait until there may be room: 0, or -1. */
static int pause_for_room(int64_t *pause)
{
    if (green_sleep(*pause) < 0)
        return -1;
    if (*pause < LONG_ENOUGH)
        *pause *= 2;
    return 0;
}

/* ---- receive and send ---- */

static ssize_t try_recvfrom(struct fd_state *s, const struct io *io)
{
    ssize_t r =
        green__sys.recvfrom(s->fd, io->buffer, io->size,
                            io->flags | MSG_DONTWAIT, io->address, io->length);

    if (io->plain_read)
        green__note_read(s, r, io->size);
    return r;
}

static ssize_t try_sendto(struct fd_state *s, const struct io *io)
{
    return green__sys.sendto(s->fd, io->buffer, io->size,
                             io->flags | MSG_DONTWAIT | MSG_NOSIGNAL,
                             io->address, io->to_length);
}

static ssize_t try_recvmsg(struct fd_state *s, const struct io *io)
{
    return green__sys.recvmsg(s->fd, io->message, io->flags | MSG_DONTWAIT);
}

static ssize_t try_sendmsg(struct fd_state *s, const struct io *io)
{
    return green__sys.sendmsg(s->fd, io->message,
                              io->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool is_path(const struct sockaddr *address)
{
    return address && address->sa_family == AF_UNIX;
}

/* The poller would say that the sender has room, though the path has none.  The
 * address is looked at only when the system has found it good. */
static ssize_t send_to(struct io *io, const struct sockaddr *to)
{
    int flags = io->flags;
    int64_t pause = FIRST_PAUSE;
    ssize_t n;

    io->flags |= MSG_DONTWAIT;
    while ((n = green__io_run(io, GREEN_WRITE)) < 0 && errno == EAGAIN &&
           !(flags & MSG_DONTWAIT) && is_path(to))
        if (pause_for_room(&pause) < 0)
            return -1;
    io->flags = flags;
    return n < 0 && errno == EAGAIN ? green__io_run(io, GREEN_WRITE) : n;
}

static ssize_t run_send(struct io *io, const struct sockaddr *to)
{
    return to ? send_to(io, to) : green__io_run(io, GREEN_WRITE);
}

ssize_t green_recvfrom(int fd, void *buffer, size_t n, int flags,
                       struct sockaddr *address, socklen_t *length)
{
    struct io io = {.attempt = try_recvfrom,
                    .fd = fd,
                    .buffer = buffer,
                    .size = n,
                    .flags = flags,
                    .plain_read = (flags & ~MSG_NOSIGNAL) == 0,
                    .address = address,
                    .length = length};

    return green__io_run(&io, GREEN_READ);
}

ssize_t green_sendto(int fd, const void *buffer, size_t n, int flags,
                     const struct sockaddr *address, socklen_t length)
{
    struct io io = {.attempt = try_sendto,
                    .fd = fd,
                    .buffer = (void *)(uintptr_t)buffer,
                    .size = n,
                    .flags = flags,
                    .address = (struct sockaddr *)(uintptr_t)address,
                    .to_length = length};

    return run_send(&io, address);
}

/* All that was asked for, unless the peer ends or an error comes first. */
static ssize_t recv_full(int fd, char *buffer, size_t n, int flags)
{
    size_t done = 0;
    ssize_t r = 1;

    while (done < n && r > 0) {
        r = green_recvfrom(fd, buffer + done, n - done, flags & ~MSG_WAITALL,
                           NULL, NULL);
        if (r > 0)
            done += (size_t)r;
    }
    return r < 0 && done == 0 ? -1 : (ssize_t)done;
}

ssize_t green_recv(int fd, void *buffer, size_t n, int flags)
{
    if (flags & MSG_WAITALL && !(flags & (MSG_PEEK | MSG_DONTWAIT)))
        return recv_full(fd, buffer, n, flags);
    return green_recvfrom(fd, buffer, n, flags, NULL, NULL);
}

ssize_t green_send(int fd, const void *buffer, size_t n, int flags)
{
    return green_sendto(fd, buffer, n, flags, NULL, 0);
}

static bool is_bad_message(const struct msghdr *message)
{
    if (!message)
        errno = EFAULT;
    return !message;
}

ssize_t green_recvmsg(int fd, struct msghdr *message, int flags)
{
    struct io io = {
        .attempt = try_recvmsg, .fd = fd, .message = message, .flags = flags};

    return is_bad_message(message) ? -1 : green__io_run(&io, GREEN_READ);
}

ssize_t green_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct io io = {.attempt = try_sendmsg,
                    .fd = fd,
                    .message = (struct msghdr *)(uintptr_t)message,
                    .flags = flags};

    return is_bad_message(message) ? -1 : run_send(&io, message->msg_name);
}

/* ---- accept ---- */

static ssize_t try_accept(struct fd_state *s, const struct io *io)
{
    int flags = green__window_open(s->fd), accepted;

    if (flags < 0)
        return -1;
    accepted = green__sys.accept(s->fd, io->address, io->length);
    green__window_close(s->fd, flags);
    return accepted;
}

/* Only those have the option. */
static bool is_tcp_socket(int fd)
{
    int value, saved_errno = errno;
    socklen_t size = sizeof value;
    bool has_it =
        green__sys.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0;

    errno = saved_errno;
    return has_it;
}

int green_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    struct io io = {
        .attempt = try_accept, .fd = fd, .address = address, .length = length};
    int accepted = (int)green__io_run(&io, GREEN_READ);
    struct green_hub *h = green__current_hub;
    const struct fd_state *listener = green__fd_known(h, fd);

    if (accepted >= 0)
        green__fd_born(h, accepted,
                       (listener && listener->tcp) || is_tcp_socket(accepted));
    return accepted;
}

/* ---- connect ---- */

static int connect_in_window(int fd, const struct sockaddr *address,
                             socklen_t length)
{
    int flags = green__window_open(fd), r;

    if (flags < 0)
        return -1;
    r = green__sys.connect(fd, address, length);
    green__window_close(fd, flags);
    return r;
}

/* The connection is under way: wait for its outcome. */
static int await_connection(struct green_hub *h, int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (green__fd_wait(h, fd, GREEN_WRITE, GREEN_FOREVER, WAIT_WRITE) < 0 ||
        green__sys.getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -1;
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

int green_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    struct green_hub *h = green__hub();
    int64_t pause = FIRST_PAUSE;

    if (green__refused(h, GREEN_FOREVER))
        return -1;
    while (connect_in_window(fd, address, length) < 0) {
        if (errno == EINPROGRESS || errno == EINTR)
            return await_connection(h, fd);
        if (errno != EAGAIN || !is_path(address) || pause_for_room(&pause) < 0)
            return -1;
    }
    green__spend(h);
    return 0;
}

int green_shutdown(int fd, int how)
{
    return green__sys.shutdown(fd, how);
}
