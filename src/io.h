/* SPDX-License-Identifier: MIT */
/* io.h - layer 7: the loop that all calls on descriptors share. */
#ifndef GREEN_IO_H
#define GREEN_IO_H

#include "hub.h"

/* One call: what is tried, and with what. */
struct io {
    ssize_t (*attempt)(struct fd_state *s, const struct io *io);
    int fd;
    const struct iovec *iov;     /* read and write */
    int n;
    void *buffer;                /* recv and send */
    size_t size;
    int flags;
    struct msghdr *message;
    struct sockaddr *address;
    socklen_t *length;           /* of an address that comes out */
    socklen_t to_length;         /* of one that goes in */
};

/* Make fd non-blocking for the moment of one call: its flags before, or -1; and
 * put them back, keeping errno.  Only for calls that have no form which does not
 * block: others who share the descriptor could notice. */
int green__window_open(int fd);
void green__window_close(int fd, int flags);

/* Try the call, and wait for `events`, until it has an answer.  With MSG_DONTWAIT among
 * its flags it is tried once. */
ssize_t green__io_run(const struct io *io, int events);

#endif
