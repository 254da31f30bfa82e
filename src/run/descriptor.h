/* SPDX-License-Identifier: MIT */
/* descriptor.h - calls that end or replace descriptors. */
#ifndef RUN_DESCRIPTOR_H
#define RUN_DESCRIPTOR_H

#include "call.h"

long descriptor_close(struct call *c);
long descriptor_close_range(struct call *c);
long descriptor_ioctl(struct call *c);
long descriptor_setsockopt(struct call *c);
long descriptor_dup2(struct call *c); /* and dup3 */

#endif
