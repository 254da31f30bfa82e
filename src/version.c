/* SPDX-License-Identifier: MIT */
/* version.c - layer 1: which libgreen is linked, as against green.h's numbers,
 * which tell which one was compiled for. */
#include "green.h"

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) \
    TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *green_version(void)
{
    return VERSION_TEXT(GREEN_VERSION_MAJOR, GREEN_VERSION_MINOR,
                        GREEN_VERSION_PATCH);
}
