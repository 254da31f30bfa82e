/* SPDX-License-Identifier: MIT */
/* line.h - layer 1: a line of a report. */
#ifndef GREEN_LINE_H
#define GREEN_LINE_H

#include <stddef.h>
#include <stdint.h>

/* What does not fit is cut off.  All zero: empty. */
struct line {
    char text[512];
    size_t n;
};

__attribute__((format(printf, 2, 3))) void
green__line_add(struct line *l, const char *format, ...);

/* The same for a text, and for a number of at least so many digits, without
 * printf: many times faster, and safe on a stack that is nearly used up. */
void green__line_text(struct line *l, const char *text);
void green__line_number(struct line *l, uint64_t number, int digits);

/* Add a path that the environment names.  A program and its children share that,
 * but not a file: the first %p stands for the number of the process. */
void green__line_path(struct line *l, const char *wish);

/* Write it to a descriptor, and begin anew.  Waits if that must be. */
void green__line_write(struct line *l, int fd);

#endif
