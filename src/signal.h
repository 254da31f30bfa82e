/* SPDX-License-Identifier: MIT */
/* signal.h - layer 7: signals as events of a hub, for the files above. */
#ifndef GREEN_SIGNAL_H
#define GREEN_SIGNAL_H

#include "green_impl.h"

/* Have tell(arg) called in a turn of h after a signal came, once for any number
 * of them.  It must not switch, and may end the watch.  The program's own handler
 * goes on to be called, and what happens to children is not changed.  NULL with
 * errno. */
green_watch_t *green__signal_tell(struct green_hub *h, int signo,
                                  void (*tell)(void *arg), void *arg);

/* In the child of a fork, between green__listeners_hold and go_on: the watches
 * of h stay, as handlers do, those of other threads are gone. */
void green__signals_forked(struct green_hub *h);

#endif
