/* SPDX-License-Identifier: MIT */
/* local.h - layer 5: values that each greenlet has for itself. */
#ifndef GREEN_LOCAL_IMPL_H
#define GREEN_LOCAL_IMPL_H

#include "green_impl.h"

/* A list of values ends: call the destructors, the last set first. */
void green__locals_end(struct local_value **locals);

/* Give *heir, which is empty, copies of what can be inherited of `from`: 0, or
 * -1 with ENOMEM, and nothing was copied. */
int green__locals_inherit(struct local_value **heir,
                          const struct local_value *from);

#endif
