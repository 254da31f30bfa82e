/* SPDX-License-Identifier: MIT */
/* exceptions.c - layer 2: the C++ exceptions that a greenlet is handling.
 *
 * The C++ runtime keeps them in a list for each thread: an exception joins when
 * its handler begins and leaves when that ends.  A handler that waits lets other
 * greenlets begin and end theirs, so each greenlet has a list of its own, which is
 * put in place when it goes on.
 *
 * The runtime is the program's, if it has one, and found by a weak symbol.  What
 * it keeps is laid out as the C++ ABI says (struct __cxa_eh_globals); that of
 * 32-bit ARM has one field more, for those amid unwinding. */
#include "exceptions.h"

struct green_exceptions *__cxa_get_globals(void) __attribute__((weak));

void green__exceptions_open(struct green_hub *h)
{
    h->exceptions = __cxa_get_globals ? __cxa_get_globals() : NULL;
}

void green__exceptions_leave(green_t *from)
{
    from->exceptions = *from->hub->exceptions;
}

void green__exceptions_arrive(const green_t *to)
{
    *to->hub->exceptions = to->exceptions;
}
