/* SPDX-License-Identifier: MIT */
/* 09 - Wait for something to happen.
 *
 * An event is a flag that greenlets wait for.  Setting it wakes all who wait,
 * in the order they came; clearing it again before they run takes nothing away
 * from them.  With a timeout of 0 a wait is a question. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static green_event_t door_opens = GREEN_EVENT_INIT;

static void *visitor(void *name)
{
    printf("%s waits\n", (char *)name);
    if (green_event_wait(&door_opens, GREEN_FOREVER) == 0)
        printf("%s is in\n", (char *)name);
    return NULL;
}

static void *doorkeeper(void *arg)
{
    puts("the door opens");
    green_event_set(&door_opens);
    green_event_clear(&door_opens);
    puts("the door is shut");
    return arg;
}

int main(void)
{
    char ann[] = "ann", bob[] = "bob", cem[] = "cem";
    green_t *all[] = {green_spawn(visitor, ann), green_spawn(visitor, bob),
                      green_spawn(visitor, cem), green_spawn(doorkeeper, NULL)};

    if (!all[0] || !all[1] || !all[2] || !all[3] ||
        green_joinall(all, 4, GREEN_FOREVER) != 0) {
        perror("09_event");
        return 1;
    }
    green_releaseall(all, 4);

    if (green_event_wait(&door_opens, 0) != 0 && errno == ETIMEDOUT)
        puts("who comes now is too late");
    return 0;
}
