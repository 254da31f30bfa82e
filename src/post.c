/* SPDX-License-Identifier: MIT */
/* post.c - layer 5: spawn in the hub of another thread.
 *
 * The spawn travels as a message and happens there; when there is no memory for
 * the greenlet at that moment, it is tried again until there is. */
#include <errno.h>
#include "block.h"
#include "greenlet.h"
#include "hubs.h"
#include "mail.h"
#include "sys.h"

struct spawn_message {
    struct message message; /* first */
    void *(*fn)(void *arg);
    void *arg;
    void *site;
};

/* Who asked is not known here, and may be gone. */
static void deliver_spawn(struct green_hub *h, struct message *m)
{
    struct spawn_message *s = (struct spawn_message *)m;
    const struct origin elsewhere = {.site = s->site};
    green_t *g = h ? green__spawn_for(&elsewhere, h, s->fn, s->arg) : NULL;

    if (h && !g) {
        green__mail_hold(h, m);
        return;
    }
    green_release(g);
    green__sys.free(s);
}

int green_spawn_on(green_hub_t *hub, void *(*fn)(void *arg), void *arg)
{
    struct spawn_message *s;

    if (!hub || !fn) {
        errno = EINVAL;
        return -1;
    }
    s = green__sys.malloc(sizeof *s);
    if (!s)
        return -1;
    s->message.deliver = deliver_spawn;
    s->fn = fn;
    s->arg = arg;
    s->site = __builtin_return_address(0);
    if (green__hubs_post_work(hub, &s->message) == 0)
        return 0;
    green__sys.free(s);
    return -1;
}
