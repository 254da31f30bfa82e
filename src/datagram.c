/* SPDX-License-Identifier: MIT */
/* datagram.c - layer 7: sockets for datagrams, and a server of them.
 *
 * A server has one socket.  A greenlet receives, and for each datagram another
 * one handles it and may answer through the same socket; which therefore stays
 * open until the last of them has ended.  How they begin, are bounded and end is
 * service.c's.
 *
 * No datagram is cut short.  Those of the internet cannot be longer than the
 * receiver's buffer.  Those of Unix sockets can be of any size, so they are
 * looked at first, and the buffer grows.
 *
 * An error that receiving brings is either of one datagram, often of one sent
 * before and refused by somebody's machine, or a shortage that passes. */
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "dial.h"
#include "hub.h"
#include "net.h"
#include "service.h"
#include "sys.h"

#define LONGEST_OF_INTERNET 65536
#define AT_ONCE 1024 /* datagrams, unless options say otherwise */

struct datagram_server {
    struct green_server server;
    green_datagram_handler_t *handler;
    char *buffer; /* the receiver's, of `room` bytes */
    size_t room;
    bool any_size; /* the datagrams are: a Unix socket */
};

struct datagram {
    struct work work;
    socklen_t length; /* of `from` */
    struct sockaddr_storage from;
    size_t n;
    alignas(max_align_t) char data[]; /* n bytes, and a 0 */
};

/* ---- sockets ---- */

int green_datagram_listen(const char *address)
{
    return green__listen(address, SOCK_DGRAM, 0, false);
}

/* On Linux a Unix socket that is bound to no name gets one that nobody has, and
 * so can be answered.  Elsewhere it can only send. */
static void bind_anywhere(int fd)
{
    const struct sockaddr none = {.sa_family = AF_UNIX};

    green__sys.bind(fd, &none, offsetof(struct sockaddr, sa_data));
}

static int dial_peer(const struct addrinfo *a)
{
    int fd = green__net_socket(a);

    if (fd < 0)
        return -1;
    if (a->ai_family == AF_UNIX)
        bind_anywhere(fd);
    if (green__sys.connect(fd, a->ai_addr, a->ai_addrlen) != 0)
        return green__net_discard(fd);
    return fd;
}

/* Nothing is sent, so this never waits: the first address to which there is a
 * way.  If there is none, the error of the first. */
static int dial_first_peer(const struct addrinfo *a, bool at_once)
{
    int fd = dial_peer(a), error = errno;

    (void)at_once;
    while (fd < 0 && (a = a->ai_next))
        fd = dial_peer(a);
    if (fd < 0)
        errno = error;
    return fd;
}

int green_datagram_dial(const char *address, int64_t timeout)
{
    return green__dial(address, SOCK_DGRAM, timeout, dial_first_peer);
}

/* ---- handling ---- */

static void end_datagram(void *arg)
{
    green__service_done(arg);
}

static void *run_datagram(void *arg)
{
    struct datagram *g = arg;
    struct datagram_server *d = (struct datagram_server *)g->work.server;

    if (green__service_begin(&g->work, end_datagram) == 0)
        d->handler(d->server.fd, g->data, g->n, (struct sockaddr *)&g->from,
                   g->length, d->server.arg);
    return NULL;
}

/* ---- the receiver ---- */

static bool ends_receiver(int error)
{
    return error == ECANCELED || error == EBADF || error == ENOTSOCK;
}

static bool concerns_one_datagram(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET ||
           error == EHOSTUNREACH || error == ENETUNREACH || error == EMSGSIZE ||
           error == EPROTO;
}

/* What to do after an error: 0 to try again, -1 at the end.  Those that concern
 * one datagram are told once each, but even so others get their turn. */
static int endure(int error, int64_t *pause)
{
    if (ends_receiver(error))
        return -1;
    return concerns_one_datagram(error) ? green_yield()
                                        : green__service_pause(pause);
}

static int widen_buffer(struct datagram_server *d)
{
    char *wider = green__sys.realloc(d->buffer, d->room * 2);

    if (!wider)
        return -1;
    d->buffer = wider;
    d->room *= 2;
    return 0;
}

