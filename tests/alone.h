/* SPDX-License-Identifier: MIT */
/* alone.h - run a part of a test in a process of its own, which has neither hub
 * nor threads yet.  Only for tests that come before the first use of libgreen in
 * their program: a child made later would share the parent's poller. */
#ifndef GREEN_TEST_ALONE_H
#define GREEN_TEST_ALONE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What assert_true is here: cmocka's may not be used in the child. */
#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__,        \
                    __LINE__, #condition, errno);                              \
            _exit(1);                                                          \
        }                                                                      \
    } while (0)

/* Did fn return, and the process then exit without complaint? */
static inline bool passes_alone(void (*fn)(void))
{
    int status = -1;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        fn();
        exit(EXIT_SUCCESS);
    }
    return child > 0 && waitpid(child, &status, 0) == child &&
           WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

#endif
