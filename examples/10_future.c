/* SPDX-License-Identifier: MIT */
/* 10 - A result that is on its way.
 *
 * A future is an event that brings a value.  Whoever needs the value waits for
 * it, whoever comes later has it at once.  It is delivered only once, and may
 * be a failure: then each wait fails with its errno. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static green_future_t soup = GREEN_FUTURE_INIT, cake = GREEN_FUTURE_INIT;

static void *guest(void *name)
{
    void *dish;

    printf("%s asks for soup\n", (char *)name);
    if (green_future_get(&soup, &dish, GREEN_FOREVER) == 0)
        printf("%s eats %s\n", (char *)name, (char *)dish);
    return NULL;
}

static void *cook(void *arg)
{
    static char onion_soup[] = "onion soup";

    puts("the cook is busy");
    if (green_yield() != 0)
        return NULL;
    green_future_set(&soup, onion_soup);
    green_future_fail(&cake, EIO); /* burnt */
    return arg;
}

int main(void)
{
    char ann[] = "ann", bob[] = "bob", late[] = "late cem";
    green_t *all[] = {green_spawn(guest, ann), green_spawn(guest, bob),
                      green_spawn(cook, NULL)};

    if (!all[0] || !all[1] || !all[2] ||
        green_joinall(all, 3, GREEN_FOREVER) != 0) {
        perror("10_future");
        return 1;
    }
    green_releaseall(all, 3);

    guest(late);
    if (green_future_get(&cake, NULL, GREEN_FOREVER) != 0 && errno == EIO)
        puts("there is no cake");
    if (green_future_set(&soup, NULL) != 0 && errno == EALREADY)
        puts("the soup cannot be taken back");
    return 0;
}
