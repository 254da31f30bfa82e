/* SPDX-License-Identifier: MIT */
/* names.c - layer 8: look-ups, in threads.
 *
 * libc's resolver waits inside libc, where no hook is called; so all of it runs
 * elsewhere.  The old functions answer in memory that the next call uses again. */
#include <stdlib.h>
#include <string.h>
#include "original.h"

HOOK_ORIGINAL(getaddrinfo, int, hook_getaddrinfo,
              (const char *node, const char *service,
               const struct addrinfo *hints, struct addrinfo **result));
int hook_getaddrinfo(const char *node, const char *service,
                     const struct addrinfo *hints, struct addrinfo **result)
{
    if (green__patched(GREEN_PATCH_DNS))
        return green_getaddrinfo(node, service, hints, result);
    return green__original()->getaddrinfo(node, service, hints, result);
}

HOOK_ORIGINAL(getnameinfo, int, hook_getnameinfo,
              (const struct sockaddr *address, socklen_t length, char *host,
               socklen_t host_room, char *service, socklen_t service_room,
               int flags));
int hook_getnameinfo(const struct sockaddr *address, socklen_t length,
                     char *host, socklen_t host_room, char *service,
                     socklen_t service_room, int flags)
{
    if (green__patched(GREEN_PATCH_DNS))
        return green_getnameinfo(address, length, host, host_room, service,
                                 service_room, flags);
    return green__original()->getnameinfo(address, length, host, host_room,
                                          service, service_room, flags);
}

/* ---- gethostbyname ---- */

enum { ROOM = 8192 };

struct host {
    const char *name;
    int family;
    struct hostent entry, *found;
    int error;
    char buffer[ROOM];
};

static void *ask_for_host(void *arg)
{
    struct host *h = arg;

    green__original()->gethostbyname2_r(h->name, h->family, &h->entry,
                                        h->buffer, sizeof h->buffer, &h->found,
                                        &h->error);
    return NULL;
}

/* The answer of this thread's last look-up. */
static _Thread_local struct host *last_host;

/* The thread writes to the record, so the greenlet stays until it has answered,
 * killed or not. */
static struct hostent *host_by_name(const char *name, int family)
{
    struct host *h = calloc(1, sizeof *h);
    green_scope_t shield;

    if (!h) {
        h_errno = TRY_AGAIN;
        return NULL;
    }
    h->name = name;
    h->family = family;
    h->error = TRY_AGAIN;
    green_shield_begin(&shield, GREEN_FOREVER);
    (void)green_offload(ask_for_host, h, NULL, GREEN_FOREVER);
    green_scope_end(&shield);
    free(last_host);
    last_host = h;
    if (!h->found)
        h_errno = h->error;
    return h->found;
}

HOOK_ORIGINAL(gethostbyname2, struct hostent *, hook_gethostbyname2,
              (const char *name, int family));
struct hostent *hook_gethostbyname2(const char *name, int family)
{
    if (green__patched(GREEN_PATCH_DNS))
        return host_by_name(name, family);
    return green__original()->gethostbyname2(name, family);
}

HOOK_ORIGINAL(gethostbyname, struct hostent *, hook_gethostbyname,
              (const char *name));
struct hostent *hook_gethostbyname(const char *name)
{
    if (green__patched(GREEN_PATCH_DNS))
        return host_by_name(name, AF_INET);
    return green__original()->gethostbyname(name);
}
