/* SPDX-License-Identifier: MIT */
/* 04 - Ways to spawn.
 *
 * green_spawn returns a handle, to join or kill by.  green_go is for those that
 * nobody will ask about.  green_spawn_with takes wishes: a name, a delay, and
 * how many bytes of the argument to copy, for when the original will not stay
 * as it is, such as the variable of a loop. */
#include <green.h>
#include <stdio.h>

static void *arrive(void *arg)
{
    const int *number = arg;

    printf("guest %d has come\n", *number);
    return NULL;
}

static void *say(void *words)
{
    printf("%s: %s\n", green_name(green_self()), (char *)words);
    return NULL;
}

int main(void)
{
    const green_options_t copied = {.copy = sizeof(int)};
    const green_options_t late = {.name = "latecomer", .delay = 20 * GREEN_MS};
    char hello[] = "am I too late?";
    int four = 4;
    green_t *g;

    for (int i = 1; i <= 3; i++) {
        g = green_spawn_with(&copied, arrive, &i);
        if (!g) {
            perror("green_spawn_with");
            return 1;
        }
        green_release(g); /* which ends the handle, not the greenlet */
    }
    if (green_go(arrive, &four) != 0) {
        perror("green_go");
        return 1;
    }
    puts("nobody has come yet");
    green_yield();

    g = green_spawn_with(&late, say, hello);
    if (!g || green_join(g, NULL, GREEN_FOREVER) != 0) {
        perror("04_spawning");
        return 1;
    }
    green_release(g);
    return 0;
}
