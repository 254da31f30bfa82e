/* SPDX-License-Identifier: MIT */
/* environment.h - layer 8: patching wished for from outside, with GREEN_PATCH. */
#ifndef GREEN_ENVIRONMENT_H
#define GREEN_ENVIRONMENT_H

/* Does what GREEN_PATCH says, before main. */
void green__environment(void) __attribute__((constructor));

#endif
