/* SPDX-License-Identifier: MIT */
/* 22 - Code that would stop the world.
 *
 * While a greenlet runs, no other one of its thread does, so a function that
 * blocks by itself (a database client, a long computation) stops them all.
 * green_offload runs it in a thread; only the greenlet that asked waits.  Here
 * a plain read waits for what another greenlet writes later, which proves that
 * the others do run. */
#include <green.h>
#include <stdio.h>
#include <unistd.h>

static int ends[2];

/* Runs in a thread, so it may block; what it shares with greenlets wants the
 * care that threads always want. */
static void *ask_database(void *arg)
{
    char *answer = arg;

    return read(ends[0], answer, 1) == 1 ? answer : NULL;
}

static void *tick(void *arg)
{
    for (int i = 1; i <= 3; i++) {
        printf("tick %d\n", i);
        if (green_yield() != 0)
            break;
    }
    if (green_write_all(ends[1], "x", 1) != 1)
        perror("green_write_all");
    return arg;
}

int main(void)
{
    char answer = '?';
    void *result = NULL;

    if (pipe(ends) != 0 || green_go(tick, NULL) != 0) {
        perror("22_offload");
        return 1;
    }
    puts("main asks");
    if (green_offload(ask_database, &answer, &result, GREEN_FOREVER) != 0) {
        perror("green_offload");
        return 1;
    }
    printf("the answer is %c\n", result ? *(char *)result : '?');
    green_close(ends[0]);
    green_close(ends[1]);
    return 0;
}
