/* SPDX-License-Identifier: MIT */
/* counter.c - layer 8: eventfd_read, eventfd_write: libc's read inside libc. */
#include "patch.h"

HOOK(read, ssize_t, hook_read, (int fd, void *buffer, size_t n));
HOOK(write, ssize_t, hook_write, (int fd, const void *buffer, size_t n));

HOOK(eventfd_read, int, hook_eventfd_read, (int fd, uint64_t *value));
int hook_eventfd_read(int fd, uint64_t *value)
{
    return hook_read(fd, value, sizeof *value) == sizeof *value ? 0 : -1;
}

HOOK(eventfd_write, int, hook_eventfd_write, (int fd, uint64_t value));
int hook_eventfd_write(int fd, uint64_t value)
{
    return hook_write(fd, &value, sizeof value) == sizeof value ? 0 : -1;
}
