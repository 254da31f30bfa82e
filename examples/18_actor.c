/* SPDX-License-Identifier: MIT */
/* 18 - Actors: share nothing, send messages.
 *
 * An actor is a greenlet with an inbox.  What it knows is its own: who wants
 * something of it sends a message.  It takes one at a time, and may answer.
 * Closing the inbox tells it that no more will come. */
#include <green.h>
#include <stdio.h>

struct player {
    const char *name;
    green_queue_t inbox;
    int hits; /* nobody else touches this */
};

struct message {
    struct player *from;
    int ball;
};

static int throw_ball(struct player *from, struct player *to, int ball)
{
    struct message m = {from, ball};

    return green_queue_put(&to->inbox, &m, GREEN_FOREVER);
}

static void *play(void *arg)
{
    struct player *self = arg;
    struct message m;

    while (green_queue_get(&self->inbox, &m, GREEN_FOREVER) == 0) {
        printf("%s hits ball %d\n", self->name, m.ball);
        self->hits++;
        if (m.ball == 5 || throw_ball(self, m.from, m.ball + 1) != 0) {
            green_queue_close(&m.from->inbox);
            break;
        }
    }
    printf("%s goes home after %d hits\n", self->name, self->hits);
    return NULL;
}

int main(void)
{
    struct player ping = {"ping", GREEN_QUEUE_INIT(struct message, SIZE_MAX),
                          0};
    struct player pong = {"pong", GREEN_QUEUE_INIT(struct message, SIZE_MAX),
                          0};
    green_t *all[] = {green_spawn(play, &ping), green_spawn(play, &pong)};

    if (!all[0] || !all[1] || throw_ball(&pong, &ping, 1) != 0 ||
        green_joinall(all, 2, GREEN_FOREVER) != 0) {
        perror("18_actor");
        return 1;
    }
    green_releaseall(all, 2);
    green_queue_destroy(&ping.inbox);
    green_queue_destroy(&pong.inbox);
    return 0;
}
