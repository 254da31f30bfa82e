/* SPDX-License-Identifier: MIT */
/* local.h - layer 5: values that each greenlet has for itself. */
#ifndef GREEN_LOCAL_IMPL_H
#define GREEN_LOCAL_IMPL_H

#include "green_impl.h"

/* g ends: call the destructors, the last set first. */
void green__locals_end(green_t *g);

#endif
