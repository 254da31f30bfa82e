/* SPDX-License-Identifier: MIT */
/* transfer.h - layer 7: one read or write that does not block, of any descriptor. */
#ifndef GREEN_TRANSFER_H
#define GREEN_TRANSFER_H

#include "io.h"

/* fd_state.how: see transfer.c */
enum { TRANSFER_SOCKET, TRANSFER_NOWAIT, TRANSFER_ASK };

/* What io->iov has room for, or is: as readv and writev.  EAGAIN where it would
 * have blocked. */
ssize_t green__transfer_in(struct fd_state *s, const struct io *io);
ssize_t green__transfer_out(struct fd_state *s, const struct io *io);

#endif
