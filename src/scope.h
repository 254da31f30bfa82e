/* SPDX-License-Identifier: MIT */
/* scope.h - layer 3: what bounds the waits of a greenlet: kill, timeouts, shields. */
#ifndef GREEN_SCOPE_H
#define GREEN_SCOPE_H

#include "green_impl.h"

/* From when on blocking calls of g fail, by its scopes and whether it was killed. */
int64_t green__limit(const green_t *g);

/* The limit has passed: which errno do the calls fail with?  Notes in the scope
 * responsible that it did. */
int green__blame(green_t *g);

#endif
