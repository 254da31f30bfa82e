/* SPDX-License-Identifier: MIT */
/* fds.h - layer 4: waiting for descriptors. */
#ifndef GREEN_FDS_H
#define GREEN_FDS_H

#include "hub.h"

/* Let the poller have it, if it does not yet: 0, or -1 with errno. */
int green__fd_watch(struct green_hub *h, struct fd_state *s);

/* Before the hub blocks: does the poller still have what greenlets have begun to
 * wait for since it last did?  If not (a plain close, a reused number), register
 * it anew or end the wait with EBADF. */
void green__fds_check(struct green_hub *h);

/* The same while the hub is busy, for what was not looked at yet.  It may still
 * be closed before the hub blocks, and will be checked once more. */
void green__fds_glance(struct green_hub *h);

/* When are those that the library made to be checked next? */
int64_t green__fds_check_due(const struct green_hub *h);

void green__fds_close(struct green_hub *h);

/* In the child of a fork: the poller is the parent's, and nobody waits.  What is
 * known of the descriptors holds for both. */
void green__fds_forked(struct green_hub *h);

#endif
