/* SPDX-License-Identifier: MIT */
/* dial.c - layer 7: connecting to an address.
 *
 * A single socket address is connected to, several race (race.c).  One scope
 * bounds the look-up and all attempts. */
#include "dial.h"

#include <errno.h>

#include "address.h"
#include "hub.h"
#include "net.h"
#include "race.h"
#include "wait.h"

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

static int dial_one(const struct addrinfo *a)
{
    int fd = green__net_socket(a);

    if (fd < 0 || green_connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return fd;
    return green__net_discard(fd);
}

static int dial_stream(const struct addrinfo *list, bool at_once)
{
    if (at_once)
        return green__race_at_once(list);
    return list->ai_next ? green__race(list) : dial_one(list);
}

int green_dial(const char *address, int64_t timeout)
{
    return green__dial(address, SOCK_STREAM, timeout, dial_stream);
}
