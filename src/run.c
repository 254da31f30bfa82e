/* SPDX-License-Identifier: MIT */
/* run.c - layer 5: main lets the others run until none is left.
 *
 * What the library does behind the scenes for as long as it is asked to, in
 * greenlets of its own, would keep this from ever ending; those are services. */
#include <errno.h>
#include "end.h"
#include "misuse.h"
#include "run.h"
#include "wait.h"

void green__be_service(green_t *g)
{
    g->is_service = true;
    g->hub->services++;
    green__tell_runners(g->hub);
}

int green_run(int64_t timeout)
{
    struct green_hub *h = green__hub();

    if (green__refused(h, timeout))
        return -1;
    if (h->current != h->leader)
        green__misuse("green_run", "only main may wait for all others");
    if (h->live - h->services == 1)
        return 0;
    return green__wait_in(&h->runners, NULL, 0, timeout, WAIT_OTHERS, 0);
}