/* Receive into the buffer, and learn from whom. */
static ssize_t receive(struct datagram_server *d, struct msghdr *m,
                       struct sockaddr_storage *from)
{
    struct iovec all = {.iov_base = d->buffer, .iov_len = d->room};

    *m = (struct msghdr){.msg_name = from,
                         .msg_namelen = sizeof *from,
                         .msg_iov = &all,
                         .msg_iovlen = 1};
    return green_recvmsg(d->server.fd, m, 0);
}

/* Wait for a datagram, and see that it fits. */
static int make_room(struct datagram_server *d)
{
    struct iovec all;
    struct msghdr m;

    do {
        all = (struct iovec){.iov_base = d->buffer, .iov_len = d->room};
        m = (struct msghdr){.msg_iov = &all, .msg_iovlen = 1};
        if (green_recvmsg(d->server.fd, &m, MSG_PEEK) < 0)
            return -1;
    } while (m.msg_flags & MSG_TRUNC && widen_buffer(d) == 0);
    return m.msg_flags & MSG_TRUNC ? -1 : 0;
}

/* A copy of n bytes of the buffer; NULL if killed while there is no memory. */
static struct datagram *copy_buffer(const struct datagram_server *d, size_t n)
{
    struct datagram *g;
    int64_t pause = 0;

    while (!(g = green__sys.malloc(sizeof *g + n + 1)))
        if (green__service_pause(&pause) != 0)
            return NULL;
    memset(g, 0, sizeof *g);
    g->n = n;
    memcpy(g->data, d->buffer, n);
    g->data[n] = '\0';
    return g;
}

/* The next datagram, or NULL at the end, with errno. */
static struct datagram *next_datagram(struct datagram_server *d)
{
    struct sockaddr_storage from = {0};
    struct datagram *g;
    struct msghdr m;
    int64_t pause = 0;
    ssize_t n;

    while ((d->any_size && make_room(d) != 0) ||
           (n = receive(d, &m, &from)) < 0)
        if (endure(errno, &pause) != 0)
            return NULL;
    g = copy_buffer(d, (size_t)n);
    if (g) {
        g->from = from;
        g->length = m.msg_namelen;
    }
    return g;
}

static int handle_datagram(green_server_t *s, struct datagram *g)
{
    if (green__service_employ(s, &g->work, run_datagram) == 0)
        return 0;
    green__sys.free(g);
    errno = ECANCELED;
    return -1;
}

static void *run_receiver(void *arg)
{
    struct datagram_server *d = arg;
    struct datagram *g;

    do {
        if (green__service_admit(&d->server) != 0)
            break;
        g = next_datagram(d);
    } while (g && handle_datagram(&d->server, g) == 0);
    green__sys.free(d->buffer);
    green__service_leave(&d->server);
    return NULL;
}

/* ---- starting ---- */

static struct datagram_server *
make_datagram_server(const green_server_options_t *options)
{
    size_t max = options && options->max > 0 ? options->max : AT_ONCE;
    struct datagram_server *d =
        (struct datagram_server *)green__service_make(sizeof *d, max);

    if (!d)
        return NULL;
    d->server.keeps_socket = true;
    d->room = LONGEST_OF_INTERNET;
    d->buffer = green__sys.malloc(d->room);
    if (d->buffer)
        return d;
    green__sys.free(d);
    errno = ENOMEM;
    return NULL;
}

static int open_datagram_server(struct datagram_server *d, const char *address,
                                const green_server_options_t *options)
{
    static const green_options_t name = {.name = "receiver"};
    int fd =
        green__listen(address, SOCK_DGRAM, 0, options && options->reuse_port);

    if (fd < 0)
        return -1;
    d->any_size = green_local_port(fd) < 0;
    return green__service_open(&d->server, fd, run_receiver, &name);
}

green_server_t *
green_datagram_server_start(const char *address,
                            green_datagram_handler_t *handler, void *arg,
                            const green_server_options_t *options)
{
    struct datagram_server *d;
    int error;

    if (!handler) {
        errno = EINVAL;
        return NULL;
    }
    d = make_datagram_server(options);
    if (!d)
        return NULL;
    d->handler = handler;
    d->server.arg = arg;
    if (open_datagram_server(d, address, options) == 0)
        return &d->server;
    error = errno;
    green__sys.free(d->buffer);
    green__sys.free(d);
    errno = error;
    return NULL;
}
