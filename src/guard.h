/* SPDX-License-Identifier: MIT */
/* guard.h - layer 1: pages below a stack that nobody can touch. */
#ifndef GREEN_GUARD_H
#define GREEN_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum { GUARD_BATCH = 64 }; /* most ranges at once: a bit each, in a uint64_t */

/* Bytes in a page. */
size_t green__page(void);

/* Bytes in a guard: larger than most frames, which therefore cannot step over
 * one unnoticed. */
size_t green__guard_size(void);

/* Make the n <= GUARD_BATCH ranges, each a guard long, inaccessible: a bit for
 * each that could not be, the first in bit 0.  Adds to *mappings those that
 * took mappings of their own. */
uint64_t green__guard(const struct iovec *guards, unsigned n,
                      unsigned *mappings);

/* So many guards with mappings of their own are no more. */
void green__guards_gone(unsigned mappings);

/* madvise for n <= GUARD_BATCH ranges: a bit for each that it failed for. */
uint64_t green__advise(const struct iovec *ranges, unsigned n, int advice);

#endif
