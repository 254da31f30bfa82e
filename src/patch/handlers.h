/* SPDX-License-Identifier: MIT */
/* handlers.h - layer 8: sigaction and signal, so that handlers are known. */
#ifndef GREEN_PATCH_HANDLERS_H
#define GREEN_PATCH_HANDLERS_H

#include <signal.h>
#include <stdbool.h>

/* Is a handler of the program's running in this thread, as far as is known? */
bool green__in_handler(void);

/* Has there been any? */
bool green__handlers_known(void);

/* Know those that are installed by now. */
void green__handlers_patch(void);

/* Are those that come to be known, too? */
bool green__handlers_wanted(void);

/* Past the hooks, and past what is known. */
int green__plain_sigaction(int signo, const struct sigaction *now,
                           struct sigaction *old);

#endif
