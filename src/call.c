/* SPDX-License-Identifier: MIT */
/* call.c - layer 7: a call into the hub of another thread, and its result.
 *
 *   here                      there
 *   request, waits   --->     a greenlet for it, in the hub's list
 *                             its end, or that of its thread
 *   takes the answer <---
 *
 * Whoever has the call at a moment is the only one to touch it, but for `answer`.
 * A thread may end with greenlets that have not, so their calls are listed: each
 * is answered, come what may.
 *
 * Within one hub there is nobody to send anything to: it is a spawn and a get. */
#include <errno.h>
#include "answer.h"
#include "greenlet.h"
#include "hubs.h"
#include "sys.h"
#include "wait.h"

struct call_request {
    struct message message; /* the first field: found from it */
    struct call *call;
};

struct call_end {
    struct end_call end; /* the first field: found from it */
    struct call *call;
};

struct call {
    struct answer answer; /* the first field: found from it */
    struct call_request request;
    struct call_end end;
    struct call *next, *previous; /* there */
    void *(*fn)(void *arg);
    void *arg, *site;
    void *result;
    int error;
};

/* ---- there ---- */

static void list_call(struct green_hub *h, struct call *c)
{
    c->next = h->calls;
    if (c->next)
        c->next->previous = c;
    h->calls = c;
}

static void unlist_call(struct green_hub *h, struct call *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        h->calls = c->next;
    if (c->next)
        c->next->previous = c->previous;
}

static void answer_call(struct call *c, void *result, int error)
{
    c->result = result;
    c->error = error;
    green__answer_send(&c->answer);
}

static void called_ended(struct end_call *end, green_t *ended)
{
    struct call *c = ((struct call_end *)end)->call;

    unlist_call(ended->hub, c);
    answer_call(c, ended->value, ended->error);
}

/* The thread ends: those that have not ended never will. */
static void end_calls(struct green_hub *h)
{
    struct call *c;

    while ((c = h->calls)) {
        unlist_call(h, c);
        answer_call(c, NULL, ESRCH);
    }
}

/* Without a hub: the one that this was sent to is being closed. */
static void deliver_call(struct green_hub *h, struct message *m)
{
    struct call *c = ((struct call_request *)m)->call;
    const struct origin elsewhere = {.site = c->site};
    green_t *g = h ? green__spawn_for(&elsewhere, h, c->fn, c->arg) : NULL;

    if (!g) {
        answer_call(c, NULL, h ? errno : ESRCH);
        return;
    }
    h->end_calls = end_calls;
    list_call(h, c);
    green__call_at_end(g, &c->end.end);
    green_release(g);
}

/* ---- here ---- */

static void drop_call(struct answer *a)
{
    green__sys.free(a);
}

/* NULL with errno. */
static struct call *prepare_call(struct green_hub *h, void *(*fn)(void *arg),
                                 void *arg)
{
    struct call *c = green__zalloc(sizeof *c);

    if (!c)
        return NULL;
    if (green__answer_expect(&c->answer, h, drop_call) < 0) {
        green__sys.free(c);
        return NULL;
    }
    c->request = (struct call_request){{.deliver = deliver_call}, c};
    c->end = (struct call_end){{.fn = called_ended}, c};
    c->fn = fn;
    c->arg = arg;
    return c;
}

static int wait_for_call(struct call *c, green_hub_t *hub, void **result,
                         int64_t timeout)
{
    int error = 0;

    if (green__answer_await(&c->answer, timeout, WAIT_CALL, (uintptr_t)hub))
        error = errno;
    if (error) {
        green__answer_leave(&c->answer);
    } else {
        error = c->error;
        if (!error && result)
            *result = c->result;
        green__sys.free(c);
    }
    errno = error;
    return error ? -1 : 0;
}

static int call_here(struct green_hub *h, void *(*fn)(void *arg), void *arg,
                     void **result, int64_t timeout, void *site)
{
    const struct origin origin = {.parent_id = h->current->id, .site = site};
    green_t *g = green__spawn_for(&origin, h, fn, arg);
    int r;

    if (!g)
        return -1;
    r = green_get(g, result, timeout);
    green_release(g);
    return r;
}

int green_call_on(green_hub_t *hub, void *(*fn)(void *arg), void *arg,
                  void **result, int64_t timeout)
{
    struct green_hub *h = green__hub();
    void *site = __builtin_return_address(0);
    struct call *c;

    if (!hub || !fn) {
        errno = EINVAL;
        return -1;
    }
    if (green__refused(h, timeout))
        return -1;
    if (timeout <= 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    if (hub == h)
        return call_here(h, fn, arg, result, timeout, site);
    if (!(c = prepare_call(h, fn, arg)))
        return -1;
    c->site = site;
    if (green__hubs_post_work(hub, &c->request.message) < 0) {
        green__answer_withdraw(&c->answer);
        errno = ESRCH;
        return -1;
    }
    return wait_for_call(c, hub, result, timeout);
}
