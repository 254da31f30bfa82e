/* SPDX-License-Identifier: MIT */
/* memory.h - layer 8: memory of the caller's, which may be none.
 *
 * The kernel answers EFAULT where a hook that follows the pointer would crash.  So
 * hooks pass pointers on as they got them, or ask the kernel here first. */
#ifndef GREEN_PATCH_MEMORY_H
#define GREEN_PATCH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Can these n bytes be read? */
bool green__readable(const void *p, size_t n);

/* Take n bytes from `from`, or put them at `to`: false if the caller may not. */
bool green__load(void *to, const void *from, size_t n);
bool green__store(void *to, const void *from, size_t n);

#endif
