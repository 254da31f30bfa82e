/* SPDX-License-Identifier: MIT */
/* 03 - The same order every time.
 *
 * Four guests share two seats; some eat fast and some slowly.  Who eats when
 * is not easy to foresee, but it is decided: the ready queue and every queue
 * of waiters are first come, first served.  A hundred runs give one order,
 * today and on any machine.  Four threads would give many. */
#include <green.h>
#include <stdio.h>
#include <string.h>

static green_sem_t seats = GREEN_SEM_INIT(2);
static char order[32];
static size_t eaten;

static void *guest(void *arg)
{
    const char *name = arg;

    for (int course = 1; course <= 3; course++) {
        if (green_sem_wait(&seats, GREEN_FOREVER) != 0)
            return NULL;
        order[eaten++] = *name;
        for (char bite = 'a'; bite <= *name; bite++)
            green_yield();
        green_sem_post(&seats);
    }
    return NULL;
}

static int dinner(void)
{
    char names[] = "abcd";
    green_t *guests[4];

    memset(order, 0, sizeof order);
    eaten = 0;
    for (int i = 0; i < 4; i++) {
        guests[i] = green_spawn(guest, &names[i]);
        if (!guests[i])
            return -1;
    }
    if (green_joinall(guests, 4, GREEN_FOREVER) != 0)
        return -1;
    green_releaseall(guests, 4);
    return 0;
}

int main(void)
{
    char first[sizeof order] = "";
    int different = 0;

    for (int run = 1; run <= 100; run++) {
        if (dinner() != 0) {
            perror("dinner");
            return 1;
        }
        if (run == 1)
            memcpy(first, order, sizeof order);
        different += strcmp(first, order) != 0;
    }
    printf("run 1: %s\n", first);
    printf("runs 2 to 100: %d differ\n", different);
    return 0;
}
