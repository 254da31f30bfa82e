/* SPDX-License-Identifier: MIT */
/* 12 - Wait for the first of several things.
 *
 * green_select waits for a queue, an event, a timer, a descriptor, the end of
 * a greenlet and so on and returns the index of the one that happened; the
 * others are left as if nobody had asked.  The queue here is a channel, which
 * holds nothing: a put waits until somebody takes the item, and the taker goes
 * on first. */
#include <green.h>
#include <stdio.h>

static green_queue_t letters = GREEN_CHANNEL_INIT(char);
static green_event_t holiday = GREEN_EVENT_INIT;

static void *postman(void *arg)
{
    for (char letter = 'a'; letter <= 'c'; letter++) {
        if (green_queue_put(&letters, &letter, GREEN_FOREVER) != 0)
            return NULL;
        printf("postman: %c was taken\n", letter);
    }
    green_event_set(&holiday);
    return arg;
}

/* False at the end. */
static bool wait_for_post(int64_t patience)
{
    char letter;
    green_case_t cases[] = {
        GREEN_ON_GET(&letters, &letter),
        GREEN_ON_EVENT(&holiday),
        GREEN_ON_TIMER(patience),
    };

    switch (green_select(cases, 3, GREEN_FOREVER)) {
    case 0:
        printf("got %c\n", letter);
        return true;
    case 1:
        puts("no post on holidays");
        return false;
    case 2:
        puts("nothing yet");
        return true;
    default:
        perror("green_select");
        return false;
    }
}

int main(void)
{
    wait_for_post(10 * GREEN_MS);
    if (green_go(postman, NULL) != 0) {
        perror("green_go");
        return 1;
    }
    while (wait_for_post(10 * GREEN_SEC))
        continue;
    green_queue_destroy(&letters);
    return 0;
}
