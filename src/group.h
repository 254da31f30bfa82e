/* SPDX-License-Identifier: MIT */
/* group.h - layer 6: membership, for pools too. */
#ifndef GREEN_GROUP_IMPL_H
#define GREEN_GROUP_IMPL_H

#include "greenlet.h"

/* One greenlet in one group, until it ends.  Made by green__sys.malloc before it
 * joins, so that nothing can fail at the end. */
struct green_member {
    struct end_call call; /* the first field: found from it */
    green_group_t *group;
    green_t *greenlet;
    struct green_member *next, *previous; /* all of the group, oldest first */
};

/* Make g a member.  When it has ended, `ended` is called, which must call
 * green__group_leave, see to the size, and free m. */
void green__group_enter(green_group_t *p, struct green_member *m, green_t *g,
                        void (*ended)(struct end_call *call, green_t *g));

/* Take m out of the list, and note if its greenlet failed. */
void green__group_leave(struct green_member *m, const green_t *ended);

/* Does somebody wait in green__group_kill? */
bool green__group_is_killed(const green_group_t *p);

/* join and kill, with what is waited for. */
int green__group_join(green_group_t *p, int64_t timeout,
                      enum green_reason reason);
int green__group_kill(green_group_t *p, int64_t timeout,
                      enum green_reason reason);

#endif
