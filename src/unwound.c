/* SPDX-License-Identifier: MIT */
/* unwound.c - layer 3: what is done while a thread's frames go.
 *
 * The C++ ABI for Itanium, level II, tells what the unwinder asks a personality
 * routine for, and what it may answer. */
#include "unwound.h"
#include "wait.h"

enum {
    FORCED = 8,         /* among actions: the thread ends, nobody catches */
    GO_ON_UNWINDING = 8 /* the answer of who has nothing to run here */
};

void green__unwound_waits(struct green_hub *h)
{
    green__wait_give_up(h->current);
    green__wait_give_up(&h->main);
}

int green__unwinding(int version, int actions, uint64_t language,
                     void *exception, void *context)
{
    struct green_hub *h = green__current_hub;

    (void)version;
    (void)language;
    (void)exception;
    (void)context;
    if (h && (actions & FORCED))
        green__unwound_waits(h);
    return GO_ON_UNWINDING;
}
