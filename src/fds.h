/* SPDX-License-Identifier: MIT */
/* fds.h - layer 4: waiting for descriptors. */
#ifndef GREEN_FDS_H
#define GREEN_FDS_H

#include "hub.h"

/* Let the poller have it, if it does not yet: 0, or -1 with errno. */
int green__fd_watch(struct green_hub *h, struct fd_state *s);

/* Do the pollers still have what greenlets have begun to wait for since the
 * last check?  If not (a plain close, a reused number), register it anew or
 * end the wait with EBADF. */
void green__fds_check(struct green_hub *h);

void green__fds_close(struct green_hub *h);

/* In the child of a fork: the poller is the parent's, and nobody waits.  What is
 * known of the descriptors holds for both. */
void green__fds_forked(struct green_hub *h);

#endif
