/* SPDX-License-Identifier: MIT */
/* lookups.c - getaddrinfo of names that a slow server knows. */
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "clients.h"

static bool prepare(const char *address)
{
    return address != NULL;
}

static bool call(const char *address)
{
    static int number;
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const struct sockaddr_in *a;
    char name[100];
    bool well;

    snprintf(name, sizeof name, "n%d.%s.", number++, address);
    well = getaddrinfo(name, "80", &hints, &found) == 0;
    if (well) {
        a = (const struct sockaddr_in *)(const void *)found->ai_addr;
        well = a->sin_addr.s_addr == htonl(0xc0000207); /* 192.0.2.7 */
        freeaddrinfo(found);
    }
    return well;
}

static bool open_gate(int n)
{
    return n > 0;
}
