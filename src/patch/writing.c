/* SPDX-License-Identifier: MIT */
/* writing.c - layer 8: putc, puts, fwrite, fflush and fclose.
 *
 * What fits into the buffer is put there.  When libc would write, what is in the
 * buffer goes first, and then not more at once than goes without a wait. */
#include <limits.h>
#include <stdio_ext.h>
#include <string.h>
#include "writing.h"

/* Does libc only put it into the buffer?  Who buffers lines writes them when they
 * end; glibc has no buffer before the first of all. */
static bool fits(FILE *f, const char *s, size_t n)
{
    size_t size = __fbufsize(f);

    return size > 1 && __fpending(f) + n <= size &&
           !(__flbf(f) && memchr(s, '\n', n));
}

/* Is it left to libc? */
static bool is_left(FILE *f, const char *s, size_t n)
{
    return !may_wait_in() || (!is_held_by_any() && fits(f, s, n));
}

/* Make it so that libc may be given so much: that much, or 0 and an error in *r. */
static size_t may_put(struct use *u, const char *s, size_t n, long *r)
{
    size_t most = STREAM_PIECE;

    if (fits(u->file, s, n))
        return n;
    if (!green__use_writes_slowly(u))
        return n;
    if (__fpending(u->file) + n > most)
        *r = green__use_drain(u);
    if (*r == 0)
        *r = green__use_ready(u, GREEN_WRITE);
    if (*r != 0)
        return 0;
    return n < most ? n : most;
}

size_t green__use_put(struct use *u, const void *from, size_t n, long *r)
{
    const char *s = from;
    size_t done = 0, piece, put;

    do {
        piece = may_put(u, s + done, n - done, r);
        put = 0;
        if (piece > 0)
            put =
                green__streams()->fwrite_unlocked(s + done, 1, piece, u->file);
        done += put;
    } while (done < n && put > 0 && put == piece);
    return done;
}

static size_t put_bytes(const void *from, size_t n, FILE *f, bool locks)
{
    struct use u;
    size_t done = 0;
    long r = green__use_begin(&u, f, locks);

    if (r == 0)
        done = green__use_put(&u, from, n, &r);
    green__use_end(&u, r);
    return done;
}

/* ---- characters ---- */

static int put_character(int c, FILE *f, bool locks)
{
    unsigned char byte = (unsigned char)c;

    return put_bytes(&byte, 1, f, locks) == 1 ? byte : EOF;
}

HOOK(fputc, int, hook_fputc, (int c, FILE *f));
int hook_fputc(int c, FILE *f)
{
    char byte = (char)c;

    if (is_left(f, &byte, 1))
        return green__streams()->fputc(c, f);
    return put_character(c, f, true);
}
HOOK_ALIAS(putc, int, hook_fputc_2, (int c, FILE *f), fputc);
HOOK_ALIAS(_IO_putc, int, hook_fputc_3, (int c, FILE *f), fputc);

HOOK(putchar, int, hook_putchar, (int c));
int hook_putchar(int c)
{
    return hook_fputc(c, stdout);
}

HOOK(putc_unlocked, int, hook_putc_unlocked, (int c, FILE *f));
int hook_putc_unlocked(int c, FILE *f)
{
    char byte = (char)c;

    if (is_left(f, &byte, 1))
        return green__streams()->putc_unlocked(c, f);
    return put_character(c, f, false);
}
HOOK_ALIAS(fputc_unlocked, int, hook_putc_unlocked_2, (int c, FILE *f),
           putc_unlocked);

HOOK(putchar_unlocked, int, hook_putchar_unlocked, (int c));
int hook_putchar_unlocked(int c)
{
    return hook_putc_unlocked(c, stdout);
}

/* ---- strings ---- */

HOOK(fputs, int, hook_fputs, (const char *s, FILE *f));
int hook_fputs(const char *s, FILE *f)
{
    size_t n = strlen(s);

    if (is_left(f, s, n))
        return green__streams()->fputs(s, f);
    return put_bytes(s, n, f, true) == n ? 1 : EOF;
}

HOOK(fputs_unlocked, int, hook_fputs_unlocked, (const char *s, FILE *f));
int hook_fputs_unlocked(const char *s, FILE *f)
{
    size_t n = strlen(s);

    if (is_left(f, s, n))
        return green__streams()->fputs_unlocked(s, f);
    return put_bytes(s, n, f, false) == n ? 1 : EOF;
}

/* Both at once, for others not to come between. */
static int put_line(const char *s)
{
    size_t n = strlen(s), done = 0;
    struct use u;
    long r = green__use_begin(&u, stdout, true);

    if (r == 0 && (done = green__use_put(&u, s, n, &r)) == n)
        done += green__use_put(&u, "\n", 1, &r);
    green__use_end(&u, r);
    return done == n + 1 ? (int)(done < INT_MAX ? done : INT_MAX) : EOF;
}

HOOK(puts, int, hook_puts, (const char *s));
int hook_puts(const char *s)
{
    return may_wait_in() ? put_line(s) : green__streams()->puts(s);
}

/* ---- fwrite ---- */

static bool is_nothing(size_t size, size_t n)
{
    return size == 0 || n == 0;
}

HOOK(fwrite, size_t, hook_fwrite,
     (const void *from, size_t size, size_t n, FILE *f));
size_t hook_fwrite(const void *from, size_t size, size_t n, FILE *f)
{
    if (is_nothing(size, n) || is_left(f, from, size * n))
        return green__streams()->fwrite(from, size, n, f);
    return put_bytes(from, size * n, f, true) / size;
}

HOOK(fwrite_unlocked, size_t, hook_fwrite_unlocked,
     (const void *from, size_t size, size_t n, FILE *f));
size_t hook_fwrite_unlocked(const void *from, size_t size, size_t n, FILE *f)
{
    if (is_nothing(size, n) || is_left(f, from, size * n))
        return green__streams()->fwrite_unlocked(from, size, n, f);
    return put_bytes(from, size * n, f, false) / size;
}

/* ---- what is there goes out ---- */

static int flush(FILE *f, bool locks)
{
    struct use u;
    long r = green__use_begin(&u, f, locks);
    int failed = EOF;

    if (r == 0)
        r = green__use_drain(&u);
    if (r == 0)
        failed = green__streams()->fflush_unlocked(f);
    green__use_end(&u, r);
    return failed;
}

HOOK(fflush, int, hook_fflush, (FILE * f));
int hook_fflush(FILE *f)
{
    return f && may_wait_in() ? flush(f, true) : green__streams()->fflush(f);
}

HOOK(fflush_unlocked, int, hook_fflush_unlocked, (FILE * f));
int hook_fflush_unlocked(FILE *f)
{
    if (f && may_wait_in())
        return flush(f, false);
    return green__streams()->fflush_unlocked(f);
}

/* It is closed in any case, as by close; what could not be written is lost. */
static int flush_and_close(FILE *f)
{
    struct use u;
    long r = green__use_begin(&u, f, true);
    int failed;

    if (r == 0)
        r = green__use_drain(&u);
    if (r != 0)
        __fpurge(f);
    green__use_end(&u, r);
    failed = green__streams()->fclose(f);
    if (r != 0)
        errno = (int)-r;
    return r != 0 ? EOF : failed;
}

HOOK(fclose, int, hook_fclose, (FILE * f));
int hook_fclose(FILE *f)
{
    return may_wait_in() ? flush_and_close(f) : green__streams()->fclose(f);
}
HOOK_ALIAS(_IO_fclose, int, hook_fclose_2, (FILE * f), fclose);
