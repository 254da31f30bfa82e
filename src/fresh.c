/* SPDX-License-Identifier: MIT */
/* fresh.c - layer 7: descriptors that the library makes for its user.
 *
 * They are non-blocking and close-on-exec, and the hub knows of their birth: what
 * it knew of the number before is void, and it need not look for closings that
 * nobody told of.
 *
 * A short read from TCP means that there is nothing more, and saves a call.  From
 * a Unix socket it may also mean that what comes next carries descriptors, or is
 * somebody else's; so the hub is told which are TCP. */
#include <errno.h>
#include <netinet/in.h>

#include "hub.h"
#include "sys.h"

#define TYPE_BITS 15 /* of the second argument of socket; flags are above */

static bool is_tcp(int domain, int type, int protocol)
{
    return (domain == AF_INET || domain == AF_INET6) &&
           (type & TYPE_BITS) == SOCK_STREAM &&
           (protocol == 0 || protocol == IPPROTO_TCP);
}

int green_socket(int domain, int type, int protocol)
{
    struct green_hub *h = green__hub();
    int fd = h ? green__sys.socket(domain, type, protocol) : -1;

    if (fd >= 0)
        green__fd_born(h, fd, is_tcp(domain, type, protocol));
    return fd;
}

int green_socketpair(int domain, int type, int protocol, int fds[2])
{
    struct green_hub *h = green__hub();

    if (!h || green__sys.socketpair(domain, type, protocol, fds) != 0)
        return -1;
    green__fd_born(h, fds[0], false);
    green__fd_born(h, fds[1], false);
    return 0;
}

int green_pipe(int fds[2])
{
    struct green_hub *h = green__hub();

    if (!h || green__sys.pipe(fds) != 0)
        return -1;
    green__fd_born(h, fds[0], false);
    green__fd_born(h, fds[1], false);
    return 0;
}
