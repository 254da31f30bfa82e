/* SPDX-License-Identifier: MIT */
/* converse.h - layer 7: our ends of a process's pipes, and all that goes through
 * them at once. */
#ifndef GREEN_CONVERSE_H
#define GREEN_CONVERSE_H

#include "green_impl.h"

struct pipe_end {
    int fd;         /* -1: closed, or there was none */
    uint32_t lives; /* of its number */
};

/* What came out so far; one byte of room is for a final NUL. */
struct gathered {
    char *data;
    size_t n, room;
};

struct conversation {
    struct green_hub *hub;
    struct pipe_end ends[3];
    bool has_begun; /* and input is a copy of what it began with */
    char *input;
    size_t size, sent;
    struct gathered gathered[2]; /* of ends[1] and ends[2] */
};

/* All zero but for the hub and the ends. */
void green__conversation_open(struct conversation *c, struct green_hub *h,
                              const int fds[3]);
void green__conversation_close(struct conversation *c);

/* Our end of pipe i, or -1. */
int green__conversation_fd(const struct conversation *c, int i);

/* At the first time copy what is to go in, at others do nothing: 0, or -1 with
 * errno. */
int green__conversation_begin(struct conversation *c, const void *input,
                              size_t n);

/* Go on until all pipes are closed: 0, or -1 with errno. */
int green__converse(struct conversation *c, int64_t until);

/* Give away what came out of pipe i; data and length may be NULL. */
void green__conversation_take(struct conversation *c, int i, char **data,
                              size_t *length);

#endif
