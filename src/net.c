/* SPDX-License-Identifier: MIT */
/* net.c - layer 7: sockets that listen and that connect.
 *
 * Listening takes one address.  Of a host's several that is an IPv4 one, since
 * who was told "localhost" most likely tries 127.0.0.1.  Without a host it is
 * IPv6's for both families, or IPv4's where there is no IPv6.
 *
 * Dialling tries one address after the other.  One scope bounds the look-up and
 * all attempts. */
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "address.h"
#include "hub.h"
#include "sys.h"
#include "wait.h"

/* ---- sockets ---- */

static int make_socket(const struct addrinfo *a)
{
    int fd = green__sys.socket(a->ai_family, SOCK_STREAM, 0);

    if (fd >= 0)
        green__fd_born(green__hub(), fd, true);
    return fd;
}

/* Close a socket that came to nothing: returns -1, with the errno at hand. */
static int discard_socket(int fd)
{
    int error = errno;

    green_close(fd);
    errno = error;
    return -1;
}

/* An option that makes things better, but need not exist. */
static void switch_option(int fd, int level, int name, int value)
{
    int error = errno;

    green__sys.setsockopt(fd, level, name, &value, sizeof value);
    errno = error;
}

/* Small messages should not wait for each other.  On Linux, sockets inherit it
 * from the one that accepts them. */
static void send_at_once(int fd, const struct addrinfo *a)
{
    if (a->ai_family != AF_UNIX)
        switch_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/* ---- listening ---- */

/* Is the name that is in use a file, left behind by a process that has ended? */
static bool is_left_behind(const struct addrinfo *a)
{
    const struct sockaddr_un *path = (const void *)a->ai_addr;
    int fd, rc, error;

    if (a->ai_family != AF_UNIX || path->sun_path[0] == '\0')
        return false;
    fd = green__sys.socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return false;
    rc = green__sys.connect(fd, a->ai_addr, a->ai_addrlen);
    error = errno;
    green__sys.close(fd);
    /* Connecting to any other file is refused as well: that one must not go. */
    return rc != 0 && error == ECONNREFUSED &&
           green__sys.is_socket(path->sun_path) == 1;
}

static int bind_socket(int fd, const struct addrinfo *a)
{
    const struct sockaddr_un *path = (const void *)a->ai_addr;

    if (green__sys.bind(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -1;
    if (!is_left_behind(a)) {
        errno = EADDRINUSE;
        return -1;
    }
    green__sys.unlink(path->sun_path);
    return green__sys.bind(fd, a->ai_addr, a->ai_addrlen);
}

struct listening {
    int backlog;
    bool reuse_port;
    bool both_families; /* an IPv6 socket takes IPv4 too */
};

static void prepare_to_listen(int fd, const struct addrinfo *a,
                              const struct listening *how)
{
    if (a->ai_family == AF_UNIX)
        return;
    switch_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (how->reuse_port)
        switch_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (how->both_families && a->ai_family == AF_INET6)
        switch_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    send_at_once(fd, a);
}

static int listen_on(const struct addrinfo *a, const struct listening *how)
{
    int fd = make_socket(a);

    if (fd < 0)
        return -1;
    prepare_to_listen(fd, a, how);
    if (bind_socket(fd, a) != 0 || green__sys.listen(fd, how->backlog) != 0)
        return discard_socket(fd);
    return fd;
}

static bool is_missing_here(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

/* The first address that this machine has, those of one family before others. */
static int listen_on_first(const struct addrinfo *addresses, int family,
                           const struct listening *how)
{
    const struct addrinfo *a;
    bool preferred = true;
    int fd;

    do {
        for (a = addresses; a; a = a->ai_next) {
            if ((a->ai_family == family) != preferred)
                continue;
            fd = listen_on(a, how);
            if (fd >= 0 || !is_missing_here(errno))
                return fd;
        }
        preferred = !preferred;
    } while (!preferred);
    return -1;
}

int green__listen(const char *address, int backlog, bool reuse_port)
{
    struct listening how = {backlog > 0 ? backlog : SOMAXCONN, reuse_port,
                            false};
    struct address a;
    int fd;

    if (green__address_parse(&a, address) != 0 ||
        green__refused(green__hub(), GREEN_FOREVER) ||
        green__address_find(&a, true, GREEN_FOREVER) != 0)
        return -1;
    how.both_families = a.host[0] == '\0';
    fd = listen_on_first(a.list, how.both_families ? AF_INET6 : AF_INET, &how);
    green__address_free(&a);
    return fd;
}

int green_listen(const char *address, int backlog)
{
    return green__listen(address, backlog, false);
}

void green__net_unlink(int fd)
{
    struct sockaddr_un path = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof path - 1; /* so that it ends with a 0 */

    if (green__sys.getsockname(fd, (struct sockaddr *)&path, &length) == 0 &&
        path.sun_family == AF_UNIX && path.sun_path[0] != '\0')
        green__sys.unlink(path.sun_path);
}

/* ---- dialling ---- */

/* The outcome of a connection that is made at once, as within a machine. */
static int outcome_of_connect(int fd)
{
    struct pollfd done = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof error;

    if (green__sys.poll(&done, 1, 0) != 1)
        return ETIMEDOUT;
    if (green__sys.getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return errno;
    return error;
}

/* EAGAIN: the backlog of a Unix socket is full. */
static int try_connect(int fd, const struct addrinfo *a)
{
    if (green__sys.connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno == EINPROGRESS)
        errno = outcome_of_connect(fd);
    else if (errno == EAGAIN)
        errno = ETIMEDOUT;
    return errno == 0 ? 0 : -1;
}

static int dial_one(const struct addrinfo *a, int64_t timeout)
{
    int fd = make_socket(a), rc;

    if (fd < 0)
        return -1;
    send_at_once(fd, a);
    if (timeout > 0)
        rc = green_connect(fd, a->ai_addr, a->ai_addrlen);
    else
        rc = try_connect(fd, a);
    return rc == 0 ? fd : discard_socket(fd);
}

/* The error of the first address is the one to tell, since libc puts the most
 * suitable first; but if a kill or the end of the time stopped it all, that. */
static int dial_each(const struct addrinfo *a, int64_t timeout)
{
    int first_error = 0, fd;

    for (; a; a = a->ai_next) {
        fd = dial_one(a, timeout);
        if (fd >= 0)
            return fd;
        if (!first_error)
            first_error = errno;
        if (green__refused(green__hub(), timeout))
            return -1;
    }
    errno = first_error;
    return -1;
}

static int dial_address(struct address *a, int64_t timeout)
{
    int fd;

    if (green__address_find(a, false, timeout) != 0)
        return -1;
    fd = dial_each(a->list, timeout);
    green__address_free(a);
    return fd;
}

int green_dial(const char *address, int64_t timeout)
{
    green_scope_t scope;
    struct address a;
    int fd, error;

    if (green__address_parse(&a, address) != 0 ||
        green__refused(green__hub(), timeout))
        return -1;
    if (timeout <= 0)
        return dial_address(&a, timeout);
    green_timeout_begin(&scope, timeout);
    fd = dial_address(&a, GREEN_FOREVER);
    error = errno;
    green_scope_end(&scope);
    errno = error;
    return fd;
}

/* ---- ports ---- */

int green_local_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } a;
    socklen_t length = sizeof a;

    if (green__sys.getsockname(fd, &a.any, &length) != 0)
        return -1;
    if (a.any.sa_family == AF_INET)
        return ntohs(a.v4.sin_port);
    if (a.any.sa_family == AF_INET6)
        return ntohs(a.v6.sin6_port);
    errno = EINVAL;
    return -1;
}
