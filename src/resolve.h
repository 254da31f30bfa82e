/* SPDX-License-Identifier: MIT */
/* resolve.h - layer 7: names of hosts and services, looked up in a thread. */
#ifndef GREEN_RESOLVE_H
#define GREEN_RESOLVE_H

#include "green_impl.h"

/* green_getaddrinfo with a timeout; <= 0: only what needs no look-up. */
int green__getaddrinfo(const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **result,
                       int64_t timeout);

#endif
