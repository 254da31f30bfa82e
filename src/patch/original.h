/* SPDX-License-Identifier: MIT */
/* original.h - layer 8: libc's own functions behind hooks that need them.
 *
 * Most hooks are made of system calls and need nothing of libc.  Those that do are
 * in the shared library only: in a static program there would be no original. */
#ifndef GREEN_ORIGINAL_H
#define GREEN_ORIGINAL_H

#include <netdb.h>
#include <stdio.h>
#include <sys/types.h>
#include "sys.h"

struct original {
    pid_t (*fork)(void);
    int (*pclose)(FILE *f);
    int (*getaddrinfo)(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **result);
    int (*getnameinfo)(const struct sockaddr *address, socklen_t length,
                       char *host, socklen_t host_room, char *service,
                       socklen_t service_room, int flags);
    int (*gethostbyname2_r)(const char *name, int family, struct hostent *entry,
                            char *buffer, size_t room, struct hostent **result,
                            int *error);
    struct hostent *(*gethostbyname)(const char *name);
    struct hostent *(*gethostbyname2)(const char *name, int family);
};

/* Found before main; hooks that run earlier find themselves. */
const struct original *green__original(void);

/* Let libgreen call the originals. */
void green__original_patch(struct sys *now, struct sys *before)
    __attribute__((weak));

#endif
