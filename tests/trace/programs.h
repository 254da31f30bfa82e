/* SPDX-License-Identifier: MIT */
/* programs.h - programs whose order of switches is fixed by the rules.
 *
 * Time is used only where the order does not hang on how fast it passes: sleepers
 * lie down in the order in which they are to get up, and whoever waits for them
 * waits for the last, so it is the same if several rise at once.  Of descriptors, one
 * has something at a time, and everybody waits for it. */
#ifndef TRACE_PROGRAMS_H
#define TRACE_PROGRAMS_H

void run_objects(void);
void run_meetings(void);
void run_groups(void);
void run_pipes(void);

#endif
