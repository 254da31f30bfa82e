/* SPDX-License-Identifier: MIT */
/* dump_signal.h - layer 4: a dump of all hubs when a signal comes. */
#ifndef GREEN_DUMP_SIGNAL_H
#define GREEN_DUMP_SIGNAL_H

/* With the first hub: is it wished for by GREEN_DUMP_SIGNAL? */
void green__dump_signal_open(void);

#endif
