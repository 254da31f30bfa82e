/* SPDX-License-Identifier: MIT */
/* wire.h - a pair of descriptors, what went in, what came out, and what may have
 * become of it.
 *
 * What goes through a wire are records, each of which says of which wire it is and
 * the how-manieth.  A record must come out of its own wire, once; all that were
 * written come out, unless the wire was cut; and a call fails only for a reason that
 * is noted here. */
#ifndef STORM_WIRE_H
#define STORM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECORDS = 96, RECORD = 64, READERS = 3, WRITERS = 2 };

/* Of TCP only one greenlet reads, and one writes, as records may come in pieces. */
enum wire_kind { PIPE, STREAM, PACKETS, TCP, KINDS };

struct wire {
    uint32_t id;
    enum wire_kind kind;
    int in, out;    /* where records come out, and go in; -1: not any more */
    unsigned moves; /* how often `in` became another number */
    bool cut;       /* closed where they come out, or reset */
    bool reset;
    bool ended;    /* closed where they go in, or half-closed */
    unsigned next; /* record to be written */
    bool written[RECORDS];
    unsigned char *arrived; /* how often; children share it */
    char part[RECORD];
    size_t part_length;
};

/* Each prints what was wrong, and the seed, and aborts. */
_Noreturn void storm_failed(const struct wire *w, const char *what,
                            long detail);

/* 0, or -1 with errno if there are no descriptors for it. */
int wire_open(struct wire *w, uint32_t id, enum wire_kind kind);

/* As functions of greenlets; arg is the wire. */
void *wire_reads(void *arg);
void *wire_writes(void *arg);

/* Take records that are there already, without waiting, by way of `fd`. */
void wire_steal(struct wire *w, int fd, int most);

void wire_cut(struct wire *w);
void wire_end(struct wire *w);        /* close where records go in */
void wire_half_close(struct wire *w); /* sockets */
void wire_reset(struct wire *w);      /* TCP */
void wire_move(struct wire *w);       /* to a duplicate of the descriptor */

/* When nobody reads or writes any more. */
void wire_judge(struct wire *w);

/* storm.c: below n. */
unsigned storm_choose(unsigned n);

#endif
