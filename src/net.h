/* SPDX-License-Identifier: MIT */
/* net.h - layer 7: sockets for addresses, and those that listen. */
#ifndef GREEN_NET_H
#define GREEN_NET_H

#include <netdb.h>
#include <stdbool.h>

/* A fresh socket for an address of a list, or -1 with errno. */
int green__net_socket(const struct addrinfo *a);

/* Close a socket that came to nothing: returns -1, with the errno at hand. */
int green__net_discard(int fd);

/* green_listen, with SO_REUSEPORT or not; for SOCK_DGRAM, which has no backlog,
 * a socket that is bound. */
int green__listen(const char *address, int type, int backlog, bool reuse_port);

/* The same for a Unix socket with a file, to which only who runs this process may
 * connect. */
int green__listen_closed(const char *address);

/* Remove the file that the Unix socket fd is bound to, if it has one. */
void green__net_unlink(int fd);

#endif
