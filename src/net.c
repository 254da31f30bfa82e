/* SPDX-License-Identifier: MIT */
/* net.c - layer 7: sockets for addresses, and those that listen.
 *
 * Listening takes one address.  Of a host's several that is an IPv4 one, since
 * who was told "localhost" most likely tries 127.0.0.1.  Without a host it is
 * IPv6's for both families, or IPv4's where there is no IPv6.
 *
 * For datagrams it is the same without a backlog, except that an address may
 * not be taken again while it is in use: SO_REUSEADDR, harmless with streams,
 * would let two sockets have it, and one of them starve. */
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "address.h"
#include "hub.h"
#include "sys.h"
#include "wait.h"

/* ---- sockets ---- */

/* An option that makes things better, but need not exist. */
static void switch_option(int fd, int level, int name, int value)
{
    int error = errno;

    green__sys.setsockopt(fd, level, name, &value, sizeof value);
    errno = error;
}

/* Small messages should not wait for each other.  On Linux, sockets inherit it
 * from the one that accepts them. */
int green__net_socket(const struct addrinfo *a)
{
    bool tcp = a->ai_socktype == SOCK_STREAM && a->ai_family != AF_UNIX;
    int fd = green__sys.socket(a->ai_family, a->ai_socktype, 0);

    if (fd < 0)
        return -1;
    green__fd_born(green__hub(), fd, tcp);
    if (tcp)
        switch_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return fd;
}

int green__net_discard(int fd)
{
    int error = errno;

    green_close(fd);
    errno = error;
    return -1;
}

/* ---- listening ---- */

/* Is the name that is in use a file, left behind by a process that has ended? */
static bool is_left_behind(const struct addrinfo *a)
{
    const struct sockaddr_un *path = (const void *)a->ai_addr;
    int fd, rc, error;

    if (a->ai_family != AF_UNIX || path->sun_path[0] == '\0')
        return false;
    fd = green__sys.socket(AF_UNIX, a->ai_socktype, 0);
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
    bool only_ours;     /* nobody else may connect to a Unix socket */
};

static void prepare_to_listen(int fd, const struct addrinfo *a,
                              const struct listening *how)
{
    if (a->ai_family == AF_UNIX)
        return;
    if (a->ai_socktype == SOCK_STREAM)
        switch_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (how->reuse_port)
        switch_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (how->both_families && a->ai_family == AF_INET6)
        switch_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
}

/* Between bind and listen, so that it never was any different: before listen
 * nobody can connect. */
static int close_to_others(const struct addrinfo *a,
                           const struct listening *how)
{
    const struct sockaddr_un *path = (const void *)a->ai_addr;

    return how->only_ours ? green__sys.chmod(path->sun_path, 0600) : 0;
}

static int listen_on(const struct addrinfo *a, const struct listening *how)
{
    int fd = green__net_socket(a);

    if (fd < 0)
        return -1;
    prepare_to_listen(fd, a, how);
    if (bind_socket(fd, a) != 0 || close_to_others(a, how) != 0 ||
        (a->ai_socktype == SOCK_STREAM &&
         green__sys.listen(fd, how->backlog) != 0))
        return green__net_discard(fd);
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

static int listen_as(const char *address, int type, struct listening how)
{
    struct address a;
    int fd;

    if (green__address_parse(&a, type, address) != 0 ||
        green__refused(green__hub(), GREEN_FOREVER) ||
        green__address_find(&a, true, GREEN_FOREVER) != 0)
        return -1;
    how.both_families = a.host[0] == '\0';
    fd = listen_on_first(a.list, how.both_families ? AF_INET6 : AF_INET, &how);
    green__address_free(&a);
    return fd;
}

int green__listen(const char *address, int type, int backlog, bool reuse_port)
{
    struct listening how = {.backlog = backlog > 0 ? backlog : SOMAXCONN,
                            .reuse_port = reuse_port};

    return listen_as(address, type, how);
}

int green__listen_closed(const char *address)
{
    struct listening how = {.backlog = SOMAXCONN, .only_ours = true};

    return listen_as(address, SOCK_STREAM, how);
}

int green_listen(const char *address, int backlog)
{
    return green__listen(address, SOCK_STREAM, backlog, false);
}

void green__net_unlink(int fd)
{
    struct sockaddr_un path = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof path - 1; /* so that it ends with a 0 */

    if (green__sys.getsockname(fd, (struct sockaddr *)&path, &length) == 0 &&
        path.sun_family == AF_UNIX && path.sun_path[0] != '\0')
        green__sys.unlink(path.sun_path);
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
