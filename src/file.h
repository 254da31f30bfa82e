/* SPDX-License-Identifier: MIT */
/* file.h - layer 7: regular files. */
#ifndef GREEN_FILE_H
#define GREEN_FILE_H

#include <sys/types.h>
#include <sys/uio.h>

/* Read or write a regular file in a thread, at an offset or, with -1, where it
 * stands; at most 1 MiB in one call.  The result is that of the system call, or
 * -1 with ECANCELED, ETIMEDOUT: then the call may yet happen, but what the
 * caller gave is no longer touched. */
ssize_t green__file_read(int fd, const struct iovec *iov, int n, off_t offset);
ssize_t green__file_write(int fd, const struct iovec *iov, int n, off_t offset);

#endif
