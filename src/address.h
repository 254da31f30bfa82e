/* SPDX-License-Identifier: MIT */
/* address.h - layer 7: from an address as text to addresses for sockets. */
#ifndef GREEN_ADDRESS_H
#define GREEN_ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#define HOST_SIZE 256 /* of a domain name, with its 0 */
#define PORT_SIZE 6

struct address {
    char host[HOST_SIZE];        /* empty: every interface, or localhost */
    char port[PORT_SIZE];
    int family;                  /* AF_UNIX, AF_INET6 for [v6], else AF_UNSPEC */
    int type;                    /* SOCK_STREAM or SOCK_DGRAM */
    struct sockaddr_un path;
    struct addrinfo path_info;   /* the list that consists of `path` */
    struct addrinfo *list;       /* once found */
};

/* Take a text apart, for sockets of a type: 0, or -1 with errno EINVAL or
 * ENAMETOOLONG. */
int green__address_parse(struct address *a, int type, const char *text);

/* Find the socket addresses of a parsed one, to listen on or to dial: 0, or -1
 * with errno.  timeout <= 0: only what needs no look-up. */
int green__address_find(struct address *a, bool to_listen, int64_t timeout);

/* Free what was found.  Errno survives. */
void green__address_free(struct address *a);

#endif
