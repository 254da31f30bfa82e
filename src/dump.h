/* SPDX-License-Identifier: MIT */
/* dump.h - layer 3: all greenlets and what each waits for, as text. */
#ifndef GREEN_DUMP_H
#define GREEN_DUMP_H

#include "green_impl.h"

/* Write the list of h's greenlets to a descriptor.  Allocates nothing. */
void green__dump(struct green_hub *h, int fd);

#endif
