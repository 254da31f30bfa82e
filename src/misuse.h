/* SPDX-License-Identifier: MIT */
/* misuse.h - layer 1: how the library stops a program that misuses it. */
#ifndef GREEN_MISUSE_H
#define GREEN_MISUSE_H

/* Write "libgreen: CALL: WHAT" to standard error and abort.  Also in release
 * builds: with its queues corrupted a scheduler must not go on. */
_Noreturn void green__misuse(const char *call, const char *what);

#endif
