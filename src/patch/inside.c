/* SPDX-License-Identifier: MIT */
/* inside.c - layer 8: glibc's streams.  Its headers show them, as putc is
 * a macro. */
#include <stdio_ext.h>
#include <string.h>
#include "streams.h"

enum { IN_BACKUP = 0x100 }; /* of the flags: reads what ungetc pushed back */

const char *green__stream_window(FILE *f, size_t *n)
{
    *n = (size_t)(f->_IO_read_end - f->_IO_read_ptr);
    return f->_IO_read_ptr;
}

/* One that has seen its end, is not for reading, or has wide characters, answers at
 * once. */
bool green__stream_has(FILE *f)
{
    if (f->_IO_read_ptr < f->_IO_read_end || f->_mode > 0)
        return true;
    if ((f->_flags & IN_BACKUP) && f->_IO_save_base < f->_IO_save_end)
        return true;
    return (f->_flags & _IO_EOF_SEEN) || !__freadable(f);
}

void green__stream_fail(FILE *f)
{
    f->_flags |= _IO_ERR_SEEN;
}

const char *green__stream_pending(FILE *f, size_t *n)
{
    *n = f->_mode > 0 ? 0 : __fpending(f);
    return f->_IO_write_base;
}

void green__stream_wrote(FILE *f, size_t n)
{
    size_t left = __fpending(f) - n;

    memmove(f->_IO_write_base, f->_IO_write_base + n, left);
    f->_IO_write_ptr = f->_IO_write_base + left;
}
