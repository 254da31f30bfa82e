/* SPDX-License-Identifier: MIT */
/* enter.c - who wants to come in, and where: ?room=…&name=…&key=…&after=….
 *
 * The key is a random number that the page has made: by it a member that has
 * lost its connection is known again, and one without a connection at all.  It
 * is never shown to anybody. */
#include "chat.h"

#include <stdlib.h>
#include <string.h>

/* Characters that show: names are put into sentences. */
static bool is_name(const char *name)
{
    size_t length = 0;

    for (const char *p = name; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
        length += ((unsigned char)*p & 0xc0) != 0x80;
    }
    return length > 0 && length <= NAME_LENGTH &&
           ws_is_utf8(name, strlen(name));
}

static bool is_key(const char *key)
{
    static const char good[] = "0123456789abcdef";
    size_t n = strlen(key);

    return n == KEY_ROOM - 1 && strspn(key, good) == n;
}

static void trim(char *text)
{
    size_t blanks = strspn(text, " "), n = strlen(text);

    while (n > blanks && text[n - 1] == ' ')
        n--;
    memmove(text, text + blanks, n - blanks);
    text[n - blanks] = '\0';
}

static bool query_name(const http_request_t *r, const char *what, char *name)
{
    char text[4 * NAME_ROOM]; /* percent signs, and blanks around it */

    if (http_query(r, what, text, sizeof text) < 0)
        return false;
    trim(text);
    if (!is_name(text))
        return false;
    strcpy(name, text);
    return true;
}

int enter(http_request_t *r, struct member *m)
{
    char room[NAME_ROOM], after[24] = "0";

    if (!query_name(r, "name", m->name) || !query_name(r, "room", room) ||
        http_query(r, "key", m->key, sizeof m->key) < 0 || !is_key(m->key))
        return 400;
    http_query(r, "after", after, sizeof after);
    return member_enter(m, room, strtoll(after, NULL, 10));
}
