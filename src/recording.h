/* SPDX-License-Identifier: MIT */
/* recording.h - layer 4: the file that all hubs record what they do in. */
#ifndef GREEN_RECORDING_H
#define GREEN_RECORDING_H

#include <stdbool.h>
#include <stddef.h>

/* Begin one, which ends at exit, after a call of last(): 0, or an error number,
 * EBUSY if there is one. */
int green__recording_begin(const char *path, void (*last)(void));

/* End it: 0, or the errno of a write that failed. */
int green__recording_end(void);

/* Take part in the present recording, unless *number is its number already: as
 * which hub, counted from 1; 0 if there is none, or it is. */
unsigned green__recording_join(unsigned *number);

/* Put an event into recording `number`: is it still the present one? */
bool green__recording_put(unsigned number, const char *event, size_t n);

#endif
