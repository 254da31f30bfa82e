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
    size_t size;                 /* and all of a read */
    bool plain_read;             /* needs no try where all is known to be read */
    int flags;
    struct msghdr *message;
    struct sockaddr *address;
    socklen_t *length;           /* of an address that comes out */
    socklen_t to_length;         /* of one that goes in */
};

/* Only for TCP: a datagram is always shorter than it might be, and what comes
 * through a Unix socket is cut where it carries descriptors.  TCP's is cut only
 * before urgent data, which the poller tells of. */
static inline void green__note_read(struct fd_state *s, ssize_t n, size_t asked)
{
    s->drained = s->tcp && s->watched && n > 0 && (size_t)n < asked;
}

/* Try the call, and wait for `events`, until it has an answer.  With MSG_DONTWAIT among
 * its flags it is tried once. */
ssize_t green__io_run(const struct io *io, int events);

#endif
