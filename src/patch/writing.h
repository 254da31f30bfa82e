/* SPDX-License-Identifier: MIT */
/* writing.h - layer 8: bytes into a stream. */
#ifndef GREEN_WRITING_H
#define GREEN_WRITING_H

#include "streams.h"

/* As many of them as can be put: less than n for an error of a wait in *r, or for
 * another that the stream knows of. */
size_t green__use_put(struct use *u, const void *from, size_t n, long *r);

#endif
