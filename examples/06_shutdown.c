/* SPDX-License-Identifier: MIT */
/* 06 - Shut down on a signal.
 *
 * A signal handler may do very little: this one writes a byte into a pipe.
 * Main waits for that byte like for any other input, then kills the workers;
 * each comes to its end and runs what it deferred. */
#define _POSIX_C_SOURCE 200809L /* sigaction */
#include <errno.h>
#include <fcntl.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int signals[2];

static void on_signal(int signo)
{
    int saved = errno;
    char byte = (char)signo;
    ssize_t n = write(signals[1], &byte, 1);

    (void)n; /* if it is full, main is awake anyway */
    errno = saved;
}

static int catch_signal(int signo)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    if (pipe(signals) != 0 || fcntl(signals[1], F_SETFL, O_NONBLOCK) != 0)
        return -1;
    return sigaction(signo, &action, NULL);
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
    char byte;

    if (!workers[0] || !workers[1] || catch_signal(SIGTERM) != 0) {
        perror("06_shutdown");
        return 1;
    }
    green_yield();
    raise(SIGTERM); /* as `kill` does from outside */
    if (green_read(signals[0], &byte, 1) == 1 && byte == SIGTERM)
        puts("SIGTERM: time to stop");
    if (green_killall(workers, 2, GREEN_SEC) != 0)
        puts("some do not stop");
    green_releaseall(workers, 2);
    puts("all have ended");
    return 0;
}
