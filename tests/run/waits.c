/* SPDX-License-Identifier: MIT */
/* waits.c - threads that wait for ever, for --dump: see test_green_run.sh. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *lock(void *unused)
{
    pthread_mutex_lock(&mutex);
    return unused;
}

static void *read_input(void *unused)
{
    char c;

    return read(0, &c, 1) < 0 ? NULL : unused;
}

static void *sleep_long(void *unused)
{
    for (;;)
        sleep(1000);
    return unused;
}

int main(void)
{
    pthread_t t;

    pthread_mutex_lock(&mutex);
    if (pthread_create(&t, NULL, lock, NULL) ||
        pthread_create(&t, NULL, read_input, NULL) ||
        pthread_create(&t, NULL, sleep_long, NULL))
        abort();
    puts("begun");
    fflush(stdout);
    return pthread_join(t, NULL);
}
