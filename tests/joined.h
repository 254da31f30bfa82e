/* SPDX-License-Identifier: MIT */
/* joined.h - greenlets to be joined or linked, and some that join. */
#ifndef GREEN_TEST_JOINED_H
#define GREEN_TEST_JOINED_H

#include "support.h"

static inline void *fail_at_once(void *error)
{
    green_fail((int)(intptr_t)error, "failed");
}

static inline void *sleep_and_return(void *arg)
{
    check_equal(green_sleep(10 * GREEN_MS), 0);
    return arg;
}

struct joiner {
    green_t *target;
    const char *name;
};

static inline void *join_and_note(void *arg)
{
    struct joiner *j = arg;

    note_result(j->name, green_join(j->target, NULL, GREEN_FOREVER));
    return NULL;
}

#endif
