/* SPDX-License-Identifier: MIT */
/* room.c - rooms and who is in them.
 *
 * A room comes into being with its first member, and stays when the last one has
 * gone, for the sake of its backlog, until its place is needed. */
#include "chat.h"

#include <stdlib.h>
#include <string.h>

static struct room *rooms; /* the newest first */
static bool stopped;

/* ---- rooms ---- */

static void free_room(struct room *room)
{
    for (int i = 0; i < BACKLOG_MAX; i++)
        note_release(room->backlog[i]);
    free(room);
}

/* Make room for another one: the oldest where nobody is goes. */
static bool evict(void)
{
    struct room **place = &rooms, **empty = NULL, *room;
    int n = 0;

    for (; *place; place = &(*place)->next, n++)
        if (!(*place)->members && (*place)->visits == 0)
            empty = place;
    if (n < ROOMS_MAX)
        return true;
    if (!empty)
        return false;
    room = *empty;
    *empty = room->next;
    free_room(room);
    return true;
}

static struct room *find_room(const char *name)
{
    struct room *room;

    for (room = rooms; room; room = room->next)
        if (strcmp(room->name, name) == 0)
            return room;
    if (!evict() || !(room = calloc(1, sizeof *room)))
        return NULL;
    strcpy(room->name, name);
    room->next = rooms;
    rooms = room;
    return room;
}

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

void room_say(struct member *m, const char *text, size_t n)
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

int room_enter(struct member *m, const char *name, int64_t after)
{
    struct room *room = stopped ? NULL : find_room(name);
    struct note *welcome;
    bool known;

    give_way(room);
    room = stopped ? NULL : find_room(name);
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

void room_leave(struct member *m)
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

/* ---- all of them ---- */

void room_stop_all(void)
{
    stopped = true;
    for (struct room *room = rooms; room; room = room->next)
        for (struct member *m = room->members; m; m = m->next)
            inbox_close(&m->inbox, WS_GOING_AWAY, "the server stops");
}

void room_free_all(void)
{
    while (rooms) {
        struct room *room = rooms;

        rooms = room->next;
        free_room(room);
    }
}

void room_list(FILE *out)
{
    const char *comma = "";

    fputc('[', out);
    for (struct room *room = rooms; room; room = room->next) {
        int n = 0;

        for (struct member *m = room->members; m; m = m->next)
            n++;
        if (n == 0)
            continue;
        fprintf(out, "%s{\"people\": %d, \"name\": ", comma, n);
        json_string(out, room->name, strlen(room->name));
        fputc('}', out);
        comma = ", ";
    }
    fputc(']', out);
}
