/* SPDX-License-Identifier: MIT */
/* 06 - Kill, defer and shield.
 *
 * green_kill asks a greenlet to come to an end: from then on each of its
 * blocking calls fails at once with ECANCELED.  Nothing is unwound by force,
 * so the code after the call decides.  What green_defer was given is called at
 * the end, the latest first.  Inside a shield a killed greenlet may still
 * wait, for a while. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static void put_away(void *tool)
{
    printf("worker: puts away the %s\n", (char *)tool);
}

static void *work(void *arg)
{
    static char pen[] = "pen", ruler[] = "ruler"; /* outlive this call */
    green_scope_t shield;

    (void)arg;
    if (green_defer(put_away, pen) != 0 || green_defer(put_away, ruler) != 0)
        green_fail(errno, "no memory for the tools");
    puts("worker: draws");
    while (green_sleep(GREEN_MS) == 0)
        continue;
    puts(errno == ECANCELED ? "worker: was killed" : "worker: failed");
    if (green_sleep(GREEN_MS) != 0 && errno == ECANCELED)
        puts("worker: cannot sleep any more");

    green_shield_begin(&shield, 5 * GREEN_SEC);
    if (green_sleep(GREEN_MS) == 0)
        puts("worker: could wait for the ink to dry");
    green_scope_end(&shield);
    return NULL;
}

int main(void)
{
    green_t *worker = green_spawn(work, NULL);

    if (!worker) {
        perror("green_spawn");
        return 1;
    }
    green_sleep(10 * GREEN_MS);
    puts("main: kills the worker");
    green_kill(worker);
    if (green_join(worker, NULL, GREEN_FOREVER) == 0)
        printf("main: it has ended, killed %d, error %d\n",
               green_killed(worker), green_error(worker));
    green_release(worker);
    return 0;
}
