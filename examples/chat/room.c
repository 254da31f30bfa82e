/* SPDX-License-Identifier: MIT */
/* room.c - the list of rooms.
 *
 * A room comes into being with its first member, and stays when the last one has
 * gone, for the sake of its backlog, until its place is needed. */
#include "chat.h"

#include <stdlib.h>
#include <string.h>

static struct room *rooms; /* the newest first */
static bool stopped;

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

struct room *room_find(const char *name)
{
    struct room *room;

    if (stopped)
        return NULL;
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
