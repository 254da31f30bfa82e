/* SPDX-License-Identifier: MIT */
/* note.c - what happens, as text that pages understand.
 *
 *     {"type": "said", "id": 7, "time": 1700000000000, "name": "Ann", "text": "Hi"}
 *
 * It is written once, however many get it.  Text of others goes into JSON as a
 * string and nowhere else; the page puts it into its document as text. */
#define _DEFAULT_SOURCE /* open_memstream, clock_gettime */
#include "chat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Pages remember the last id they have seen, and may outlive the program. */
static int64_t next_id(void)
{
    static int64_t last;

    if (last == 0)
        last = milliseconds() * 1000;
    return ++last;
}

void json_string(FILE *out, const char *text, size_t n)
{
    fputc('"', out);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < ' ' || c == 0x7f)
            fprintf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_member(FILE *out, const char *key, const char *text, size_t n)
{
    fprintf(out, ", \"%s\": ", key);
    json_string(out, text, n);
}

/* Begin a note; what is written to the stream becomes its text. */
static FILE *begin(struct note **note, const char *type)
{
    struct note *new = calloc(1, sizeof *new);
    FILE *out = new ? open_memstream(&new->json, &new->length) : NULL;

    if (!out) {
        free(new);
        return NULL;
    }
    new->references = 1;
    new->id = next_id();
    *note = new;
    fprintf(out, "{\"type\": \"%s\", \"id\": %" PRId64 ", \"time\": %" PRId64,
            type, new->id, milliseconds());
    return out;
}

static struct note *end(struct note *note, FILE *out)
{
    fputc('}', out);
    if (fclose(out) == 0)
        return note;
    note_release(note);
    return NULL;
}

static struct note *about(const char *type, const char *name)
{
    struct note *note;
    FILE *out = begin(&note, type);

    if (!out)
        return NULL;
    put_member(out, "name", name, strlen(name));
    return end(note, out);
}

struct note *note_came(const char *name)
{
    return about("came", name);
}

struct note *note_went(const char *name)
{
    return about("went", name);
}

struct note *note_said(const char *name, const char *text, size_t n)
{
    struct note *note;
    FILE *out = begin(&note, "said");

    if (!out)
        return NULL;
    put_member(out, "name", name, strlen(name));
    put_member(out, "text", text, n);
    return end(note, out);
}

struct note *note_welcome(const struct room *room, const struct member *m)
{
    struct note *note;
    FILE *out = begin(&note, "welcome");

    if (!out)
        return NULL;
    put_member(out, "room", room->name, strlen(room->name));
    put_member(out, "name", m->name, strlen(m->name));
    fputs(", \"people\": [", out);
    json_string(out, m->name, strlen(m->name));
    for (const struct member *p = room->members; p; p = p->next) {
        fputs(", ", out);
        json_string(out, p->name, strlen(p->name));
    }
    fputc(']', out);
    return end(note, out);
}

struct note *note_retain(struct note *note)
{
    note->references++;
    return note;
}

void note_release(struct note *note)
{
    if (!note || --note->references > 0)
        return;
    free(note->json);
    free(note);
}
