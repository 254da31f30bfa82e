/* SPDX-License-Identifier: MIT */
/* memory.h - the engine's memory, which is not the program's malloc. */
#ifndef RUN_MEMORY_H
#define RUN_MEMORY_H

#include <stddef.h>

/* Zeroed memory of at least so many bytes, or NULL. */
void *memory_take(size_t size);
void memory_give(void *memory);

void *memset(void *to, int byte, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
size_t strlen(const char *text);

#endif
