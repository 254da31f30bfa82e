/* SPDX-License-Identifier: MIT */
/* dumped.h - does green_dump say something? */
#ifndef GREEN_TEST_DUMPED_H
#define GREEN_TEST_DUMPED_H

#include <string.h>
#include <unistd.h>
#include "support.h"

static inline bool dump_contains(const char *words)
{
    char dump[4096];
    int fds[2];
    ssize_t n;

    make_pipe(fds);
    green_dump(fds[1]);
    n = read(fds[0], dump, sizeof dump - 1);
    dump[n > 0 ? n : 0] = '\0';
    close_both(fds);
    return strstr(dump, words) != NULL;
}

#endif
