/* SPDX-License-Identifier: MIT */
/* 08 - Timeouts: one call, or many.
 *
 * The last argument bounds one call.  A scope bounds all blocking calls
 * between its begin and its end, also those deep inside other people's
 * functions, and says at its end whether it was what made one of them fail. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static green_event_t never = GREEN_EVENT_INIT;

static void bound_one_call(void)
{
    if (green_event_wait(&never, 10 * GREEN_MS) != 0 && errno == ETIMEDOUT)
        puts("one call: timed out");
}

/* Each sleep is short, but there is no end to them. */
static void bound_many_calls(void)
{
    green_scope_t t;

    green_timeout_begin(&t, 20 * GREEN_MS);
    while (green_sleep(GREEN_MS) == 0)
        continue;
    printf("many calls: ended by the scope %d\n", green_scope_end(&t));
}

/* The earlier deadline counts, and the scope it belongs to says so. */
static void nest(void)
{
    green_scope_t outer, inner;

    green_timeout_begin(&outer, 10 * GREEN_MS);
    green_timeout_begin(&inner, 10 * GREEN_SEC);
    green_event_wait(&never, GREEN_FOREVER);
    printf("nested: ended by the inner scope %d", green_scope_end(&inner));
    printf(", by the outer %d\n", green_scope_end(&outer));
}

/* A call's own timeout is no scope's business. */
static void mix(void)
{
    green_scope_t t;

    green_timeout_begin(&t, 10 * GREEN_SEC);
    green_event_wait(&never, 10 * GREEN_MS);
    printf("the call was first: ended by the scope %d\n", green_scope_end(&t));
}

int main(void)
{
    bound_one_call();
    bound_many_calls();
    nest();
    mix();
    return 0;
}
