/* SPDX-License-Identifier: MIT */
/* poll.c - members without a WebSocket, who ask again and again.
 *
 *     POST /enter?…             come in
 *     GET  /poll?key=…&from=7   the notes from number 7 on, when there are some
 *     POST /say?key=…           what is to be said
 *     POST /leave?key=…
 *
 * An answer may be lost, so what it had is kept until the next question shows
 * that it has arrived.  A member who asks no more has gone: a greenlet for each
 * looks after that. */
#define _DEFAULT_SOURCE /* open_memstream */
#include "chat.h"

#include <inttypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POLL_TIME (25 * GREEN_SEC) /* until an answer, even an empty one */

struct poller {
    struct poller *next;
    struct member member;
    int64_t seen;       /* when the last question was answered */
    green_event_t gone; /* it has left */
    long n_asking;
    green_waitgroup_t asking; /* requests under way, which use it */
};

static int64_t patience = 20 * GREEN_SEC; /* until the next question */
static struct poller *pollers;
static green_group_t keepers = GREEN_GROUP_INIT;

void poll_set_patience(int64_t time)
{
    patience = time;
}

/* ---- coming and going ---- */

static struct poller *find(const http_request_t *r)
{
    char key[KEY_ROOM];
    struct poller *p = pollers;

    if (http_query(r, "key", key, sizeof key) < 0)
        return NULL;
    while (p && strcmp(p->member.key, key) != 0)
        p = p->next;
    return p;
}

static void unlink_poller(struct poller *p)
{
    struct poller **place = &pollers;

    while (*place != p)
        place = &(*place)->next;
    *place = p->next;
}

/* How long it may still keep silent; who is asking right now is not silent. */
static int64_t patience_left(const struct poller *p)
{
    return p->n_asking > 0 ? patience : p->seen + patience - green_now();
}

static void *look_after(void *arg)
{
    struct poller *p = arg;
    int64_t left;

    while ((left = patience_left(p)) > 0)
        if (green_event_wait(&p->gone, left) == 0)
            break;
    unlink_poller(p);
    member_leave(&p->member); /* ends the wait of those who ask */
    green_waitgroup_wait(&p->asking, GREEN_FOREVER);
    free(p);
    return NULL;
}

static struct poller *begin_asking(struct poller *p)
{
    p->n_asking++;
    green_waitgroup_add(&p->asking, 1);
    return p;
}

static void end_asking(struct poller *p)
{
    p->seen = green_now();
    p->n_asking--;
    green_waitgroup_done(&p->asking);
}

void poll_stop(void)
{
    for (struct poller *p = pollers; p; p = p->next)
        green_event_set(&p->gone);
    green_group_join(&keepers, GREEN_FOREVER);
}

/* ---- answers ---- */

static int answer_nothing(http_request_t *r)
{
    return http_reply(r, 204, NULL, NULL, 0);
}

/* The notes in the inbox, and why no more will come if that is so. */
static void put_answer(FILE *out, const struct inbox *inbox)
{
    fprintf(out, "{\"next\": %" PRIu64 ", \"notes\": [", inbox->end);
    for (uint64_t i = inbox->first; i < inbox->end; i++)
        fprintf(out, "%s%s", i > inbox->first ? ",\n" : "",
                inbox->notes[i % INBOX_MAX]->json);
    fputc(']', out);
    if (inbox->code) {
        fprintf(out, ", \"code\": %d, \"reason\": ", inbox->code);
        json_string(out, inbox->reason, strlen(inbox->reason));
    }
    fputc('}', out);
}

static int answer_gone(http_request_t *r)
{
    static const char gone[] = "{\"code\": 1006, \"reason\": \"unknown\"}";

    return http_reply(r, 410, "application/json", gone, sizeof gone - 1);
}

/* ---- handlers ---- */

int poll_enter(http_request_t *r, void *arg)
{
    struct poller *p, *old;
    int status;

    (void)arg;
    if (!ws_same_origin(r))
        return http_error(r, 403);
    p = calloc(1, sizeof *p);
    if (!p)
        return http_error(r, 503);
    status = enter(r, &p->member);
    if (status == 0 && !green_group_spawn(&keepers, look_after, p)) {
        member_leave(&p->member);
        status = 503;
    }
    if (status != 0) {
        free(p);
        return http_error(r, status);
    }
    old = find(r);
    if (old)
        green_event_set(&old->gone);
    p->seen = green_now();
    p->next = pollers; /* so that it is found before an old one */
    pollers = p;
    return answer_nothing(r);
}

int poll_wait(http_request_t *r, void *arg)
{
    struct poller *p = find(r);
    char from[24] = "0", *json = NULL;
    size_t n = 0;
    FILE *out;
    int rc;

    (void)arg;
    if (!p)
        return answer_gone(r);
    begin_asking(p);
    http_query(r, "from", from, sizeof from);
    while (p->member.inbox.first < strtoull(from, NULL, 10) &&
           inbox_peek(&p->member.inbox))
        inbox_drop(&p->member.inbox);
    green_event_wait(&p->member.inbox.news, POLL_TIME);
    out = open_memstream(&json, &n);
    if (out) {
        put_answer(out, &p->member.inbox);
        fclose(out);
    }
    if (p->member.inbox.code)
        green_event_set(&p->gone);
    end_asking(p);
    rc = json ? http_reply(r, 200, "application/json", json, n)
              : http_error(r, 503);
    free(json);
    return rc;
}

int poll_say(http_request_t *r, void *arg)
{
    struct poller *p = find(r);
    char text[TEXT_MAX + 1];
    size_t length = 0;
    ssize_t n;

    (void)arg;
    if (!ws_same_origin(r))
        return http_error(r, 403);
    if (!p)
        return answer_gone(r);
    begin_asking(p);
    while ((n = http_read(r, text + length, sizeof text - length)) > 0)
        length += (size_t)n;
    if (n == 0 && length <= TEXT_MAX && ws_is_utf8(text, length))
        member_say(&p->member, text, length);
    end_asking(p);
    if (n < 0)
        return -1;
    if (length > TEXT_MAX)
        return http_error(r, 413);
    return ws_is_utf8(text, length) ? answer_nothing(r) : http_error(r, 400);
}

int poll_leave(http_request_t *r, void *arg)
{
    struct poller *p = find(r);

    (void)arg;
    if (!ws_same_origin(r))
        return http_error(r, 403);
    if (p)
        green_event_set(&p->gone);
    return answer_nothing(r);
}
