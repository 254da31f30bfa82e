/* SPDX-License-Identifier: MIT */
/* dump.h - layer 3: all greenlets and what each waits for, as text. */
#ifndef GREEN_DUMP_H
#define GREEN_DUMP_H

#include "green_impl.h"
#include "line.h"

/* Write the list of h's greenlets to a descriptor.  Allocates nothing. */
void green__dump(struct green_hub *h, int fd);

/* Add what a line of it says of g, without indent and newline: number, name and
 * state; and then by whom and where it was spawned. */
void green__dump_line(struct line *l, const green_t *g, int64_t now);
void green__dump_origin(struct line *l, const green_t *g);

/* Add what g waits for, or waited for last: "sleeping". */
void green__dump_reason(struct line *l, const green_t *g);

#endif
