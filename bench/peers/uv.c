/* SPDX-License-Identifier: MIT */
/* uv QUESTION N - the timers of many.c with libuv. */
#define _POSIX_C_SOURCE 200809L
#include <uv.h>
#include "peer.h"

static uv_timer_t *all;

static void never(uv_timer_t *t)
{
    (void)t;
}

static void start(long n)
{
    all = calloc((size_t)n, sizeof *all);
    for (long i = 0; i < n; i++) {
        uv_timer_init(uv_default_loop(), &all[i]);
        uv_timer_start(&all[i], never, 3600000 + next_random() / 1000, 0);
    }
}

static void again(long n)
{
    for (long i = 0; i < n; i++)
        uv_timer_start(&all[i], never, 3600000 + next_random() / 1000, 0);
}

static void cancel(long n)
{
    for (long i = 0; i < n; i++)
        uv_timer_stop(&all[i]);
}

/* Once more: by then the memory is there. */
static void start_and_cancel(long n)
{
    start(n);
    cancel(n);
}

static const struct question questions[] = {
    {"timer.start", start_and_cancel, again},
    {"timer.again", start, again},
    {"timer.cancel", start, cancel},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    return answer_question(argc, argv, questions);
}
