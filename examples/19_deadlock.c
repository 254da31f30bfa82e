/* SPDX-License-Identifier: MIT */
/* 19 - Nothing hangs silently.
 *
 * A lock that would close a circle of waiting is refused at the call, with
 * EDEADLK, while the others go on.  When main waits and nothing in the program
 * could ever wake it, its wait fails with EDEADLK too, and a report on
 * standard error says which greenlet waits for what. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static green_mutex_t spoon = GREEN_MUTEX_INIT, knife = GREEN_MUTEX_INIT;
static green_event_t dessert = GREEN_EVENT_INIT;

struct guest {
    const char *name;
    green_mutex_t *first, *second;
};

static void *eat(void *arg)
{
    const struct guest *g = arg;

    if (green_mutex_lock(g->first, GREEN_FOREVER) != 0)
        return NULL;
    green_yield(); /* long enough for the other one to take the other lock */
    if (green_mutex_lock(g->second, GREEN_FOREVER) == 0) {
        printf("%s eats\n", g->name);
        green_mutex_unlock(g->second);
    } else if (errno == EDEADLK) {
        printf("%s must not wait, and steps back\n", g->name);
    }
    green_mutex_unlock(g->first);
    return NULL;
}

int main(void)
{
    struct guest ann = {"ann", &spoon, &knife}, bob = {"bob", &knife, &spoon};
    green_t *all[] = {green_spawn(eat, &ann), green_spawn(eat, &bob)};

    if (!all[0] || !all[1] || green_joinall(all, 2, GREEN_FOREVER) != 0) {
        perror("19_deadlock");
        return 1;
    }
    green_releaseall(all, 2);

    if (green_event_wait(&dessert, GREEN_FOREVER) != 0 && errno == EDEADLK)
        puts("nobody is left to bring the dessert");
    return 0;
}
