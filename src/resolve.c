/* SPDX-License-Identifier: MIT */
/* resolve.c - layer 7: getaddrinfo, by a thread where it may block.
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
    char *text = (char *)(l + 1);

    if (!l)
        return NULL;
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
