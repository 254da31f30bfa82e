/* SPDX-License-Identifier: MIT */
/* route.h - layer 8: from the number of a system call to the hook of its name. */
#ifndef GREEN_PATCH_ROUTE_H
#define GREEN_PATCH_ROUTE_H

#include <stdbool.h>

/* What syscall was called with. */
struct request {
    long number, a, b, c, d, e, f;
};

/* True, with what the hook returned, if there is one; the second knows the calls that
 * only old CPUs have. */
bool green__route(const struct request *q, long *result);
bool green__route_old(const struct request *q, long *result);

#endif
