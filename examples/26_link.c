/* SPDX-License-Identifier: MIT */
/* 26 - When this one ends, do that.
 *
 * A join is for whoever has nothing else to do.  A link is for whoever has: it names
 * a function that gets a greenlet of its own once another has ended, always, only
 * if that ended well, or only if it failed. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static void *bake(void *arg)
{
    const char *what = arg;

    if (green_yield() != 0)
        return NULL;
    if (*what == 's')
        green_fail(EIO, "the %s burnt", what);
    printf("the %s is baked\n", what);
    return arg;
}

static void *sell(void *g)
{
    printf("  for sale: %s\n", (char *)green_value(g));
    return NULL;
}

static void *complain(void *g)
{
    printf("  a complaint: %s\n", green_error_text(g));
    return NULL;
}

static void *sweep(void *g)
{
    puts("  the oven is swept");
    return g;
}

/* The links look at g, so its handle is kept until they have run. */
static green_t *order(char *what)
{
    green_t *g = green_spawn(bake, what);

    if (g && green_link(g, sweep, g) == 0 &&
        green_link_value(g, sell, g) == 0 &&
        green_link_error(g, complain, g) == 0)
        return g;
    perror("26_link");
    return NULL;
}

int main(void)
{
    char bread[] = "bread", scones[] = "scones", cake[] = "cake";
    green_t *all[] = {order(bread), order(scones), order(cake)};

    if (!all[0] || !all[1] || !all[2])
        return 1;
    if (green_unlink(all[2], sell, all[2]))
        puts("the cake will not be sold");
    if (green_run(GREEN_FOREVER) != 0) { /* until nobody has anything to do */
        perror("26_link");
        return 1;
    }
    green_releaseall(all, 3);
    return 0;
}
