/* SPDX-License-Identifier: MIT */
/* dump.h - layer 3: all greenlets and what each waits for, as text. */
#ifndef GREEN_DUMP_H
#define GREEN_DUMP_H

#include "green_impl.h"
#include "line.h"

/* Write the list of h's greenlets to a descriptor.  Allocates nothing. */
void green__dump(struct green_hub *h, int fd);

/* Add what g waits for, or waited for last: "sleeping". */
void green__dump_reason(struct line *l, const green_t *g);

#endif
