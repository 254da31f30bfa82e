/* SPDX-License-Identifier: MIT */
/* turn.h - layer 4: a hub's meeting with the world, one turn after another. */
#ifndef GREEN_TURN_H
#define GREEN_TURN_H

#include "green_impl.h"

#define LONGEST_TURN 64 /* switches */
#define CREDIT 64       /* calls that did not have to wait, until a turn */

/* Set up the turns of a new hub. */
void green__turn_open(struct green_hub *h);

/* Look at the world, and wait for it if nobody is ready.  When it returns
 * somebody is. */
void green__turn(struct green_hub *h);

/* The credit is used up: give way, with a look at the world first. */
void green__turn_early(struct green_hub *h);

/* In the child of a fork, when nobody is ready: begin a new turn. */
void green__turn_forget(struct green_hub *h);

#endif
