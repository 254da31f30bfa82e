/* SPDX-License-Identifier: MIT */
/* main.c - a program outside the tree: is what was installed usable? */
#include <green.h>
#include <stdio.h>

static void *twice(void *number)
{
    green_yield();
    *(int *)number *= 2;
    return number;
}

int main(void)
{
    int number = 21;
    void *result = NULL;
    green_t *g = green_spawn(twice, &number);

    if (!g || green_join(g, &result, GREEN_SEC) || result != &number)
        return 1;
    green_release(g);
    printf("libgreen %s: %d\n", green_version(), number);
    return number == 42 ? 0 : 1;
}
