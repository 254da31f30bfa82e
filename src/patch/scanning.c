/* SPDX-License-Identifier: MIT */
/* scanning.c - layer 8: scanf and its like.
 *
 * Where they read is for libc to know, so only the first read is waited for as a
 * greenlet.  What then does not suffice has the thread wait. */
#include "streams.h"

typedef int scanner(FILE *f, const char *format, va_list arguments);

static int scan(scanner *of_libc, FILE *f, const char *format, va_list a)
{
    struct use u;
    int n = EOF;
    long r;

    if (!may_wait_in())
        return of_libc(f, format, a);
    r = green__use_begin(&u, f, true);
    if (r == 0)
        r = green__use_refill(&u);
    if (r == 0)
        n = of_libc(f, format, a);
    green__use_end(&u, r);
    return n;
}

/* ---- as before C99 ---- */

HOOK(vfscanf, int, hook_vfscanf, (FILE * f, const char *format, va_list a));
int hook_vfscanf(FILE *f, const char *format, va_list a)
{
    return scan(green__streams()->vfscanf, f, format, a);
}

HOOK(vscanf, int, hook_vscanf, (const char *format, va_list a));
int hook_vscanf(const char *format, va_list a)
{
    return hook_vfscanf(stdin, format, a);
}

HOOK(fscanf, int, hook_fscanf, (FILE * f, const char *format, ...));
int hook_fscanf(FILE *f, const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = hook_vfscanf(f, format, a);
    va_end(a);
    return n;
}

HOOK(scanf, int, hook_scanf, (const char *format, ...));
int hook_scanf(const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = hook_vfscanf(stdin, format, a);
    va_end(a);
    return n;
}

/* ---- as glibc's headers call them since ---- */

HOOK(__isoc99_vfscanf, int, hook_vfscanf_c99,
     (FILE * f, const char *format, va_list a));
int hook_vfscanf_c99(FILE *f, const char *format, va_list a)
{
    return scan(green__streams()->vfscanf_c99, f, format, a);
}

HOOK(__isoc99_vscanf, int, hook_vscanf_c99, (const char *format, va_list a));
int hook_vscanf_c99(const char *format, va_list a)
{
    return hook_vfscanf_c99(stdin, format, a);
}

HOOK(__isoc99_fscanf, int, hook_fscanf_c99,
     (FILE * f, const char *format, ...));
int hook_fscanf_c99(FILE *f, const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = hook_vfscanf_c99(f, format, a);
    va_end(a);
    return n;
}

HOOK(__isoc99_scanf, int, hook_scanf_c99, (const char *format, ...));
int hook_scanf_c99(const char *format, ...)
{
    va_list a;
    int n;

    va_start(a, format);
    n = hook_vfscanf_c99(stdin, format, a);
    va_end(a);
    return n;
}
