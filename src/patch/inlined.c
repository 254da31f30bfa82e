/* SPDX-License-Identifier: MIT */
/* inlined.c - layer 8: what glibc's headers make of getc_unlocked and putc_unlocked
 * when a buffer is empty, or full; and names of -D_FORTIFY_SOURCE. */
#include <stdio_ext.h>
#include <stdlib.h>
#include "streams.h"

HOOK(fgets, char *, hook_fgets, (char *s, int n, FILE *f));
HOOK(fgets_unlocked, char *, hook_fgets_unlocked, (char *s, int n, FILE *f));
HOOK(fread, size_t, hook_fread, (void *to, size_t size, size_t n, FILE *f));
HOOK(fread_unlocked, size_t, hook_fread_unlocked,
     (void *to, size_t size, size_t n, FILE *f));

HOOK(__uflow, int, hook_uflow, (FILE * f));
int hook_uflow(FILE *f)
{
    struct use u;
    int c = EOF;
    long r;

    if (!may_wait_in())
        return green__streams()->uflow(f);
    r = green__use_begin(&u, f, false);
    if (r == 0)
        r = green__use_refill(&u);
    if (r == 0)
        c = green__streams()->uflow(f);
    green__use_end(&u, r);
    return c;
}

/* Also called for each character where lines are buffered. */
static bool writes(FILE *f, int c)
{
    return __fbufsize(f) <= 1 || __fpending(f) >= __fbufsize(f) ||
           (__flbf(f) && c == '\n');
}

HOOK(__overflow, int, hook_overflow, (FILE * f, int c));
int hook_overflow(FILE *f, int c)
{
    struct use u;
    long r;

    if (!may_wait_in() || !writes(f, c))
        return green__streams()->overflow(f, c);
    r = green__use_begin(&u, f, false);
    if (r == 0 && __fpending(f) >= STREAM_PIECE)
        r = green__use_drain(&u);
    if (r == 0)
        r = green__use_ready(&u, GREEN_WRITE);
    if (r == 0)
        c = green__streams()->overflow(f, c);
    green__use_end(&u, r);
    return r == 0 ? c : EOF;
}

/* ---- names of -D_FORTIFY_SOURCE ---- */

HOOK(__fgets_chk, char *, hook_fgets_chk,
     (char *s, size_t size, int n, FILE *f));
char *hook_fgets_chk(char *s, size_t size, int n, FILE *f)
{
    if (n > 0 && (size_t)n > size)
        abort();
    return hook_fgets(s, n, f);
}

HOOK(__fgets_unlocked_chk, char *, hook_fgets_unlocked_chk,
     (char *s, size_t size, int n, FILE *f));
char *hook_fgets_unlocked_chk(char *s, size_t size, int n, FILE *f)
{
    if (n > 0 && (size_t)n > size)
        abort();
    return hook_fgets_unlocked(s, n, f);
}

static void check_room(size_t room, size_t size, size_t n)
{
    if (size > 0 && n > room / size)
        abort();
}

HOOK(__fread_chk, size_t, hook_fread_chk,
     (void *to, size_t room, size_t size, size_t n, FILE *f));
size_t hook_fread_chk(void *to, size_t room, size_t size, size_t n, FILE *f)
{
    check_room(room, size, n);
    return hook_fread(to, size, n, f);
}

HOOK(__fread_unlocked_chk, size_t, hook_fread_unlocked_chk,
     (void *to, size_t room, size_t size, size_t n, FILE *f));
size_t hook_fread_unlocked_chk(void *to, size_t room, size_t size, size_t n,
                               FILE *f)
{
    check_room(room, size, n);
    return hook_fread_unlocked(to, size, n, f);
}
