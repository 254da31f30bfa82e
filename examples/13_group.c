/* SPDX-License-Identifier: MIT */
/* 13 - Groups: one name for many.
 *
 * A group knows its members until they end, so nobody keeps an array of
 * handles.  One join waits for all; one kill tells all before it waits for the
 * first.  What fails in one does not concern the others, and the group
 * remembers the first failure. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static void *paddle(void *name)
{
    for (int stroke = 1; stroke <= 2 && green_yield() == 0; stroke++)
        printf("%s: stroke %d\n", (char *)name, stroke);
    return NULL;
}

static void *give_up(void *name)
{
    green_fail(EIO, "%s is tired", (char *)name);
}

static void *sing(void *name)
{
    while (green_sleep(GREEN_MS) == 0)
        continue;
    printf("%s stops singing\n", (char *)name);
    return NULL;
}

int main(void)
{
    green_group_t crew = GREEN_GROUP_INIT, choir = GREEN_GROUP_INIT;
    char ann[] = "ann", bob[] = "bob", cat[] = "cat";

    if (!green_group_spawn(&crew, paddle, ann) ||
        !green_group_spawn(&crew, give_up, bob) ||
        !green_group_spawn(&crew, paddle, cat) ||
        green_group_join(&crew, GREEN_FOREVER) != 0) {
        perror("the crew");
        return 1;
    }
    printf("all are home; first failure: %s\n",
           green_group_error(&crew) == EIO ? "EIO" : "none");
    green_group_destroy(&crew);

    if (!green_group_spawn(&choir, sing, ann) ||
        !green_group_spawn(&choir, sing, bob)) {
        perror("the choir");
        return 1;
    }
    green_yield();
    printf("%zu sing\n", green_group_size(&choir));
    if (green_group_kill(&choir, GREEN_SEC) != 0)
        puts("they cannot be stopped");
    printf("%zu sing\n", green_group_size(&choir));
    green_group_destroy(&choir);
    return 0;
}
