/* SPDX-License-Identifier: MIT */
/* layout.h - layer 8: messages as the kernel reads them.
 *
 * musl's struct msghdr and struct cmsghdr have POSIX's types, and holes where the
 * kernel's have the upper halves of longer ones.  Callers leave anything there, so
 * holes are cleared before a call.  glibc's have none. */
#ifndef GREEN_PATCH_LAYOUT_H
#define GREEN_PATCH_LAYOUT_H

#include <string.h>
#include <sys/socket.h>
#include "memory.h"

/* Between a field of a structure and the next. */
#define HOLE(type, field, next)                                                \
    (offsetof(type, next) - offsetof(type, field) - sizeof((type *)0)->field)

static inline void clear_hole(void *field, size_t size, size_t hole)
{
    memset((char *)field + size, 0, hole);
}

static inline bool has_holes(void)
{
    return HOLE(struct msghdr, msg_iovlen, msg_control) > 0;
}

static inline void fill_message(struct msghdr *m)
{
    clear_hole(&m->msg_iovlen, sizeof m->msg_iovlen,
               HOLE(struct msghdr, msg_iovlen, msg_control));
    clear_hole(&m->msg_controllen, sizeof m->msg_controllen,
               HOLE(struct msghdr, msg_controllen, msg_flags));
}

/* What is sent along, such as descriptors. */
static inline void fill_controls(struct msghdr *m)
{
    struct cmsghdr *c;

    if (!m->msg_control || !green__readable(m->msg_control, m->msg_controllen))
        return;
    for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        clear_hole(&c->cmsg_len, sizeof c->cmsg_len,
                   HOLE(struct cmsghdr, cmsg_len, cmsg_level));
}

/* A message for recvmsg.  One that cannot be read is for the kernel to refuse. */
static inline void lay_out_place(struct msghdr *m)
{
    if (has_holes() && green__readable(m, sizeof *m))
        fill_message(m);
}

/* A message for sendmsg, which must not be written to: that one, or its copy. */
static inline struct msghdr *lay_out(struct msghdr *m, struct msghdr *copy)
{
    if (!has_holes() || !green__load(copy, m, sizeof *m))
        return m;
    fill_message(copy);
    fill_controls(copy);
    return copy;
}

static inline void lay_out_all(struct mmsghdr *messages, unsigned n, bool sends)
{
    if (!has_holes() || !green__readable(messages, n * sizeof *messages))
        return;
    for (; n > 0; n--, messages++) {
        fill_message(&messages->msg_hdr);
        if (sends)
            fill_controls(&messages->msg_hdr);
    }
}

#endif
