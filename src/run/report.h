/* SPDX-License-Identifier: MIT */
/* report.h - what the engine did, and what threads wait for. */
#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include "call.h"

enum { REPORT_CALLS = 512 };

extern uint64_t report_calls, report_traps, report_waits[REPORT_CALLS];

void report_stats(void); /* of --stats, to standard error */
void report_dump(void);  /* of --dump */

#endif
