/* SPDX-License-Identifier: MIT */
/* socket.c - layer 7: the POSIX calls on sockets, cooperative.
 *
 * Receiving and sending never block with MSG_DONTWAIT.  accept and connect have
 * no such flag: on a socket that is blocking they are made in a moment in which
 * it is not. */
#include <errno.h>
#include "io.h"
#include "sys.h"
#include "wait.h"

/* ---- receive and send ---- */

static ssize_t try_recvfrom(struct fd_state *s, const struct io *io)
{
    return green__sys.recvfrom(s->fd, io->buffer, io->size,
                               io->flags | MSG_DONTWAIT, io->address,
                               io->length);
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

ssize_t green_recvfrom(int fd, void *buffer, size_t n, int flags,
                       struct sockaddr *address, socklen_t *length)
{
    struct io io = {.attempt = try_recvfrom,
                    .fd = fd,
                    .buffer = buffer,
                    .size = n,
                    .flags = flags,
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

    return green__io_run(&io, GREEN_WRITE);
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

    return is_bad_message(message) ? -1 : green__io_run(&io, GREEN_WRITE);
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

int green_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    struct io io = {
        .attempt = try_accept, .fd = fd, .address = address, .length = length};
    int accepted = (int)green__io_run(&io, GREEN_READ);

    if (accepted >= 0)
        green__fd_born(green__current_hub, accepted, true);
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

/* A unix socket whose peer has no room for more says EAGAIN, and nothing tells
 * when there is: ask again, ever less often. */
int green_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    struct green_hub *h = green__hub();
    int64_t pause = GREEN_MS;

    if (green__refused(h, GREEN_FOREVER))
        return -1;
    while (connect_in_window(fd, address, length) < 0) {
        if (errno == EINPROGRESS || errno == EINTR)
            return await_connection(h, fd);
        if (errno != EAGAIN || !address || address->sa_family != AF_UNIX)
            return -1;
        if (green_sleep(pause) < 0)
            return -1;
        pause = pause < 50 * GREEN_MS ? 2 * pause : pause;
    }
    green__spend(h);
    return 0;
}

int green_shutdown(int fd, int how)
{
    return green__sys.shutdown(fd, how);
}
