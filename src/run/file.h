/* SPDX-License-Identifier: MIT */
/* file.h - reading and writing descriptors of any kind. */
#ifndef RUN_FILE_H
#define RUN_FILE_H

#include "call.h"

long file_read(struct call *c);
long file_readv(struct call *c);
long file_write(struct call *c);
long file_writev(struct call *c);
long file_sendfile(struct call *c);
long file_splice(struct call *c);

#endif
