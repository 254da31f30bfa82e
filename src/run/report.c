/* SPDX-License-Identifier: MIT */
/* report.c - what the engine did, and what threads wait for. */
#include "report.h"
#include "line.h"

uint64_t report_traps, report_waits[REPORT_CALLS];

void report_stats(void)
{
}

void report_dump(void)
{
}
