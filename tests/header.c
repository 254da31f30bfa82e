/* SPDX-License-Identifier: MIT */
/* header.c - green.h as programs in C99 to C++17 see it: compiled, never run.
 *
 * Each initialiser and each case of a select is used once, for these are macros:
 * that the header itself compiles says nothing about them. */
#include "green.h"

green_event_t event = GREEN_EVENT_INIT;
green_sem_t sem = GREEN_SEM_INIT(3);
green_mutex_t mutex = GREEN_MUTEX_INIT;
green_cond_t cond = GREEN_COND_INIT;
green_once_t once = GREEN_ONCE_INIT;
green_queue_t fifo = GREEN_QUEUE_INIT(int, 8);
green_queue_t lifo = GREEN_LIFO_INIT(int, SIZE_MAX);
green_queue_t channel = GREEN_CHANNEL_INIT(void *);
green_group_t group = GREEN_GROUP_INIT;
green_pool_t pool = GREEN_POOL_INIT(8);
green_local_t local = GREEN_LOCAL_INIT(NULL);
green_local_t inherited = GREEN_LOCAL_INHERITED_INIT(NULL, NULL);

int compare(const void *a, const void *b);
green_queue_t priority = GREEN_PRIORITY_INIT(int, 8, compare);

int wait_for_any(green_t *g, int fd);

int wait_for_any(green_t *g, int fd)
{
    int in = 0, out = 1;
    green_case_t cases[] = {
        GREEN_ON_JOIN(g),
        GREEN_ON_EVENT(&event),
        GREEN_ON_SEM(&sem),
        GREEN_ON_GET(&fifo, &in),
        GREEN_ON_PUT(&lifo, &out),
        GREEN_ON_FD(fd, GREEN_READ | GREEN_WRITE),
        GREEN_ON_TIMER(5 * GREEN_MS),
    };
    green_scope_t scope;
    int chosen;

    green_timeout_begin(&scope, 3 * GREEN_SEC + 2 * GREEN_US);
    chosen = green_select(cases, (int)(sizeof cases / sizeof cases[0]),
                          GREEN_FOREVER);
    return green_scope_end(&scope) ? -1 : chosen;
}
