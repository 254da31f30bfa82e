/* SPDX-License-Identifier: MIT */
/* groups.c - groups, pools, imaps, links, the first that ends, and select. */
#include <green.h>
#include <stddef.h>
#include "programs.h"

enum { MEMBERS = 15, ROOM = 4 };

static green_group_t group = GREEN_GROUP_INIT;
static green_pool_t pool = GREEN_POOL_INIT(ROOM);
static green_queue_t queue = GREEN_QUEUE_INIT(int, 2);
static green_event_t enough = GREEN_EVENT_INIT;
static int numbers[MEMBERS];
static void *in[MEMBERS], *out[MEMBERS];

static void *yields(void *arg)
{
    for (int n = *(int *)arg * 7 % 5; n > 0; n--)
        green_yield();
    return arg;
}

static void *follows(void *g)
{
    (void)g;
    green_yield();
    return NULL;
}

static void *fails_if_odd(void *arg)
{
    yields(arg);
    if (*(int *)arg % 2)
        green_fail(5, "odd");
    return arg;
}

static void gather(void)
{
    for (int i = 0; i < MEMBERS; i++) {
        green_t *g = green_group_spawn(&group, fails_if_odd, in[i]);

        if (i % 2)
            green_link_error(g, follows, NULL);
        else
            green_link_value(g, follows, NULL);
    }
    green_group_join(&group, GREEN_FOREVER);
    for (int i = 0; i < MEMBERS; i++)
        green_group_spawn(&group, yields, in[i]);
    green_yield();
    green_group_kill(&group, GREEN_FOREVER);
    green_group_destroy(&group);
}

static void map(void)
{
    void *value;

    green_pool_map(&pool, yields, in, out, MEMBERS, GREEN_FOREVER);
    for (int flags = 0; flags <= GREEN_IMAP_UNORDERED; flags++) {
        green_imap_t *i =
            green_imap_start(&pool, yields, in, MEMBERS, 2, flags);

        while (green_imap_next(i, &value, GREEN_FOREVER) == 0)
            green_yield();
        green_imap_end(i);
    }
    green_pool_join(&pool, GREEN_FOREVER);
    green_pool_destroy(&pool);
}

static void *feeds(void *arg)
{
    for (int i = 0; i < MEMBERS; i++)
        green_queue_put(&queue, &i, GREEN_FOREVER);
    green_event_set(&enough);
    return arg;
}

static void *chooses(void *arg)
{
    int item, which;

    do {
        green_case_t cases[] = {GREEN_ON_GET(&queue, &item),
                                GREEN_ON_EVENT(&enough)};

        which = green_select(cases, 2, GREEN_FOREVER);
    } while (which == 0);
    return arg;
}

static void choose(void)
{
    green_t *gs[4] = {green_spawn(chooses, NULL), green_spawn(chooses, NULL),
                      green_spawn(feeds, NULL), green_spawn(chooses, NULL)};

    green_join_any(gs, 4, GREEN_FOREVER);
    green_joinall(gs, 4, GREEN_FOREVER);
    green_releaseall(gs, 4);
    green_queue_destroy(&queue);
}

void run_groups(void)
{
    for (int i = 0; i < MEMBERS; i++) {
        numbers[i] = i;
        in[i] = &numbers[i];
    }
    gather();
    map();
    choose();
}
