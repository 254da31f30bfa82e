/* SPDX-License-Identifier: MIT */
/* signal_calls.h - the program's calls that concern signals. */
#ifndef RUN_SIGNAL_CALLS_H
#define RUN_SIGNAL_CALLS_H

#include "call.h"

long signal_action(struct call *c);
long signal_mask(struct call *c);
long signal_pending(struct call *c);
long signal_suspend(struct call *c);
long signal_pause(struct call *c);
long signal_timedwait(struct call *c);
long signal_altstack(struct call *c);
long signal_tgkill(struct call *c);
long signal_tkill(struct call *c);
long signal_queue(struct call *c); /* rt_tgsigqueueinfo */
long signal_return(struct call *c);

#endif
