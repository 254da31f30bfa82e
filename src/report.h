/* SPDX-License-Identifier: MIT */
/* report.h - layer 4: what a hub has to tell, as a text in memory. */
#ifndef GREEN_REPORT_H
#define GREEN_REPORT_H

#include "green_impl.h"
#include "line.h"

/* Grows as it is written; all zero: empty. */
struct report {
    char *text; /* to be freed */
    size_t n, room;
    bool lacks_memory; /* something is missing */
};

/* Add a line, without its newline. */
void green__report_add(struct report *r, const struct line *l);
void green__report_text(struct report *r, const char *text);

/* Add a line for each greenlet of h: what it does; that and who spawned it; or
 * as a tree of who spawned whom; and the figures of the hub. */
void green__report_list(struct report *r, struct green_hub *h);
void green__report_dump(struct report *r, struct green_hub *h);
void green__report_tree(struct report *r, struct green_hub *h);
void green__report_stats(struct report *r, struct green_hub *h);

#endif
