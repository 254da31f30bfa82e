/* SPDX-License-Identifier: MIT */
/* leaks.h - a fixture that finds descriptors which a test has left open.
 *
 * What the hub opens for itself is opened before the first count. */
#ifndef GREEN_TEST_LEAKS_H
#define GREEN_TEST_LEAKS_H

#include <fcntl.h>
#include <poll.h>
#include "hub.h"

static int open_before;

static inline int count_open(void)
{
    int fd, n = 0;

    for (fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static inline int note_open(void **state)
{
    (void)state;
    if (green__hub_share(green__hub()) != 0)
        return -1;
    open_before = count_open();
    return 0;
}

static inline int check_open(void **state)
{
    int more = count_open() - open_before;

    (void)state;
    if (more != 0)
        print_error("%d descriptors more than before\n", more);
    return more == 0 ? 0 : -1;
}

#define leak_checked(test)                                                     \
    cmocka_unit_test_setup_teardown(test, note_open, check_open)

#endif
