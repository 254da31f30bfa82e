/* SPDX-License-Identifier: MIT */
/* reading.c - layer 8: getc, fgets, getline and fread, one read of libc's at a time. */
#include <limits.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "streams.h"

/* Is it left to libc?  It is if a character is there, and nobody waits in it. */
static bool is_left(FILE *f)
{
    return !may_wait_in() || (!is_held_by_any() && green__stream_has(f));
}

/* The next character, or EOF; an error of a wait in *r. */
static int next(struct use *u, long *r)
{
    *r = green__use_refill(u);
    return *r == 0 ? green__streams()->getc_unlocked(u->file) : EOF;
}

/* ---- characters ---- */

static int get(FILE *f, bool locks)
{
    struct use u;
    long r = green__use_begin(&u, f, locks);
    int c = r == 0 ? next(&u, &r) : EOF;

    green__use_end(&u, r);
    return c;
}

HOOK(fgetc, int, hook_fgetc, (FILE * f));
int hook_fgetc(FILE *f)
{
    return is_left(f) ? green__streams()->fgetc(f) : get(f, true);
}
HOOK_ALIAS(getc, int, hook_fgetc_2, (FILE * f), fgetc);
HOOK_ALIAS(_IO_getc, int, hook_fgetc_3, (FILE * f), fgetc);

HOOK(getchar, int, hook_getchar, (void));
int hook_getchar(void)
{
    return hook_fgetc(stdin);
}

HOOK(getc_unlocked, int, hook_getc_unlocked, (FILE * f));
int hook_getc_unlocked(FILE *f)
{
    return is_left(f) ? green__streams()->getc_unlocked(f) : get(f, false);
}
HOOK_ALIAS(fgetc_unlocked, int, hook_getc_unlocked_2, (FILE * f),
           getc_unlocked);

HOOK(getchar_unlocked, int, hook_getchar_unlocked, (void));
int hook_getchar_unlocked(void)
{
    return hook_getc_unlocked(stdin);
}

/* ---- up to a number of bytes, or a delimiter ---- */

enum { NO_DELIMITER = -1 };

struct taking {
    struct use use;
    long r; /* the error of a wait */
    int delimiter;
    bool met; /* the delimiter is taken, or there is no more */
};

/* Of a large fread, what is there. */
static size_t there_is(FILE *f, size_t want)
{
    int saved_errno = errno, n = 0;

    if (want < __fbufsize(f) || want < 2 ||
        ioctl(fileno(f), FIONREAD, &n) != 0 || n < 1)
        n = 1;
    errno = saved_errno;
    return (size_t)n < want ? (size_t)n : want;
}

/* With nothing in the buffer. */
static size_t take_first(struct taking *t, char *to, size_t room)
{
    size_t n = 1;
    int c;

    t->r = green__use_refill(&t->use);
    if (t->r == 0 && t->delimiter == NO_DELIMITER)
        n = there_is(t->use.file, room);
    if (t->r == 0 && n > 1)
        return green__streams()->fread_unlocked(to, 1, n, t->use.file);
    c = t->r == 0 ? green__streams()->getc_unlocked(t->use.file) : EOF;
    t->met = c == EOF || c == t->delimiter;
    if (c == EOF)
        return 0;
    *to = (char)c;
    return 1;
}

/* The next bytes, at most `room`; 0: there are none, for t->r or else. */
static size_t take_some(struct taking *t, char *to, size_t room)
{
    const char *window, *found = NULL;
    size_t n;

    window = green__stream_window(t->use.file, &n);
    if (n == 0)
        return take_first(t, to, room);
    if (n > room)
        n = room;
    if (t->delimiter != NO_DELIMITER)
        found = memchr(window, t->delimiter, n);
    if (found)
        n = (size_t)(found - window) + 1;
    t->met = found;
    return green__streams()->fread_unlocked(to, 1, n, t->use.file);
}

static size_t take(struct taking *t, char *to, size_t room)
{
    size_t done = 0, n;

    do {
        n = take_some(t, to + done, room - done);
        done += n;
    } while (n > 0 && done < room && !t->met);
    return done;
}

static bool begin_taking(struct taking *t, FILE *f, int delimiter, bool locks)
{
    *t = (struct taking){.delimiter = delimiter};
    t->r = green__use_begin(&t->use, f, locks);
    return t->r == 0;
}

/* ---- fread ---- */

