/* SPDX-License-Identifier: MIT */
/* defer.h - layer 5: calls put off until a greenlet ends. */
#ifndef GREEN_DEFER_H
#define GREEN_DEFER_H

#include "green_impl.h"

/* g ends: run what it deferred, the latest first, then its locals' destructors. */
void green__last_calls(green_t *g);

/* The main greenlet has something to do when its thread ends. */
void green__expect_farewell(struct green_hub *h);

/* In the child of a fork: the same holds for who has main's place there. */
void green__defer_forked(struct green_hub *h);

#endif
