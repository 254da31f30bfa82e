/* SPDX-License-Identifier: MIT */
/* trace.c - the hash of the order of switches, after each of the programs.
 *
 * It is the same with every compiler, at every optimisation, with sanitizers, on
 * every CPU and with every poller: expected.out has it.  It changes when the order
 * does, which must be meant: programs are written against it. */
#include <green.h>
#include <stdio.h>
#include "programs.h"

static void run(const char *name, void (*program)(void))
{
    program();
    printf("%s %016llx\n", name, (unsigned long long)green_trace_hash());
}

int main(void)
{
    run("objects", run_objects);
    run("meetings", run_meetings);
    run("groups", run_groups);
    run("pipes", run_pipes);
    return 0;
}
