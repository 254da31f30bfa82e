/* SPDX-License-Identifier: MIT */
/* escape.h - layer 8: calls that stopped a thread although it was patched. */
#ifndef GREEN_ESCAPE_H
#define GREEN_ESCAPE_H

#include "sys.h"

/* Take note of what the watchdog finds. */
void green__escape_patch(struct sys *now);

/* Write the names of those calls, and how often each was found. */
void green__escape_report(int fd);

#endif
