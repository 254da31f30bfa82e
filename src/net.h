/* SPDX-License-Identifier: MIT */
/* net.h - layer 7: listening and dialling, what server.c needs of it. */
#ifndef GREEN_NET_H
#define GREEN_NET_H

#include <stdbool.h>

/* green_listen, with SO_REUSEPORT or not. */
int green__listen(const char *address, int backlog, bool reuse_port);

/* Remove the file that the Unix socket fd is bound to, if it has one. */
void green__net_unlink(int fd);

#endif
