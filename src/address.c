/* SPDX-License-Identifier: MIT */
/* address.c - layer 7: from an address as text to addresses for sockets.
 *
 *     host:port   :port   *:port   [v6 address]:port
 *     unix:/path  unix:@name (Linux: a name without a file)
 *
 * Whatever the text says becomes a list as getaddrinfo makes them, so that
 * listening and dialling are one loop for every family.  A port is a number: the
 * names of services would be looked up in a file for nothing.  An IPv6 address
 * stands in brackets, since else the port could be taken for a part of it. */
#include "address.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "resolve.h"
#include "sys.h"

static int refuse_address(int error)
{
    errno = error;
    return -1;
}

static int parse_path(struct address *a, const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || strcmp(name, "@") == 0)
        return refuse_address(EINVAL);
    if (length >= sizeof a->path.sun_path)
        return refuse_address(ENAMETOOLONG);
    a->family = a->path.sun_family = AF_UNIX;
    memcpy(a->path.sun_path, name, length + 1);
    length += offsetof(struct sockaddr_un, sun_path) + 1;
    if (name[0] == '@') { /* such a name begins with a 0 and ends without */
        a->path.sun_path[0] = '\0';
        length--;
    }
    a->path_info.ai_addrlen = (socklen_t)length;
    return 0;
}

static int parse_port(struct address *a, const char *text)
{
    unsigned number = 0;
    size_t n;

    for (n = 0; text[n]; n++) {
        if (text[n] < '0' || text[n] > '9' || n == PORT_SIZE - 1)
            return refuse_address(EINVAL);
        number = number * 10 + (unsigned)(text[n] - '0');
    }
    if (n == 0 || number > 65535)
        return refuse_address(EINVAL);
    memcpy(a->port, text, n + 1);
    return 0;
}

/* The host is [text, end). */
static int parse_host(struct address *a, const char *text, const char *end)
{
    size_t length;

    if (*text == '[') {
        if (end - text < 4 || end[-1] != ']')
            return refuse_address(EINVAL);
        a->family = AF_INET6;
        text++;
        end--;
    }
    length = (size_t)(end - text);
    if (length == 1 && *text == '*')
        length = 0;
    if (length >= HOST_SIZE)
        return refuse_address(EINVAL);
    memcpy(a->host, text, length);
    if ((strchr(a->host, ':') != NULL) != (a->family == AF_INET6))
        return refuse_address(EINVAL);
    return 0;
}

int green__address_parse(struct address *a, int type, const char *text)
{
    const char *colon = text ? strrchr(text, ':') : NULL;

    memset(a, 0, sizeof *a);
    a->type = type;
    if (!colon)
        return refuse_address(EINVAL);
    if (strncmp(text, "unix:", 5) == 0)
        return parse_path(a, text + 5);
    return parse_host(a, text, colon) != 0 ? -1 : parse_port(a, colon + 1);
}

static int lookup_errno(int code)
{
    switch (code) {
    case EAI_SYSTEM:
        return errno;
    case EAI_AGAIN: /* no name server could be asked */
        return EAGAIN;
    case EAI_MEMORY:
        return ENOMEM;
    default: /* no such host, or it has no address */
        return ENOENT;
    }
}

int green__address_find(struct address *a, bool to_listen, int64_t timeout)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICSERV,
                             .ai_family = a->family,
                             .ai_socktype = a->type};
    int code;

    if (a->family == AF_UNIX) {
        a->path_info.ai_family = AF_UNIX;
        a->path_info.ai_socktype = a->type;
        a->path_info.ai_addr = (struct sockaddr *)&a->path;
        a->list = &a->path_info;
        return 0;
    }
    if (to_listen)
        hints.ai_flags |= AI_PASSIVE;
    if (a->family == AF_INET6)
        hints.ai_flags |= AI_NUMERICHOST;
    code = green__getaddrinfo(a->host[0] ? a->host : NULL, a->port, &hints,
                              &a->list, timeout);
    if (code == EAI_NONAME && a->family == AF_INET6)
        return refuse_address(EINVAL);
    return code == 0 ? 0 : refuse_address(lookup_errno(code));
}

void green__address_free(struct address *a)
{
    int error = errno;

    if (a->list && a->list != &a->path_info)
        green__sys.freeaddrinfo(a->list);
    errno = error;
}
