/* SPDX-License-Identifier: MIT */
/* printing.c - layer 8: printf and its like.
 *
 * How much one writes is known when it has: so it does to memory, and the bytes go
 * the way of fwrite. */
#include <stdlib.h>
#include "writing.h"

/* glibc's; it refuses what the caller compiled with -D_FORTIFY_SOURCE refuses. */
int __vsnprintf_chk(char *to, size_t room, int flag, size_t size,
                    const char *format, va_list arguments);

enum { ROOM = 512, UNCHECKED = -1 };

struct text {
    char room[ROOM];
    char *bytes; /* those, or memory of its own */
    int n;       /* negative: it cannot be made */
};

__attribute__((format(printf, 4, 0))) static int
make(char *to, size_t room, int flag, const char *format, va_list arguments)
{
    if (flag == UNCHECKED)
        return vsnprintf(to, room, format, arguments);
    return __vsnprintf_chk(to, room, flag, room, format, arguments);
}

__attribute__((format(printf, 3, 0))) static void
make_text(struct text *t, int flag, const char *format, va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    t->bytes = t->room;
    t->n = make(t->room, ROOM, flag, format, arguments);
    if (t->n >= ROOM) {
        t->bytes = malloc((size_t)t->n + 1);
        t->n = t->bytes ? make(t->bytes, (size_t)t->n + 1, flag, format, again)
                        : -1;
    }
    va_end(again);
}

static void drop_text(struct text *t)
{
    int saved_errno = errno;

    if (t->bytes != t->room)
        free(t->bytes);
    errno = saved_errno;
}

__attribute__((format(printf, 3, 0))) static int
print(FILE *f, int flag, const char *format, va_list arguments)
{
    struct text t;
    struct use u;
    size_t done = 0;
    long r;

    make_text(&t, flag, format, arguments);
    if (t.n >= 0) {
        r = green__use_begin(&u, f, true);
        if (r == 0)
            done = green__use_put(&u, t.bytes, (size_t)t.n, &r);
        green__use_end(&u, r);
    }
    drop_text(&t);
    return t.n >= 0 && done == (size_t)t.n ? t.n : -1;
}

/* Unpatched, what is checked is whether it is patched. */
__attribute__((format(printf, 3, 0))) static int
print_checked(FILE *f, int flag, const char *format, va_list arguments)
{
    if (may_wait_in())
        return print(f, flag, format, arguments);
    return green__streams()->vfprintf_chk(f, flag, format, arguments);
}

HOOK(vfprintf, int, hook_vfprintf, (FILE * f, const char *format, va_list a));
__attribute__((format(printf, 2, 0))) int
hook_vfprintf(FILE *f, const char *format, va_list a)
{
    if (may_wait_in())
        return print(f, UNCHECKED, format, a);
    return green__streams()->vfprintf(f, format, a);
}

HOOK(vprintf, int, hook_vprintf, (const char *format, va_list a));
__attribute__((format(printf, 1, 0))) int hook_vprintf(const char *format,
                                                       va_list a)
{
    return hook_vfprintf(stdout, format, a);
}

HOOK(fprintf, int, hook_fprintf, (FILE * f, const char *format, ...));
__attribute__((format(printf, 2, 3))) int hook_fprintf(FILE *f,
                                                       const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = hook_vfprintf(f, format, a);
    va_end(a);
    return n;
}

HOOK(printf, int, hook_printf, (const char *format, ...));
__attribute__((format(printf, 1, 2))) int hook_printf(const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = hook_vfprintf(stdout, format, a);
    va_end(a);
    return n;
}

/* ---- as -D_FORTIFY_SOURCE has them ---- */

HOOK(__vfprintf_chk, int, hook_vfprintf_chk,
     (FILE * f, int flag, const char *format, va_list a));
__attribute__((format(printf, 3, 0))) int
hook_vfprintf_chk(FILE *f, int flag, const char *format, va_list a)
{
    return print_checked(f, flag, format, a);
}

HOOK(__vprintf_chk, int, hook_vprintf_chk,
     (int flag, const char *format, va_list a));
__attribute__((format(printf, 2, 0))) int
hook_vprintf_chk(int flag, const char *format, va_list a)
{
    return print_checked(stdout, flag, format, a);
}

HOOK(__fprintf_chk, int, hook_fprintf_chk,
     (FILE * f, int flag, const char *format, ...));
__attribute__((format(printf, 3, 4))) int
hook_fprintf_chk(FILE *f, int flag, const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = print_checked(f, flag, format, a);
    va_end(a);
    return n;
}

HOOK(__printf_chk, int, hook_printf_chk, (int flag, const char *format, ...));
__attribute__((format(printf, 2, 3))) int
hook_printf_chk(int flag, const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = print_checked(stdout, flag, format, a);
    va_end(a);
    return n;
}
