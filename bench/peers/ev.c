/* SPDX-License-Identifier: MIT */
/* ev QUESTION N - the timers of many.c with libev. */
#define _POSIX_C_SOURCE 200809L
#include <ev.h>
#include "peer.h"

static struct ev_loop *loop;
static ev_timer *all;

static void never(struct ev_loop *l, ev_timer *t, int events)
{
    (void)l, (void)t, (void)events;
}

static void start(long n)
{
    loop = ev_default_loop(0);
    all = calloc((size_t)n, sizeof *all);
    for (long i = 0; i < n; i++) {
        ev_timer_init(&all[i], never, 3600 + next_random() * 1e-6, 0);
        ev_timer_start(loop, &all[i]);
    }
}

static void again(long n)
{
    for (long i = 0; i < n; i++) {
        ev_timer_stop(loop, &all[i]);
        ev_timer_set(&all[i], 3600 + next_random() * 1e-6, 0);
        ev_timer_start(loop, &all[i]);
    }
}

static void cancel(long n)
{
    for (long i = 0; i < n; i++)
        ev_timer_stop(loop, &all[i]);
}

/* Once more: by then the memory is there. */
static void start_and_cancel(long n)
{
    start(n);
    cancel(n);
}

static void restart(long n)
{
    for (long i = 0; i < n; i++)
        ev_timer_start(loop, &all[i]);
}

static const struct question questions[] = {
    {"timer.start", start_and_cancel, restart},
    {"timer.again", start, again},
    {"timer.cancel", start, cancel},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    return answer_question(argc, argv, questions);
}
