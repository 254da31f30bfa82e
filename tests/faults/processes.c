/* SPDX-License-Identifier: MIT */
/* processes.c - scenarios of other programs, and of forks. */
#include "scenario.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sys.h"

/* The input comes back, whole, unless something failed. */
static void run_program(void)
{
    const char *const argv[] = {"cat", NULL};
    const green_process_options_t options = {.in = GREEN_PIPE,
                                             .out = GREEN_PIPE};
    green_process_t *p = green_process_start(argv, &options);
    static char input[20000];
    char *out = NULL;
    size_t n = 0;
    int status = -1;

    if (!made(p))
        return;
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (char)flow_byte(i);
    if (went(green_process_communicate(p, input, sizeof input, &out, &n, NULL,
                                       NULL, GREEN_SEC))) {
        must(n <= sizeof input && memcmp(out, input, n) == 0);
        must(n == sizeof input || first_error);
        green__sys.free(out);
    } else {
        green_process_signal(p, SIGKILL);
    }
    if (went(green_process_wait(p, &status, GREEN_SEC)))
        must(WIFEXITED(status) || first_error);
    green_process_free(p);
}

static const struct scenario program = {
    "program", run_program, NULL, {ETIMEDOUT, ECHILD}, 16};

static void run_short(void)
{
    const char *const argv[] = {"echo", "words", NULL};
    char *out = NULL;
    size_t n = 0;
    int status = -1;

    if (!went(green_process_run(argv, &out, &n, &status, GREEN_SEC)))
        return;
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    must(n == 6 && strcmp(out, "words\n") == 0);
    green__sys.free(out);
}

static const struct scenario short_program = {
    "run", run_short, NULL, {ETIMEDOUT, ECHILD}, 16};

static void *sleep_on(void *arg)
{
    green_sleep(GREEN_MS);
    return arg;
}

/* The parent goes on; the child has a hub of its own, and ends by _exit. */
static void run_fork(void)
{
    pid_t child;
    int status = -1;

    team_add(sleep_on, NULL);
    went(green_yield());
    child = green_fork();
    if (child == 0) {
        alarm(10);
        green_sleep(GREEN_MS);
        _exit(7);
    }
    if (went(child)) {
        if (green_waitpid(child, &status, 0) == child) {
            must(WIFEXITED(status) && WEXITSTATUS(status) == 7);
        } else {
            went(-1);
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
        }
    }
    team_end();
}

static const struct scenario forks = {"fork", run_fork, NULL, {ECHILD}, 0};

const struct scenario *const scenarios_of_processes[] = {
    &program, &short_program, &forks, NULL};
