/* SPDX-License-Identifier: MIT */
/* window.h - layer 7: a descriptor that does not block for the moment of a call. */
#ifndef GREEN_WINDOW_H
#define GREEN_WINDOW_H

/* Make fd non-blocking for the moment of one call: its flags before, or -1; and
 * put them back, keeping errno.  Only for calls that have no form which does not
 * block: others who share the descriptor could notice. */
int green__window_open(int fd);
void green__window_close(int fd, int flags);

#endif
