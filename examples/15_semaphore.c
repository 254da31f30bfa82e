/* SPDX-License-Identifier: MIT */
/* 15 - Semaphores: so many at a time.
 *
 * A semaphore counts permits.  Who takes one when there is none waits, and a
 * permit that is given back goes to whoever has waited longest, not to whoever
 * happens to ask at that moment. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static green_sem_t bikes = GREEN_SEM_INIT(2);

static void *ride(void *name)
{
    if (green_sem_wait(&bikes, GREEN_FOREVER) != 0)
        return NULL;
    printf("%s rides\n", (char *)name);
    for (int round = 0; round < 3 && green_yield() == 0; round++)
        continue;
    printf("%s comes back\n", (char *)name);
    green_sem_post(&bikes);
    return NULL;
}

static void *try_one(void *name)
{
    if (green_sem_wait(&bikes, 0) != 0 && errno == ETIMEDOUT)
        printf("%s walks, %ld are left\n", (char *)name,
               green_sem_value(&bikes));
    return NULL;
}

int main(void)
{
    char ann[] = "ann", bob[] = "bob", cem[] = "cem", dan[] = "dan";
    green_t *all[] = {green_spawn(ride, ann), green_spawn(ride, bob),
                      green_spawn(ride, cem), green_spawn(try_one, dan)};

    if (!all[0] || !all[1] || !all[2] || !all[3] ||
        green_joinall(all, 4, GREEN_FOREVER) != 0) {
        perror("15_semaphore");
        return 1;
    }
    green_releaseall(all, 4);
    printf("%ld bikes are back\n", green_sem_value(&bikes));
    return 0;
}
