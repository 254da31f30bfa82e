/* SPDX-License-Identifier: MIT */
/* interruption.h - layer 8: waits that a signal may end, with EINTR. */
#ifndef GREEN_PATCH_INTERRUPTION_H
#define GREEN_PATCH_INTERRUPTION_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum { MASK_SIZE = 8 }; /* the kernel's sigset_t */

/* Which waits a handler ends. */
enum interruptible {
    IF_FIRST,          /* those of the thread's first greenlet, */
    UNLESS_RESTARTING, /* but not by a handler that has calls restarted (SA_RESTART) */
    ALWAYS             /* those that wait for signals, in any greenlet */
};

struct interruption {
    struct interruption *next;
    int handlers; /* an eventfd to which they write, or -1 */
    int pending;  /* a signalfd of blocked signals that end it, too, or -1 */
    bool restarts;
    volatile bool hit; /* a handler has run */
};

/* Begin to be interruptible, also by blocked signals of that set: 0, or -errno. */
long green__interruption_begin(struct interruption *i, enum interruptible how,
                               uint64_t set);
void green__interruption_end(struct interruption *i);

/* Wait for one of these, so long: 0, also if a signal has come, or -errno of a kill
 * or a scope. */
long green__interruption_wait(struct interruption *i, struct pollfd *fds,
                              nfds_t n, int64_t left);

/* Begin and end it, and wait in between: 0, -EINTR, or -errno. */
long green__wait_or_signal(enum interruptible how, struct pollfd *fds, nfds_t n,
                           int64_t left);

/* What a mask of the caller's, if not NULL, lets in and the thread does not; a mask
 * that cannot be read lets in nothing. */
uint64_t green__let_in(const void *mask);

/* A handler runs: end what it ends. */
void green__handler_ran(bool restarts);

#endif
