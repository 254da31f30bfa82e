/* SPDX-License-Identifier: MIT */
/* original.h - layer 8: libc's own functions behind hooks that need them.
 *
 * Most hooks are made of system calls and need nothing of libc.  Those that do have
 * libc's name in the shared library only, which finds the originals behind itself.
 * In a static program there is one function of each name; there the linker is
 * told to bend calls (--wrap=fork): what calls fork gets __wrap_fork, and what
 * __wrap_fork calls as __real_fork is fork. */
#ifndef GREEN_ORIGINAL_H
#define GREEN_ORIGINAL_H

#include <netdb.h>
#include <stdio.h>
#include <sys/types.h>
#include "patch.h"
#include "sys.h"

#if defined(GREEN_PATCH_WRAPS)
#define HOOK_ORIGINAL(symbol, type, name, parameters)                          \
    HOOK(__wrap_##symbol, type, name, parameters)
#define HOOK_ORIGINAL_ALIAS(symbol, type, name, parameters, of)                \
    HOOK_ALIAS(__wrap_##symbol, type, name, parameters, __wrap_##of)
#else
#define HOOK_ORIGINAL HOOK
#define HOOK_ORIGINAL_ALIAS HOOK_ALIAS
#endif

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
