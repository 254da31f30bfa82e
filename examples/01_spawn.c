/* SPDX-License-Identifier: MIT */
/* 01 - Spawn and join.
 *
 * A greenlet is a function that runs beside others and gives way wherever it
 * waits.  green_spawn does not run it yet: it runs once the spawner waits,
 * here in green_joinall.  Both greenlets sleep at the same time, in one
 * thread. */
#include <green.h>
#include <stdio.h>

static void *count(void *name)
{
    for (int i = 1; i <= 3 && green_sleep(10 * GREEN_MS) == 0; i++)
        printf("%s %d\n", (char *)name, i);
    return NULL;
}

int main(void)
{
    char ann[] = "ann", bob[] = "bob";
    green_t *all[] = {green_spawn(count, ann), green_spawn(count, bob)};

    if (!all[0] || !all[1] || green_joinall(all, 2, GREEN_FOREVER) != 0) {
        perror("01_spawn");
        return 1;
    }
    green_releaseall(all, 2);
    return 0;
}
