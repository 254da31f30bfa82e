/* SPDX-License-Identifier: MIT */
/* 02 - One after the other, and together.
 *
 * The same plain function is called three times, and then spawned three times.
 * Nothing in it knows the difference, yet together all three wait at once.
 * The times go to standard error, since they are never twice the same. */
#include <green.h>
#include <stdio.h>

static int waiting, most;

static void *fetch(void *arg)
{
    const int *page = arg;

    printf("  ask for page %d\n", *page);
    if (++waiting > most)
        most = waiting;
    if (green_sleep(20 * GREEN_MS) == 0) /* stands for the network */
        printf("  page %d is here\n", *page);
    waiting--;
    return NULL;
}

static void report(int64_t begin)
{
    printf("at most %d waited at the same time\n", most);
    fprintf(stderr, "%d ms\n", (int)((green_now() - begin) / GREEN_MS));
    most = 0;
}

int main(void)
{
    int pages[] = {1, 2, 3};
    green_t *all[3];
    int64_t begin = green_now();

    puts("one after the other:");
    for (int i = 0; i < 3; i++)
        fetch(&pages[i]);
    report(begin);

    puts("together:");
    begin = green_now();
    for (int i = 0; i < 3; i++) {
        all[i] = green_spawn(fetch, &pages[i]);
        if (!all[i]) {
            perror("green_spawn");
            return 1;
        }
    }
    if (green_joinall(all, 3, GREEN_FOREVER) != 0)
        perror("green_joinall");
    report(begin);
    green_releaseall(all, 3);
    return 0;
}
