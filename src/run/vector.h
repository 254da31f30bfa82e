/* SPDX-License-Identifier: MIT */
/* vector.h - what is left of an iovec when some of it is done. */
#ifndef RUN_VECTOR_H
#define RUN_VECTOR_H

#include <stddef.h>
#include <sys/uio.h>

enum { VECTOR_PIECES = 64 };

static inline size_t vector_size(const struct iovec *iov, size_t n)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += iov[i].iov_len;
    return size;
}

/* The pieces after the first `done` bytes, as many as there is room for. */
static inline size_t vector_rest(struct iovec rest[VECTOR_PIECES],
                                 const struct iovec *iov, size_t n, size_t done)
{
    size_t count = 0;

    for (size_t i = 0; i < n && count < VECTOR_PIECES; i++) {
        size_t skip = done < iov[i].iov_len ? done : iov[i].iov_len;

        done -= skip;
        if (skip == iov[i].iov_len && i + 1 < n)
            continue;
        rest[count].iov_base = (char *)iov[i].iov_base + skip;
        rest[count++].iov_len = iov[i].iov_len - skip;
    }
    return count;
}

#endif