static size_t take_items(void *to, size_t size, size_t n, FILE *f, bool locks)
{
    struct taking t;
    size_t done = 0;

    if (begin_taking(&t, f, NO_DELIMITER, locks))
        done = take(&t, to, size * n);
    green__use_end(&t.use, t.r);
    return done / size;
}

HOOK(fread, size_t, hook_fread, (void *to, size_t size, size_t n, FILE *f));
size_t hook_fread(void *to, size_t size, size_t n, FILE *f)
{
    if (size == 0 || n == 0 || !may_wait_in())
        return green__streams()->fread(to, size, n, f);
    return take_items(to, size, n, f, true);
}

HOOK(fread_unlocked, size_t, hook_fread_unlocked,
     (void *to, size_t size, size_t n, FILE *f));
size_t hook_fread_unlocked(void *to, size_t size, size_t n, FILE *f)
{
    if (size == 0 || n == 0 || !may_wait_in())
        return green__streams()->fread_unlocked(to, size, n, f);
    return take_items(to, size, n, f, false);
}

/* ---- fgets ---- */

/* A line cut short by an error is not one; but where nothing waits, what has come. */
static char *take_line(char *s, int room, FILE *f, bool locks)
{
    struct taking t;
    size_t n = 0;

    if (begin_taking(&t, f, '\n', locks))
        n = take(&t, s, (size_t)room - 1);
    if (t.r != 0 || (t.met && n > 0 && s[n - 1] != '\n' && !feof_unlocked(f) &&
                     errno != EAGAIN))
        n = 0;
    green__use_end(&t.use, t.r);
    if (n == 0)
        return NULL;
    s[n] = '\0';
    return s;
}

HOOK(fgets, char *, hook_fgets, (char *s, int n, FILE *f));
char *hook_fgets(char *s, int n, FILE *f)
{
    if (n < 2 || !may_wait_in())
        return green__streams()->fgets(s, n, f);
    return take_line(s, n, f, true);
}

HOOK(fgets_unlocked, char *, hook_fgets_unlocked, (char *s, int n, FILE *f));
char *hook_fgets_unlocked(char *s, int n, FILE *f)
{
    if (n < 2 || !may_wait_in())
        return green__streams()->fgets_unlocked(s, n, f);
    return take_line(s, n, f, false);
}

/* ---- getline ---- */

enum { FIRST_ROOM = 120 };

/* Room for a byte and the end of a string, at least. */
static bool make_room(char **line, size_t *room, size_t used)
{
    size_t more = *line && *room > FIRST_ROOM / 2 ? 2 * *room : FIRST_ROOM;
    char *larger;

    if (*line && *room >= used + 2)
        return true;
    larger = used > SSIZE_MAX / 4 ? NULL : realloc(*line, more);
    if (!larger)
        return false;
    *line = larger;
    *room = more;
    return true;
}

static size_t take_growing(struct taking *t, char **line, size_t *room)
{
    size_t done = 0, n = 1;

    while (n > 0 && !t->met && t->r == 0) {
        if (!make_room(line, room, done)) {
            t->r = -ENOMEM;
            break;
        }
        n = take(t, *line + done, *room - done - 1);
        done += n;
        (*line)[done] = '\0';
    }
    return done;
}

HOOK(getdelim, ssize_t, hook_getdelim,
     (char **line, size_t *room, int delimiter, FILE *f));
ssize_t hook_getdelim(char **line, size_t *room, int delimiter, FILE *f)
{
    struct taking t;
    size_t n = 0;

    if (!line || !room || !may_wait_in())
        return green__streams()->getdelim(line, room, delimiter, f);
    if (begin_taking(&t, f, (unsigned char)delimiter, true))
        n = take_growing(&t, line, room);
    green__use_end(&t.use, t.r);
    return t.r == 0 && n > 0 ? (ssize_t)n : -1;
}
HOOK_ALIAS(__getdelim, ssize_t, hook_getdelim_2,
           (char **line, size_t *room, int delimiter, FILE *f), getdelim);

HOOK(getline, ssize_t, hook_getline, (char **line, size_t *room, FILE *f));
ssize_t hook_getline(char **line, size_t *room, FILE *f)
{
    return hook_getdelim(line, room, '\n', f);
}
HOOK_ALIAS(__getline, ssize_t, hook_getline_2,
           (char **line, size_t *room, FILE *f), getline);
