/* SPDX-License-Identifier: MIT */
/* trace.c - layer 2: a hash of what happened, to prove determinism.
 *
 * Two runs that made the same switches, for the same reasons and with the same
 * results, have the same hash, on every compiler and CPU.  So nothing goes into
 * it that may differ without the program behaving differently: no address,
 * size, descriptor number or time.
 *
 * When it is off there is no trace of it on the path of a switch: the hub then
 * switches through another function (sched.c). */
#include "trace.h"
#include <string.h>
#include "sys.h"

bool green__trace_wanted(void)
{
    const char *wish = green__sys.getenv("GREEN_TRACE_HASH");

    return wish && strcmp(wish, "1") == 0;
}

/* FNV-1a, by words rather than bytes, with a final shift to spread them. */
static uint64_t hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

static void hash_switch(struct green_hub *h, const green_t *from,
                        const green_t *to)
{
    uint64_t hash =
        h->trace_hash ? h->trace_hash : UINT64_C(0xcbf29ce484222325);

    hash = hash_word(hash, from->id);
    hash = hash_word(hash, (uint64_t)(from->state == GREEN_STATE_ENDED) << 8 |
                               from->reason);
    hash = hash_word(hash, to->id);
    hash = hash_word(hash, (uint64_t)(uint32_t)to->wake_index << 32 |
                               (uint32_t)to->wake_error);
    h->trace_hash = hash;
}

void green__trace_observe(struct green_hub *h, enum green_happening what,
                          green_t *g, green_t *next)
{
    if (what == HAPPENS_SWITCH)
        hash_switch(h, g, next);
}

uint64_t green_trace_hash(void)
{
    struct green_hub *h = green__hub();

    return h ? h->trace_hash : 0;
}
