/* SPDX-License-Identifier: MIT */
/* support.h - what the tests of behaviour share.
 *
 * A failed check is printed and remembered, and the test goes on: checks may
 * stand in any greenlet, where cmocka's assertions would jump to another stack.
 * Around each test the open descriptors and the living greenlets are counted,
 * and a test that hangs is ended by SIGALRM. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "green.h"

#define green_test(name) \
    cmocka_unit_test_setup_teardown(name, begin_test, end_test)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof(array)[0])

int begin_test(void **state);
int end_test(void **state);

/* A group's setup, where other threads will wake the hub: the descriptors for
 * that are made once and stay, and belong in no count. */
int open_wake_up(void **state);

/* ---- checks, for any greenlet ---- */

#define check(condition) check_true((condition), #condition, __FILE__, __LINE__)
#define check_equal(got, expected)                                      \
    check_number((intmax_t)(got), (intmax_t)(expected), #got, __FILE__, \
                 __LINE__)
#define check_text(got, expected) \
    check_string((got), (expected), #got, __FILE__, __LINE__)
/* The call returns -1 with this errno. */
#define check_fails(call, error) \
    check_error((intmax_t)(call), (error), #call, __FILE__, __LINE__)
/* What was noted since the last check_log. */
#define check_log(expected) check_noted((expected), __FILE__, __LINE__)

void check_true(bool ok, const char *what, const char *file, int line);
void check_number(intmax_t got, intmax_t expected, const char *what,
                  const char *file, int line);
void check_string(const char *got, const char *expected, const char *what,
                  const char *file, int line);
void check_error(intmax_t result, int error, const char *what, const char *file,
                 int line);
void check_noted(const char *expected, const char *file, int line);

/* fn(arg) in a child process: it makes no failed check, or it aborts with a
 * line on standard error that contains `text`. */
void check_in_child(void (*fn)(void *arg), void *arg);
void check_aborts(void (*fn)(void *arg), void *arg, const char *text);

/* ---- the order of events ---- */

/* Append a word to the log. */
void note(const char *format, ...) GREEN_FORMAT(1, 2);

/* Append "name:ok", or "name:EPIPE" if result is negative. */
void note_result(const char *name, intmax_t result);

/* A literal as the argument of a greenlet, which does not write to it. */
void *text(const char *literal);

/* ---- greenlets ---- */

green_t *spawn(void *(*fn)(void *arg), void *arg);

/* Wait for the end of g, release it: its value. */
void *finish(green_t *g);
void finish_all(green_t *const *gs, size_t n);

/* Kill g and finish it. */
void end_by_kill(green_t *g);

/* Let the others run until none is ready. */
void settle(void);

uint64_t count_switches(void);
uint64_t count_greenlets(void);

void *return_argument(void *arg);
void *note_argument(void *name);
void *sleep_forever(void *name); /* notes how that ended */

/* ---- time ---- */

/* From here to the end of the test the library's clock stands still, but for
 * clock_turn and for the hub, which turns it instead of waiting. */
void clock_take(void);
void clock_turn(int64_t duration);

/* ---- descriptors, close-on-exec and blocking ---- */

void make_pipe(int fds[2]);
void make_pair(int fds[2]);        /* Unix stream sockets */
void close_both(const int fds[2]); /* by green_close */
int count_descriptors(void);

/* Write to fd, which is made non-blocking for it, until nothing more fits: how
 * many bytes. */
size_t fill(int fd);

#endif
