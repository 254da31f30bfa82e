/* SPDX-License-Identifier: MIT */
/* exceptions.h - layer 2: the C++ exceptions that a greenlet is handling. */
#ifndef GREEN_EXCEPTIONS_H
#define GREEN_EXCEPTIONS_H

#include "green_impl.h"

/* Find the list of this thread: h->exceptions, NULL in a program without C++. */
void green__exceptions_open(struct green_hub *h);

/* Around a switch, where there is such a list: put that of a greenlet aside, and
 * put that of the next in place. */
void green__exceptions_leave(green_t *from);
void green__exceptions_arrive(const green_t *to);

#endif
