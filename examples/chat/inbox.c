/* SPDX-License-Identifier: MIT */
/* inbox.c - what a member has still to be sent: a ring with a bound.
 *
 *     notes:  [ taken | first ... | end, room ]
 *
 * It is what keeps a slow member from holding up the others: to put never
 * waits.  Who is behind by a whole ring gets no more, and can come back and be
 * told what was said meanwhile. */
#include "chat.h"

void inbox_clear(struct inbox *inbox)
{
    while (inbox->first < inbox->end)
        note_release(inbox->notes[inbox->first++ % INBOX_MAX]);
    if (!inbox->code)
        green_event_clear(&inbox->news);
}

void inbox_close(struct inbox *inbox, int code, const char *reason)
{
    if (inbox->code)
        return;
    inbox->code = code;
    inbox->reason = reason;
    green_event_set(&inbox->news);
}

void inbox_put(struct inbox *inbox, struct note *note)
{
    if (inbox->code)
        return;
    if (inbox->end - inbox->first == INBOX_MAX) {
        inbox_close(inbox, WS_POLICY, "too slow");
        inbox_clear(inbox);
        return;
    }
    inbox->notes[inbox->end++ % INBOX_MAX] = note_retain(note);
    green_event_set(&inbox->news);
}

struct note *inbox_peek(const struct inbox *inbox)
{
    if (inbox->first == inbox->end)
        return NULL;
    return inbox->notes[inbox->first % INBOX_MAX];
}

void inbox_drop(struct inbox *inbox)
{
    note_release(inbox->notes[inbox->first++ % INBOX_MAX]);
    if (inbox->first == inbox->end && !inbox->code)
        green_event_clear(&inbox->news);
}
