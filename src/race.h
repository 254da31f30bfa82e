/* SPDX-License-Identifier: MIT */
/* race.h - layer 7: connecting to whichever of several addresses answers. */
#ifndef GREEN_RACE_H
#define GREEN_RACE_H

#include <netdb.h>

/* A connection to one of a list, or -1 with errno: that of a kill or a timeout,
 * or when all have failed, of the first address that this machine has a way to. */
int green__race(const struct addrinfo *list);

/* The same with the connections that are made at once, as within a machine; one
 * that is not counts as ETIMEDOUT. */
int green__race_at_once(const struct addrinfo *list);

#endif
