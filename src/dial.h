/* SPDX-License-Identifier: MIT */
/* dial.h - layer 7: connecting to an address. */
#ifndef GREEN_DIAL_H
#define GREEN_DIAL_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

/* Find the addresses that a text means, for sockets of a type, and call dial
 * with them, all within the timeout: what dial returns, a descriptor or -1.  If
 * `at_once`, dial must not wait. */
int green__dial(const char *address, int type, int64_t timeout,
                int (*dial)(const struct addrinfo *list, bool at_once));

#endif
