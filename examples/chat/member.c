/* SPDX-License-Identifier: MIT */
/* member.c - who is in which room, and is told what.
 *
 * Telling never waits for anybody; but before something is told, those who send
 * the notes on may be given their turn. */
#include "chat.h"

#include <string.h>

/* ---- telling ---- */

/* Give a note to all who are there; takes the reference. */
static void tell(struct room *room, struct note *note)
{
    if (!note)
        return;
    for (struct member *m = room->members; m; m = m->next)
        inbox_put(&m->inbox, note);
    note_release(note);
}

static void keep(struct room *room, struct note *note)
{
    struct note **place = &room->backlog[room->n_said++ % BACKLOG_MAX];

    note_release(*place);
    *place = note_retain(note);
}

/* Is somebody's inbox filling up?  *taken grows as such inboxes are emptied. */
static bool is_crowded(const struct room *room, uint64_t *taken)
{
    bool crowded = false;

    *taken = 0;
    for (const struct member *m = room->members; m; m = m->next)
        if (m->inbox.end - m->inbox.first >= INBOX_MAX / 2) {
            *taken += m->inbox.first;
            crowded = true;
        }
    return crowded;
}

/* When many come, or talk, in the same moment, those who send the notes on have
 * not had their turn yet: let them, before anybody is taken for slow.  Who takes
 * nothing meanwhile is slow. */
static void give_way(struct room *room)
{
    uint64_t before, after;

    if (!room || !is_crowded(room, &before))
        return;
    room->visits++;
    while (green_yield() == 0 && is_crowded(room, &after) && after != before)
        before = after;
    room->visits--;
}

void member_say(struct member *m, const char *text, size_t n)
{
    struct note *note;

    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    give_way(m->room);
    note = n > 0 && m->room ? note_said(m->name, text, n) : NULL;
    if (!note)
        return;
    keep(m->room, note);
    tell(m->room, note);
}

static void tell_backlog(const struct room *room, struct member *m,
                         int64_t after)
{
    uint64_t i = room->n_said > BACKLOG_MAX ? room->n_said - BACKLOG_MAX : 0;

    for (; i < room->n_said; i++)
        if (room->backlog[i % BACKLOG_MAX]->id > after)
            inbox_put(&m->inbox, room->backlog[i % BACKLOG_MAX]);
}

/* ---- members ---- */

static struct member **place_of(struct room *room, const char *name)
{
    struct member **place = &room->members;

    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    return place;
}

/* Ann, if there is one already: Ann 2. */
static void make_unique(struct room *room, char *name)
{
    char wish[NAME_ROOM + 12];
    size_t length = strlen(name);

    strcpy(wish, name);
    for (int n = 2; strlen(wish) >= NAME_ROOM || *place_of(room, wish); n++) {
        snprintf(wish + length, sizeof wish - length, " %d", n);
        if (strlen(wish) >= NAME_ROOM)
            length--;
        while (length > 0 && ((unsigned char)wish[length] & 0xc0) == 0x80)
            length--; /* whole characters only */
    }
    strcpy(name, wish);
}

/* A member that comes in again, since its connection is gone, takes its own
 * place: true if it had one, under this name. */
static bool replace(struct room *room, const struct member *m)
{
    struct member **place = &room->members, *old;
    bool same;

    while (*place && strcmp((*place)->key, m->key) != 0)
        place = &(*place)->next;
    old = *place;
    if (!old)
        return false;
    *place = old->next;
    old->room = NULL;
    inbox_clear(&old->inbox);
    inbox_close(&old->inbox, CHAT_REPLACED, "came in again");
    same = strcmp(old->name, m->name) == 0;
    if (!same)
        tell(room, note_went(old->name));
    return same;
}

int member_enter(struct member *m, const char *name, int64_t after)
{
    struct room *room = room_find(name);
    struct note *welcome;
    bool known;

    give_way(room);
    room = room_find(name); /* it may have gone meanwhile */
    if (!room)
        return 503;
    known = replace(room, m);
    make_unique(room, m->name);
    welcome = note_welcome(room, m);
    if (!welcome || !known)
        tell(room, welcome ? note_came(m->name) : note_went(m->name));
    if (!welcome)
        return 503;
    inbox_put(&m->inbox, welcome);
    note_release(welcome);
    tell_backlog(room, m, after);
    m->room = room;
    m->next = room->members;
    room->members = m;
    return 0;
}

void member_leave(struct member *m)
{
    struct room *room;

    inbox_close(&m->inbox, WS_NORMAL, "");
    inbox_clear(&m->inbox);
    give_way(m->room);
    room = m->room;
    if (!room)
        return;
    m->room = NULL;
    *place_of(room, m->name) = m->next;
    tell(room, note_went(m->name));
}
