/* SPDX-License-Identifier: MIT */
/* 12 - Values of one's own.
 *
 * A local is a variable of which each greenlet has its own, NULL at first:
 * what a thread-local variable is to threads.  report() knows whose request it
 * works for without being told.  The destructor is called when the greenlet
 * ends. */
#include <errno.h>
#include <green.h>
#include <stdio.h>
#include <stdlib.h>

static void drop(void *request);
static green_local_t current = GREEN_LOCAL_INIT(drop);

static void report(const char *what)
{
    const int *request = green_local_get(&current);

    if (request)
        printf("request %d: %s\n", *request, what);
    else
        printf("no request: %s\n", what);
}

static void drop(void *request)
{
    printf("request %d: dropped\n", *(int *)request);
    free(request);
}

static void *serve(void *arg)
{
    int *request = malloc(sizeof *request);

    if (!request)
        green_fail(errno, "no memory for a request");
    *request = *(int *)arg;
    if (green_local_set(&current, request) != 0) {
        free(request);
        green_fail(errno, "no memory for a local");
    }
    report("begun");
    green_yield();
    report("answered");
    return NULL;
}

int main(void)
{
    int numbers[] = {1, 2};
    green_t *all[] = {green_spawn(serve, &numbers[0]),
                      green_spawn(serve, &numbers[1])};

    if (!all[0] || !all[1] || green_joinall(all, 2, GREEN_FOREVER) != 0) {
        perror("12_local");
        return 1;
    }
    green_releaseall(all, 2);
    report("main has its own too");
    return 0;
}
