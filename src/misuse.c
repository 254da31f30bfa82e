/* SPDX-License-Identifier: MIT */
/* misuse.c - layer 1: one line, then the end. */
#include <stdlib.h>
#include <string.h>
#include "misuse.h"
#include "sys.h"

static struct iovec piece(const char *text)
{
    return (struct iovec){(void *)(uintptr_t)text, strlen(text)};
}

/* One call writes the line, so that the lines of two threads do not mix, and
 * no buffer is needed on what may be the last of a small stack. */
_Noreturn void green__misuse(const char *call, const char *what)
{
    const struct iovec line[] = {piece("libgreen: "), piece(call), piece(": "),
                                 piece(what), piece("\n")};

    (void)!green__sys.writev(2, line, sizeof line / sizeof *line);
    abort();
}
