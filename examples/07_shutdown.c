/* SPDX-License-Identifier: MIT */
/* 07 - Shut down on a signal.
 *
 * green_signal makes an event of the signal, which main waits for like for any
 * other.  Then it kills the workers; each comes to its end and runs what it
 * deferred. */
#define _POSIX_C_SOURCE 200809L /* SIGTERM */
#include <errno.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>

static green_event_t stop = GREEN_EVENT_INIT;

static void *on_terminate(void *arg)
{
    puts("SIGTERM: time to stop");
    green_event_set(&stop);
    return arg;
}

static void save(void *number)
{
    printf("worker %d saves its work\n", *(int *)number);
}

static void *work(void *number)
{
    if (green_defer(save, number) != 0)
        green_fail(errno, "no memory");
    printf("worker %d works\n", *(int *)number);
    while (green_sleep(10 * GREEN_MS) == 0)
        continue;
    return NULL;
}

int main(void)
{
    int numbers[] = {1, 2};
    green_t *workers[] = {green_spawn(work, &numbers[0]),
                          green_spawn(work, &numbers[1])};
    green_watch_t *w = green_signal(SIGTERM, on_terminate, NULL);

    if (!workers[0] || !workers[1] || !w) {
        perror("07_shutdown");
        return 1;
    }
    green_yield();
    raise(SIGTERM); /* as `kill` does from outside */
    if (green_event_wait(&stop, GREEN_FOREVER) != 0)
        perror("green_event_wait");
    if (green_killall(workers, 2, GREEN_SEC) != 0)
        puts("some do not stop");
    green_releaseall(workers, 2);
    green_signal_end(w);
    puts("all have ended");
    return 0;
}
