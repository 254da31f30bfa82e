/* SPDX-License-Identifier: MIT */
/* reports.h - what the library writes to standard error, while it does.
 *
 * Between catch_reports and release_reports standard error is a pipe; failed
 * checks are told there too, so check afterwards. */
#ifndef GREEN_TEST_REPORTS_H
#define GREEN_TEST_REPORTS_H

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* ThreadSanitizer, if the test is made with it, delivers signals late, and
 * cannot follow threads that start after a fork. */
void __tsan_init(void) __attribute__((weak));

static int report_fds[2], usual_stderr;
static char reports[65536];
static size_t n_reports;

static inline void catch_reports(void)
{
    n_reports = 0;
    reports[0] = '\0';
    usual_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (pipe2(report_fds, O_CLOEXEC) == 0)
        dup2(report_fds[1], STDERR_FILENO);
}

/* All that has come. */
static inline const char *read_reports(void)
{
    struct pollfd out = {.fd = report_fds[0], .events = POLLIN};
    ssize_t n;

    while (n_reports < sizeof reports - 1 && poll(&out, 1, 0) > 0) {
        n = read(report_fds[0], reports + n_reports,
                 sizeof reports - 1 - n_reports);
        if (n <= 0)
            break;
        n_reports += (size_t)n;
        reports[n_reports] = '\0';
    }
    return reports;
}

static inline bool has_reported(const char *words)
{
    return strstr(read_reports(), words) != NULL;
}

static inline void release_reports(void)
{
    read_reports();
    dup2(usual_stderr, STDERR_FILENO);
    close(usual_stderr);
    close(report_fds[0]);
    close(report_fds[1]);
}

static inline int count_reports(const char *words)
{
    const char *at = reports;
    int n = 0;

    for (; (at = strstr(at, words)); at++)
        n++;
    return n;
}

#endif
