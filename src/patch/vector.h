/* SPDX-License-Identifier: MIT */
/* vector.h - layer 8: what is left of an array of buffers. */
#ifndef GREEN_VECTOR_H
#define GREEN_VECTOR_H

#include <sys/uio.h>

enum { WINDOW = 16 };

/* The buffers from `iov` on, the first of them less `skip` bytes. */
struct vector {
    const struct iovec *iov;
    size_t n;
    size_t skip;
};

/* So many bytes are done. */
static inline void vector_advance(struct vector *v, size_t done)
{
    done += v->skip;
    while (v->n > 0 && done >= v->iov->iov_len) {
        done -= v->iov->iov_len;
        v->iov++;
        v->n--;
    }
    v->skip = done;
}

/* The next of them, at most `room` bytes: their number. */
static inline size_t vector_window(const struct vector *v,
                                   struct iovec window[WINDOW], size_t room)
{
    size_t n, skip = v->skip;

    if (v->n == 1 && v->iov->iov_len - skip <= room) { /* as almost always */
        window->iov_base = (char *)v->iov->iov_base + skip;
        window->iov_len = v->iov->iov_len - skip;
        return 1;
    }
    for (n = 0; n < v->n && n < WINDOW && room > 0; n++) {
        window[n].iov_base = (char *)v->iov[n].iov_base + skip;
        window[n].iov_len = v->iov[n].iov_len - skip;
        if (window[n].iov_len > room)
            window[n].iov_len = room;
        room -= window[n].iov_len;
        skip = 0;
    }
    return n;
}

#endif
