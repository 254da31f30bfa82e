/* SPDX-License-Identifier: MIT */
/* 25 - Code that knows nothing of greenlets.
 *
 * It calls usleep, or reads a socket, and the whole thread waits.  A program that
 * links libgreen_patch can have these calls wait as greenlets do: what is in a
 * library somebody else has compiled becomes cooperative as it is. */
#include <green.h>
#include <stdio.h>
#include <unistd.h>

/* Somebody else's code: not a word of libgreen in it. */
static void work(const char *name)
{
    for (int i = 1; i <= 3; i++) {
        usleep(10000);
        printf("%s %d\n", name, i);
    }
}

static void *run_work(void *name)
{
    work(name);
    return NULL;
}

static void run_two(void)
{
    char ann[] = "ann", bob[] = "bob";
    green_t *all[] = {green_spawn(run_work, ann), green_spawn(run_work, bob)};

    green_joinall(all, 2, GREEN_FOREVER);
    green_releaseall(all, 2);
}

int main(void)
{
    printf("as it is, one stops the other:\n");
    run_two();

    if (green_patch_all() != 0 || green_patch_verify() != 0) {
        perror("cannot patch");
        return 1;
    }
    printf("patched, they wait together:\n");
    run_two();
    return 0;
}
