/* SPDX-License-Identifier: MIT */
/* live.c - members with a WebSocket: two greenlets for each.
 *
 *     WebSocket -> live -> member_say -> inboxes -> write_notes -> WebSocket
 *
 * The handler reads what its member says, the other writes what is in the inbox;
 * either may wait for the peer without end, and nobody else notices.  Whoever
 * ends first ends the other. */
#include "chat.h"

#include <errno.h>
#include <string.h>

struct talk {
    ws_t *ws;
    struct member member;
};

/* The inbox, as it fills, and then why it was closed. */
static void *write_notes(void *arg)
{
    struct talk *t = arg;
    struct inbox *inbox = &t->member.inbox;
    struct note *note;
    int rc = 0;

    while (rc == 0 && green_event_wait(&inbox->news, GREEN_FOREVER) == 0) {
        note = inbox_peek(inbox);
        if (!note)
            break;
        note_retain(note);
        inbox_drop(inbox);
        rc = ws_send(t->ws, WS_TEXT, note->json, note->length);
        note_release(note);
    }
    if (inbox->code)
        ws_close(t->ws, inbox->code, inbox->reason);
    return NULL;
}

/* One who talks without a pause lets the others hear it in between; else it
 * would be their inboxes that overflow. */
static void read_texts(struct talk *t)
{
    void *text;
    ssize_t n;
    int type;

    while ((n = ws_read(t->ws, &text, &type, GREEN_FOREVER)) >= 0) {
        if (type != WS_TEXT)
            continue;
        member_say(&t->member, text, (size_t)n);
        if (green_yield() != 0)
            break;
    }
}

static void talk(struct talk *t)
{
    green_t *writer = green_spawn(write_notes, t);
    green_scope_t shield;

    if (writer)
        read_texts(t);
    member_leave(&t->member);
    if (!writer)
        return;
    green_kill(writer);
    green_shield_begin(&shield, GREEN_FOREVER);
    green_join(writer, NULL, GREEN_FOREVER);
    green_scope_end(&shield);
    green_release(writer);
}

int live(http_request_t *r, void *arg)
{
    static const ws_options_t options = {
        .message_max = TEXT_MAX,
        .send_buffer = 64 * 1024,
    };
    struct talk t = {.ws = ws_accept(r, &options)};
    int status;

    (void)arg;
    if (!t.ws)
        return 0;
    status = enter(r, &t.member);
    if (status == 0)
        talk(&t);
    else
        ws_close(t.ws, WS_POLICY, status == 503 ? "full" : "no such name");
    ws_free(t.ws);
    return 0;
}
