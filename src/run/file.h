/* SPDX-License-Identifier: MIT */
/* file.h - reading and writing descriptors of any kind. */
#ifndef RUN_FILE_H
#define RUN_FILE_H

#include <sys/uio.h>
#include "call.h"

long file_read(struct call *c);
long file_readv(struct call *c);
long file_write(struct call *c);
long file_writev(struct call *c);
long file_sendfile(struct call *c);
long file_splice(struct call *c);

/* A read or write without waiting, from the program itself; false: the kind of the
 * descriptor is not known, or was not what it seemed. */
bool file_try(int fd, struct iovec *iov, size_t n, bool out, long *r);

#endif
