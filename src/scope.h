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

/* g leaves the functions in which its scopes are: they bound it no more. */
void green__scopes_over(green_t *g);

/* A function of g's has returned: aborts unless the scopes that it began have
 * ended, so that `innermost` is the innermost again. */
void green__scopes_check(const green_t *g, const green_scope_t *innermost);

#endif
