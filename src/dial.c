/* SPDX-License-Identifier: MIT */
/* dial.c - layer 7: connecting to an address.
 *
 * Dialling tries one address after the other.  One scope bounds the look-up and
 * all attempts. */
#include "dial.h"

#include <errno.h>

#include "address.h"
#include "hub.h"
#include "net.h"
#include "sys.h"
#include "wait.h"

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

static int dial_one(const struct addrinfo *a, bool at_once)
{
    int fd = green__net_socket(a), rc;

    if (fd < 0)
        return -1;
    if (at_once)
        rc = try_connect(fd, a);
    else
        rc = green_connect(fd, a->ai_addr, a->ai_addrlen);
    return rc == 0 ? fd : green__net_discard(fd);
}

/* The error of the first address is the one to tell, since libc puts the most
 * suitable first; but if a kill or the end of the time stopped it all, that. */
static int dial_each(const struct addrinfo *a, bool at_once)
{
    int first_error = 0, fd;

    for (; a; a = a->ai_next) {
        fd = dial_one(a, at_once);
        if (fd >= 0)
            return fd;
        if (!first_error)
            first_error = errno;
        if (!at_once && green__refused(green__hub(), GREEN_FOREVER))
            return -1;
    }
    errno = first_error;
    return -1;
}

static int find_and_dial(struct address *a, int64_t timeout,
                         int (*dial)(const struct addrinfo *list, bool at_once))
{
    int fd;

    if (green__address_find(a, false, timeout) != 0)
        return -1;
    fd = dial(a->list, timeout <= 0);
    green__address_free(a);
    return fd;
}

int green__dial(const char *address, int type, int64_t timeout,
                int (*dial)(const struct addrinfo *list, bool at_once))
{
    green_scope_t scope;
    struct address a;
    int fd, error;

    if (green__address_parse(&a, type, address) != 0 ||
        green__refused(green__hub(), timeout))
        return -1;
    if (timeout <= 0)
        return find_and_dial(&a, timeout, dial);
    green_timeout_begin(&scope, timeout);
    fd = find_and_dial(&a, GREEN_FOREVER, dial);
    error = errno;
    green_scope_end(&scope);
    errno = error;
    return fd;
}

int green_dial(const char *address, int64_t timeout)
{
    return green__dial(address, SOCK_STREAM, timeout, dial_each);
}
