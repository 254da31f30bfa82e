/* SPDX-License-Identifier: MIT */
/* chat.h - what the files of the chat share.
 *
 *     note.c   what happens, as text that pages understand
 *     inbox.c  what a member has still to be sent
 *     room.c   the list of rooms
 *     member.c who is in which room, and is told what
 *     enter.c  who wants to come in, and where
 *     live.c   members with a WebSocket
 *     poll.c   members who ask again and again
 *     chat.c   the program
 *
 * What somebody says becomes one note, and each member of the room gets a
 * reference to it into an inbox.  Nobody waits for anybody: an inbox that is full
 * is closed, and its owner dropped.  All this is one thread, and between two
 * calls that wait nothing changes; there is no lock. */
#ifndef EXAMPLES_CHAT_H
#define EXAMPLES_CHAT_H
#include "websocket.h"

#include <stdio.h>

enum {
    INBOX_MAX = 100,   /* notes; more, and a member is too slow */
    BACKLOG_MAX = 50,  /* of what was said, for those who come later */
    TEXT_MAX = 4000,   /* bytes of what is said at once */
    NAME_LENGTH = 24,  /* characters of a name, of a member or a room */
    NAME_ROOM = 4 * NAME_LENGTH + 1,
    KEY_ROOM = 33,
    ROOMS_MAX = 1000
};

/* Codes of our own, beside those of websocket.h. */
#define CHAT_REPLACED 4001 /* the same member has come in again */

/* ---- note.c ---- */

/* Something that has happened, as JSON. */
struct note {
    unsigned references;
    int64_t id; /* grows, also when the program is started again */
    char *json;
    size_t length;
};

struct member;
struct room;

/* Each returns a note with one reference, or NULL: no memory. */
struct note *note_said(const char *name, const char *text, size_t n);
struct note *note_came(const char *name);
struct note *note_went(const char *name);
struct note *note_welcome(const struct room *room, const struct member *m);
struct note *note_retain(struct note *note);
void note_release(struct note *note);

/* Write text as a string of JSON. */
void json_string(FILE *out, const char *text, size_t n);

/* ---- inbox.c ---- */

/* The notes that a member has not got yet; they are counted from the first
 * one ever. */
struct inbox {
    struct note *notes[INBOX_MAX];
    uint64_t first, end;  /* the oldest that is here, and one past the newest */
    int code;             /* closed for this reason; 0: it is open */
    const char *reason;
    green_event_t news;   /* set while there is a note, or it is closed */
};

/* Put a note; if there is no room close the inbox, and empty it. */
void inbox_put(struct inbox *inbox, struct note *note);

/* The oldest note, borrowed, or NULL. */
struct note *inbox_peek(const struct inbox *inbox);
void inbox_drop(struct inbox *inbox); /* the oldest one */
void inbox_clear(struct inbox *inbox);

/* Nothing more will come, though what is there can be taken. */
void inbox_close(struct inbox *inbox, int code, const char *reason);

/* ---- room.c ---- */

struct room {
    struct room *next;
    char name[NAME_ROOM];
    struct member *members;
    int visits; /* greenlets that will go on in it after a yield */
    struct note *backlog[BACKLOG_MAX];
    uint64_t n_said;
};

/* The room of this name, or a new one; NULL: there is no place. */
struct room *room_find(const char *name);

/* The rooms where somebody is, as JSON. */
void room_list(FILE *out);

/* Close the inboxes of all members, and find no room any more. */
void room_stop_all(void);
void room_free_all(void);

/* ---- member.c: calls that may yield ---- */

struct member {
    struct member *next;
    struct room *room; /* NULL: in none, or no more */
    char name[NAME_ROOM];
    char key[KEY_ROOM]; /* known to this member only */
    struct inbox inbox;
};

/* Come into a room: be told who is there and what was said after this id.  The
 * name changes if another member has it.  0, or a status: 503. */
int member_enter(struct member *m, const char *room, int64_t after);

/* Tell the others, close the inbox, and empty it. */
void member_leave(struct member *m);

/* Say it to all, with no blanks at the end; nothing is not said. */
void member_say(struct member *m, const char *text, size_t n);

/* ---- enter.c ---- */

/* Let the sender of a request into the room of its query: 0, or a status. */
int enter(http_request_t *r, struct member *m);

/* ---- live.c, poll.c: handlers ---- */

int live(http_request_t *r, void *arg);

int poll_enter(http_request_t *r, void *arg);
int poll_wait(http_request_t *r, void *arg);
int poll_say(http_request_t *r, void *arg);
int poll_leave(http_request_t *r, void *arg);
void poll_set_patience(int64_t time); /* with who asks no more */
void poll_stop(void);                 /* wait until no such member is there */

#endif
