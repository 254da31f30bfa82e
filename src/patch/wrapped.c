/* SPDX-License-Identifier: MIT */
/* wrapped.c - layer 8: libc's own functions, in the static library: by --wrap. */
#include "original.h"

#define REAL(symbol, type, name, parameters) \
    extern type name parameters __asm__("__real_" #symbol)

REAL(fork, pid_t, real_fork, (void));
REAL(pclose, int, real_pclose, (FILE * f));
REAL(getaddrinfo, int, real_getaddrinfo,
     (const char *node, const char *service, const struct addrinfo *hints,
      struct addrinfo **result));
REAL(getnameinfo, int, real_getnameinfo,
     (const struct sockaddr *address, socklen_t length, char *host,
      socklen_t host_room, char *service, socklen_t service_room, int flags));
REAL(gethostbyname, struct hostent *, real_gethostbyname, (const char *name));
REAL(gethostbyname2, struct hostent *, real_gethostbyname2,
     (const char *name, int family));

static const struct original original = {
    .fork = real_fork,
    .pclose = real_pclose,
    .getaddrinfo = real_getaddrinfo,
    .getnameinfo = real_getnameinfo,
    .gethostbyname2_r = gethostbyname2_r, /* no hook has its name */
    .gethostbyname = real_gethostbyname,
    .gethostbyname2 = real_gethostbyname2,
};

const struct original *green__original(void)
{
    return &original;
}

/* Together, so that whoever asks for this one gets all. */
HOOK_ORIGINAL(fork, pid_t, hook_fork, (void));
HOOK_ORIGINAL(gethostbyname, struct hostent *, hook_gethostbyname,
              (const char *name));
HOOK(epoll_create1, int, hook_epoll_create1, (int flags));
static void (*const every_file[])(void) __attribute__((used)) = {
    (void (*)(void))hook_fork,
    (void (*)(void))hook_gethostbyname,
    (void (*)(void))hook_epoll_create1,
};

void green__original_patch(struct sys *now, struct sys *before)
{
    now->getaddrinfo = real_getaddrinfo;
    now->getnameinfo = real_getnameinfo;
    before->fork = real_fork;
}
