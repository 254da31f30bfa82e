/* SPDX-License-Identifier: MIT */
/* greenlets.c - scenarios of spawning, ending, and what belongs to a greenlet. */
#include "scenario.h"

#include <string.h>

static int begun, deferred, linked, values;

static void count_deferred(void *arg)
{
    (void)arg;
    deferred++;
}

static void *copy_value(void *value)
{
    values++;
    return value;
}

static void end_value(void *value)
{
    (void)value;
    values--;
}

static green_local_t own = GREEN_LOCAL_INIT(end_value);
static green_local_t handed_down =
    GREEN_LOCAL_INHERITED_INIT(copy_value, end_value);

static void *give_way(void *expected)
{
    begun++;
    if (went(green_defer(count_deferred, NULL)))
        ++*(int *)expected;
    if (went(green_local_set(&own, expected)))
        values++;
    green_set_name("busy");
    went(green_sleep(GREEN_US));
    went(green_yield());
    return expected;
}

static void run_many(void)
{
    int n = 0, expected = 0;

    begun = deferred = values = 0;
    while (n < 40 && team_add(give_way, &expected))
        n++;
    team_end();
    must(begun == n && deferred == expected && values == 0);
}

static const struct scenario many = {"many", run_many, NULL, {0}, 0};

static void *count_link(void *arg)
{
    linked++;
    return arg;
}

static void *fail(void *arg)
{
    (void)arg;
    green_sleep(GREEN_US);
    green_fail(EXDEV, "%s", "words");
}

static void run_links(void)
{
    green_t *g = green_spawn(fail, NULL);
    int expected = 0;

    linked = 0;
    if (!made(g))
        return;
    for (int i = 0; i < 5; i++)
        expected += went(green_link(g, count_link, NULL));
    expected += went(green_link_error(g, count_link, NULL));
    went(green_link_value(g, count_link, NULL));
    expected -= green_unlink(g, count_link, NULL);
    if (!went(green_join(g, NULL, GREEN_SEC)))
        green_kill(g);
    others_end();
    must(linked == expected || first_error);
    must(linked <= expected);
    must(!green_ready(g) || green_error(g) == EXDEV);
    green_release(g);
}

static const struct scenario links = {"links", run_links, NULL, {0}, 0};

static void *pass_on(void *arg)
{
    void *in[3] = {arg, arg, arg}, *out[3];
    green_pool_t pool = GREEN_POOL_INIT(2);

    if (went(green_local_set(&handed_down, arg)))
        values++;
    if (team_add(give_way, arg))
        green_yield();
    if (went(green_pool_map(&pool, count_link, in, out, 3, GREEN_FOREVER)))
        must(out[0] == arg && out[1] == arg && out[2] == arg);
    pool_end(&pool);
    return NULL;
}

static void run_inherited(void)
{
    int expected = 0;
    green_t *g;

    values = 0;
    if (!made(g = green_spawn(pass_on, &expected)))
        return;
    if (!went(green_join(g, NULL, GREEN_FOREVER)))
        green_kill(g);
    team_end();
    others_end();
    green_release(g);
    must(values == 0);
}

static const struct scenario inherited = {
    "inherited", run_inherited, NULL, {0}, 0};

static void *copied(void *text)
{
    must(strcmp(text, "carried") == 0);
    begun++;
    green_sleep(GREEN_US);
    return NULL;
}

/* Greenlets with a size, a name, a delay and bytes of their own. */
static void run_options(void)
{
    char text[] = "carried";
    size_t sizes[] = {0, 20000, 100000, 3000000};
    green_t *gs[8];
    size_t n = 0;

    begun = 0;
    for (size_t i = 0; i < 8; i++) {
        green_options_t options = {.name = "one",
                                   .stack_size = sizes[i % 4],
                                   .delay = i % 2 ? GREEN_US : 0,
                                   .copy = sizeof text};

        if (made(gs[n] = green_spawn_with(&options, copied, text)))
            n++;
    }
    memset(text, 0, sizeof text);
    if (!went(green_joinall(gs, n, GREEN_FOREVER)))
        others_end();
    must(begun == (int)n);
    green_releaseall(gs, n);
}

static const struct scenario options = {"options", run_options, NULL, {0}, 0};

const struct scenario *const scenarios_of_greenlets[] = {
    &many, &links, &inherited, &options, NULL};
