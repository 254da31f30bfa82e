/* SPDX-License-Identifier: MIT */
/* poll.h - waiting for many descriptors. */
#ifndef RUN_POLL_H
#define RUN_POLL_H

#include "call.h"

long poll_poll(struct call *c);
long poll_ppoll(struct call *c);
long poll_select(struct call *c);
long poll_pselect6(struct call *c);
long poll_epoll_wait(struct call *c);
long poll_epoll_pwait(struct call *c);
long poll_epoll_pwait2(struct call *c);

#endif
