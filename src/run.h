/* SPDX-License-Identifier: MIT */
/* run.h - layer 5: which greenlets green_run does not wait for. */
#ifndef GREEN_RUN_H
#define GREEN_RUN_H

#include "green_impl.h"

/* g, which has not ended, is the library's own. */
void green__be_service(green_t *g);

#endif
