/* SPDX-License-Identifier: MIT */
/* 11 - A bounded queue between producers and consumers.
 *
 * Items are copied in and out.  A put waits while the queue is full, so the
 * boss cannot run ahead of the workers; a get waits while it is empty.  After
 * the close the rest is still handed out; then gets fail with EPIPE, which
 * ends the workers. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static green_queue_t tasks = GREEN_QUEUE_INIT(int, 2);

static void *boss(void *arg)
{
    for (int task = 1; task <= 6; task++) {
        if (green_queue_put(&tasks, &task, GREEN_FOREVER) != 0)
            return NULL;
        printf("boss: task %d is given, %zu in the queue\n", task,
               green_queue_size(&tasks));
    }
    green_queue_close(&tasks);
    return arg;
}

static void *worker(void *name)
{
    int task;

    while (green_queue_get(&tasks, &task, GREEN_FOREVER) == 0) {
        printf("%s: works on task %d\n", (char *)name, task);
        if (green_yield() != 0)
            return NULL;
    }
    printf("%s: %s\n", (char *)name,
           errno == EPIPE ? "no more tasks" : "told to stop");
    return NULL;
}

int main(void)
{
    char ann[] = "ann", bob[] = "bob";
    green_t *all[] = {green_spawn(worker, ann), green_spawn(worker, bob),
                      green_spawn(boss, NULL)};

    if (!all[0] || !all[1] || !all[2] ||
        green_joinall(all, 3, GREEN_FOREVER) != 0) {
        perror("11_queue");
        return 1;
    }
    green_releaseall(all, 3);
    green_queue_destroy(&tasks);
    return 0;
}
