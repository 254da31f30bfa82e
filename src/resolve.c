/* SPDX-License-Identifier: MIT */
/* resolve.c - layer 7: names to addresses and back, by a thread where it may block.
 *
 * Libc can only look names up while it blocks its thread, and needs a lot of
 * stack to do so; so it does it in a thread of the look-ups' own lane.  Numeric
 * addresses need no look-up and are answered on the spot.
 *
 * The greenlet may leave while libc is still searching.  So the thread works on
 * a copy of the question, and an answer that comes too late is freed with it. */
#include "resolve.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "offload.h"
#include "sys.h"
#include "wait.h"

/* ---- from names to addresses ---- */

struct lookup {
    char *node, *service; /* behind this structure, or NULL */
    bool has_hints;
    struct addrinfo hints;
    struct addrinfo *result; /* ours until it is taken */
    int code;                /* what getaddrinfo returned */
    int error;               /* errno, with EAI_SYSTEM */
};

static void free_lookup(void *arg)
{
    struct lookup *l = arg;

    if (l->result)
        green__sys.freeaddrinfo(l->result);
    green__sys.free(l);
}

/* In the thread. */
static void *run_lookup(void *arg)
{
    struct lookup *l = arg;

    l->code = green__sys.getaddrinfo(
        l->node, l->service, l->has_hints ? &l->hints : NULL, &l->result);
    l->error = errno;
    if (l->code != 0)
        l->result = NULL;
    return l;
}

static struct lookup *make_lookup(const char *node, const char *service,
                                  const struct addrinfo *hints)
{
    size_t node_size = node ? strlen(node) + 1 : 0;
    size_t service_size = service ? strlen(service) + 1 : 0;
    struct lookup *l = green__zalloc(sizeof *l + node_size + service_size);
    char *text;

    if (!l)
        return NULL;
    text = (char *)(l + 1);
    if (node)
        l->node = memcpy(text, node, node_size);
    if (service)
        l->service = memcpy(text + node_size, service, service_size);
    if (hints) {
        l->has_hints = true;
        l->hints = *hints;
    }
    return l;
}

/* What no hints mean to libc. */
static const struct addrinfo no_hints = {.ai_flags =
                                             AI_V4MAPPED | AI_ADDRCONFIG};

static bool is_number(const char *text)
{
    const char *c;

    for (c = text; *c >= '0' && *c <= '9'; c++)
        continue;
    return c > text && *c == '\0';
}

/* Answer what needs no look-up: true, with *code the answer. */
static bool answer_numeric(const char *node, const char *service,
                           const struct addrinfo *hints,
                           struct addrinfo **result, int *code)
{
    struct addrinfo numeric = hints ? *hints : no_hints;
    struct addrinfo *a;

    if (service && !is_number(service))
        return false; /* a search through a file, or a directory service */
    if (node)
        numeric.ai_flags |= AI_NUMERICHOST;
    *code = green__sys.getaddrinfo(node, service, &numeric, result);
    if (*code != 0)
        return *code != EAI_NONAME || !node ||
               (hints && hints->ai_flags & AI_NUMERICHOST);
    for (a = *result; a; a = a->ai_next)
        a->ai_flags = hints ? hints->ai_flags : no_hints.ai_flags;
    return true;
}

/* The call has failed before libc was asked. */
static int failed_lookup(void)
{
    return errno == ENOMEM ? EAI_MEMORY : EAI_SYSTEM;
}

static int wait_for_lookup(struct lookup *l, struct addrinfo **result,
                           int64_t timeout)
{
    void *done;
    int code;

    if (green__offload(&green__lookup_lane, run_lookup, l, free_lookup, &done,
                       timeout) != 0)
        return failed_lookup();
    code = l->code;
    if (code == 0) {
        *result = l->result;
        l->result = NULL;
    } else {
        errno = l->error;
    }
    free_lookup(l);
    return code;
}

int green__getaddrinfo(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **result,
                       int64_t timeout)
{
    struct addrinfo *answer;
    struct lookup *l;
    int code;

    if (green__refused(green__hub(), timeout))
        return failed_lookup();
    if (answer_numeric(node, service, hints, &answer, &code)) {
        if (code == 0)
            *result = answer;
        return code;
    }
    l = make_lookup(node, service, hints);
    if (!l)
        return EAI_MEMORY;
    return wait_for_lookup(l, result, timeout);
}

int green_getaddrinfo(const char *node, const char *service,
                      const struct addrinfo *hints, struct addrinfo **result)
{
    return green__getaddrinfo(node, service, hints, result, GREEN_FOREVER);
}

/* ---- from addresses to names ---- */

struct naming {
    struct sockaddr_storage address;
    socklen_t length, host_room, service_room; /* a room of 0: not asked for */
    int flags, code, error;                    /* as those of a lookup */
    char host[NI_MAXHOST], service[NI_MAXSERV];
};

static void free_naming(void *arg)
{
    green__sys.free(arg);
}

/* In the thread. */
static void *run_naming(void *arg)
{
    struct naming *n = arg;

    n->code = green__sys.getnameinfo(
        (struct sockaddr *)&n->address, n->length,
        n->host_room ? n->host : NULL, n->host_room,
        n->service_room ? n->service : NULL, n->service_room, n->flags);
    n->error = errno;
    return n;
}

static socklen_t room_for(const char *text, socklen_t room, socklen_t most)
{
    if (!text)
        return 0;
    return room < most ? room : most;
}

static void take_name(char *text, socklen_t room, const char *name)
{
    if (room > 0)
        memcpy(text, name, strlen(name) + 1);
}

/* The names stay in n until it is certain that somebody waits for them. */
static int wait_for_naming(struct naming *n, char *host, char *service)
{
    void *done;
    int code;

    if (green__offload(&green__lookup_lane, run_naming, n, free_naming, &done,
                       GREEN_FOREVER) != 0)
        return failed_lookup();
    code = n->code;
    if (code == 0) {
        take_name(host, n->host_room, n->host);
        take_name(service, n->service_room, n->service);
    } else {
        errno = n->error;
    }
    free_naming(n);
    return code;
}

/* Must something be searched for that is asked for? */
static bool needs_search(const char *host, const char *service, int flags)
{
    return (host && !(flags & NI_NUMERICHOST)) ||
           (service && !(flags & NI_NUMERICSERV));
}

int green_getnameinfo(const struct sockaddr *address, socklen_t length,
                      char *host, socklen_t host_room, char *service,
                      socklen_t service_room, int flags)
{
    struct naming *n;

    if (green__refused(green__hub(), GREEN_FOREVER))
        return failed_lookup();
    if (!needs_search(host, service, flags))
        return green__sys.getnameinfo(address, length, host, host_room, service,
                                      service_room, flags);
    if (!address || length > sizeof n->address)
        return EAI_FAMILY;
    n = green__zalloc(sizeof *n);
    if (!n)
        return EAI_MEMORY;
    memcpy(&n->address, address, length);
    n->length = length;
    n->host_room = room_for(host, host_room, sizeof n->host);
    n->service_room = room_for(service, service_room, sizeof n->service);
    n->flags = flags;
    return wait_for_naming(n, host, service);
}
