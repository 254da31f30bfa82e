/* SPDX-License-Identifier: MIT */
/* 23 - A signal is an event.
 *
 * What green_signal calls runs in a greenlet of its own, not in a handler: it
 * may print, wait and take locks.  Several watches of one signal are served in
 * their order, and when the last has ended the handler from before is back. */
#define _POSIX_C_SOURCE 200809L /* SIGHUP */
#include <green.h>
#include <signal.h>
#include <stdio.h>

static green_sem_t served = GREEN_SEM_INIT(0);

static void *reload(void *times)
{
    puts("reload: begins");
    if (green_sleep(10 * GREEN_MS) == 0) /* as reading a file might */
        printf("reload: done, number %d\n", ++*(int *)times);
    green_sem_post(&served);
    return NULL;
}

static void *log_it(void *name)
{
    printf("log: %s\n", (char *)name);
    green_sem_post(&served);
    return NULL;
}

static volatile sig_atomic_t handled;

static void old_handler(int signo)
{
    handled = signo; /* it can do next to nothing */
}

static void send_to_myself(int signo, int watches)
{
    raise(signo);
    puts("main: goes on");
    while (watches-- > 0)
        green_sem_wait(&served, GREEN_FOREVER);
}

int main(void)
{
    char name[] = "SIGHUP";
    int times = 0;
    green_watch_t *first, *second;

    signal(SIGHUP, old_handler);
    first = green_signal(SIGHUP, reload, &times);
    second = green_signal(SIGHUP, log_it, name);
    if (!first || !second) {
        perror("green_signal");
        return 1;
    }
    send_to_myself(SIGHUP, 2);
    green_signal_end(second);
    send_to_myself(SIGHUP, 1);
    green_signal_end(first);
    raise(SIGHUP);
    printf("the old handler is %s\n", handled == SIGHUP ? "back" : "lost");
    if (!green_signal(SIGKILL, log_it, name))
        puts("SIGKILL cannot be caught");
    return 0;
}
