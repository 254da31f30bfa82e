/* SPDX-License-Identifier: MIT */
/* test_process_run.c - other programs from their beginning to their end. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* A shell's line, run to its end. */
static int run_line(const char *line, char **out, size_t *length, int *status,
                    int64_t timeout)
{
    const char *const argv[] = {"sh", "-c", line, NULL};

    return green_process_run(argv, out, length, status, timeout);
}

/* gevent: test__subprocess.py RunFuncTestCase.test_capture_output */
static void what_it_wrote_and_how_it_ended_are_told(void **state)
{
    char *out = NULL;
    size_t n = 0;
    int status = -1;

    (void)state;
    check_equal(
        run_line("echo words; exit 3", &out, &n, &status, GREEN_FOREVER), 0);
    check_text(out, "words\n");
    check_equal(n, 6);
    check(WIFEXITED(status));
    check_equal(WEXITSTATUS(status), 3);
    free(out);
}

static void nothing_need_be_asked_for(void **state)
{
    char *out = NULL;

    (void)state;
    check_equal(run_line("exit 0", NULL, NULL, NULL, GREEN_FOREVER), 0);
    check_equal(run_line("exit 0", &out, NULL, NULL, GREEN_FOREVER), 0);
    check_text(out, "");
    free(out);
}

static void it_reads_nothing(void **state)
{
    char *out = NULL;

    (void)state;
    check_equal(run_line("cat; echo end", &out, NULL, NULL, GREEN_FOREVER), 0);
    check_text(out, "end\n");
    free(out);
}

static void what_is_no_program_is_told(void **state)
{
    const char *const missing[] = {"/there/is/no/such/program", NULL};
    const char *const none[] = {NULL};
    char *out = text("unchanged");

    (void)state;
    check_fails(green_process_run(missing, &out, NULL, NULL, GREEN_FOREVER),
                ENOENT);
    check_fails(green_process_run(none, &out, NULL, NULL, GREEN_FOREVER),
                EINVAL);
    check_text(out, "unchanged");
}

static void *run_forever(void *unused)
{
    char *out = text("unchanged");

    (void)unused;
    note_result("run",
                run_line("exec sleep 1000", &out, NULL, NULL, GREEN_FOREVER));
    check_text(out, "unchanged");
    return NULL;
}

/* No child of ours is left, whether it was waited for here or behind the scenes. */
static void await_no_children(void)
{
    pid_t pid;

    while ((pid = green_waitpid(-1, NULL, WNOHANG)) >= 0)
        if (pid == 0)
            check_equal(green_sleep(GREEN_MS), 0);
    check_equal(errno, ECHILD);
}

static void a_killed_greenlet_takes_its_program_with_it(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(run_forever, NULL);
    settle();
    end_by_kill(g);
    check_log("run:ECANCELED");
    await_no_children();
}

/* gevent: test__subprocess.py RunFuncTestCase.test_timeout,
 * test_run_with_shell_timeout_and_capture_output */
static void a_program_that_takes_too_long_is_killed(void **state)
{
    char *out = text("unchanged");

    (void)state;
    check_fails(run_line("echo begun; exec sleep 1000", &out, NULL, NULL,
                         20 * GREEN_MS),
                ETIMEDOUT);
    check_fails(run_line("exec sleep 1000", NULL, NULL, NULL, 20 * GREEN_MS),
                ETIMEDOUT);
    check_fails(run_line("exec sleep 1000", NULL, NULL, NULL, 0), ETIMEDOUT);
    check_text(out, "unchanged");
    await_no_children();
}

static void others_run_meanwhile(void **state)
{
    green_t *g;

    (void)state;
    g = spawn(note_argument, text("other"));
    check_equal(run_line("exit 0", NULL, NULL, NULL, GREEN_FOREVER), 0);
    check_log("other");
    finish(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(what_it_wrote_and_how_it_ended_are_told),
        green_test(nothing_need_be_asked_for),
        green_test(it_reads_nothing),
        green_test(what_is_no_program_is_told),
        green_test(a_killed_greenlet_takes_its_program_with_it),
        green_test(a_program_that_takes_too_long_is_killed),
        green_test(others_run_meanwhile),
    };

    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}
