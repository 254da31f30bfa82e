/* SPDX-License-Identifier: MIT */
/* test_process.c - other programs as child processes. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hub.h"
#include "sys.h"

static struct sys real;

static int open_hub(void **state)
{
    (void)state;
    real = green__sys;
    return green__hub_share(green__hub());
}

#define PIPED                               \
    (const green_process_options_t)         \
    {                                       \
        .in = GREEN_PIPE, .out = GREEN_PIPE \
    }

/* sh -c line */
static green_process_t *start_shell(const char *line,
                                    green_process_options_t options)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    green_process_t *p = green_process_start(argv, &options);

    check(p != NULL);
    return p;
}

static void check_ends(green_process_t *p, int expected)
{
    int status = -1;

    check_equal(green_process_wait(p, &status, GREEN_FOREVER), 0);
    check(WIFEXITED(status));
    check_equal(WEXITSTATUS(status), expected);
}

/* All that the line writes. */
static void check_says(const char *line, green_process_options_t options,
                       const char *expected)
{
    green_process_t *p;
    char *out = NULL;
    size_t n = 0;

    options.out = GREEN_PIPE;
    p = start_shell(line, options);
    check_equal(green_process_communicate(p, NULL, 0, &out, &n, NULL, NULL,
                                          GREEN_FOREVER),
                0);
    check_text(out, expected);
    check_equal(n, strlen(expected));
    free(out);
    green_process_free(p);
}

/* The number is no child of ours, and so is reaped. */
static bool is_reaped(pid_t pid)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
           errno == ECHILD;
}

/* ---- start ---- */

static void a_program_runs_and_its_exit_is_told(void **state)
{
    green_process_t *p = start_shell("exit 10", (green_process_options_t){0});

    (void)state;
    check(green_process_pid(p) > 0);
    check_ends(p, 10);
    green_process_free(p);
}

static void check_start_fails(const char *name,
                              const green_process_options_t *options, int error)
{
    const char *const argv[] = {name, NULL};
    int open_before = count_descriptors();

    errno = 0;
    check(green_process_start(argv, options) == NULL);
    check_equal(errno, error);
    check_equal(count_descriptors(), open_before);
    check_fails(waitpid(-1, NULL, WNOHANG), ECHILD);
}

static void a_program_that_cannot_be_run_is_execs_errno(void **state)
{
    const green_process_options_t nowhere = {.directory = "/nowhere"};
    const green_process_options_t piped = {
        .in = GREEN_PIPE, .out = GREEN_PIPE, .err = GREEN_PIPE};

    (void)state;
    check_start_fails("/nowhere/program", &piped, ENOENT);
    check_start_fails("no-such-program-anywhere", NULL, ENOENT);
    check_start_fails("", NULL, ENOENT);
    check_start_fails("/etc", &piped, EACCES);
    check_start_fails("sh", &nowhere, ENOENT);
}

static void what_nobody_could_mean_is_einval(void **state)
{
    const char *const none[] = {NULL};
    green_process_options_t odd = {.in = -5};
    int status;

    (void)state;
    errno = 0;
    check(green_process_start(NULL, NULL) == NULL);
    check_equal(errno, EINVAL);
    errno = 0;
    check(green_process_start(none, NULL) == NULL);
    check_equal(errno, EINVAL);
    check_start_fails("sh", &odd, EINVAL);
    odd = (green_process_options_t){.out = GREEN_OUT};
    check_start_fails("sh", &odd, EINVAL);
    odd = (green_process_options_t){.in = -1};
    check_start_fails("sh", &odd, EINVAL);
    odd = (green_process_options_t){.out = GREEN_PIPE, .in = 900 + 1};
    check_start_fails("sh", &odd, EBADF);
    check_fails(green_process_wait(NULL, &status, 0), EINVAL);
    check_fails(green_process_signal(NULL, SIGTERM), EINVAL);
    check_fails(
        green_process_communicate(NULL, NULL, 0, NULL, NULL, NULL, NULL, 0),
        EINVAL);
    check_equal(green_process_pid(NULL), -1);
    check_equal(green_process_in(NULL), -1);
    check_equal(green_process_out(NULL), -1);
    check_equal(green_process_err(NULL), -1);
    green_process_free(NULL);
}

static void *no_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static int no_pipe(int fds[2])
{
    (void)fds;
    errno = EMFILE;
    return -1;
}

static void without_memory_or_descriptors_nothing_is_started(void **state)
{
    const green_process_options_t piped = {.in = GREEN_PIPE};

    (void)state;
    green__sys.malloc = no_malloc;
    check_start_fails("sh", NULL, ENOMEM);
    green__sys = real;
    green__sys.pipe = no_pipe;
    check_start_fails("sh", &piped, EMFILE);
    green__sys = real;
}

static void a_name_is_looked_for_in_path(void **state)
{
    char *path = strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin");

    (void)state;
    setenv("PATH", "/nowhere::/etc/passwd:/bin:/usr/bin", 1);
    check_says("echo found", (green_process_options_t){0}, "found\n");
    setenv("PATH", "/nowhere", 1);
    check_start_fails("sh", NULL, ENOENT);
    setenv("PATH", "", 1);
    check_start_fails("sh", NULL, ENOENT);
    unsetenv("PATH");
    check_says("echo found", (green_process_options_t){0}, "found\n");
    setenv("PATH", path, 1);
    free(path);
}

static void it_has_the_environment_and_directory_it_is_given(void **state)
{
    const char *const environment[] = {"WHO=me", NULL};

    (void)state;
    check_says(
        "echo $WHO; pwd",
        (green_process_options_t){.environment = environment, .directory = "/"},
        "me\n/\n");
}

static void it_may_lead_a_session(void **state)
{
    green_process_t *p =
        start_shell("read x", (green_process_options_t){.in = GREEN_PIPE,
                                                        .new_session = true});

    (void)state;
    check_equal(getsid(green_process_pid(p)), green_process_pid(p));
    check_equal(kill(-green_process_pid(p), SIGKILL), 0);
    check_equal(green_process_wait(p, NULL, GREEN_FOREVER), 0);
    green_process_free(p);
}

static void *ignore_signal(void *arg)
{
    return arg;
}

static void a_watched_signal_is_not_watched_there(void **state)
{
    green_watch_t *w = green_signal(SIGUSR1, ignore_signal, NULL);
    green_process_t *p =
        start_shell("kill -USR1 $$", (green_process_options_t){0});
    int status = 0;

    (void)state;
    check_equal(green_process_wait(p, &status, GREEN_FOREVER), 0);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    green_process_free(p);
    green_signal_end(w);
}

static void none_of_our_descriptors_gets_there(void **state)
{
    green_process_t *p = start_shell("cat", PIPED);

    (void)state;
    for (int fd = 3; fd < 10; fd++) /* whoever started us may have left some */
        if (fcntl(fd, F_GETFD) == 0)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    check_says("for f in 3 4 5 6 7 8 9; do"
               " if (: <&$f) 2>/dev/null; then echo $f; fi; done",
               (green_process_options_t){0}, "");
    green_process_free(p);
}

/* ---- descriptors ---- */

static void pipes_go_both_ways(void **state)
{
    green_process_t *p = start_shell("read x; echo $x-$x", PIPED);
    char buffer[16] = "";

    (void)state;
    check(green_process_in(p) >= 0);
    check(green_process_out(p) >= 0);
    check_equal(green_process_err(p), -1);
    check_equal(green_write_all(green_process_in(p), "ab\n", 3), 3);
    check_equal(green_read_all(green_process_out(p), buffer, 6), 6);
    check_text(buffer, "ab-ab\n");
    check_ends(p, 0);
    green_process_free(p);
}

static void closing_its_input_is_the_end_of_it(void **state)
{
    green_process_t *p = start_shell("cat; echo end", PIPED);
    char buffer[16] = "";

    (void)state;
    check_equal(green_close(green_process_in(p)), 0);
    check_equal(green_process_in(p), -1);
    check_equal(green_read_all(green_process_out(p), buffer, 5), 4);
    check_text(buffer, "end\n");
    check_ends(p, 0);
    green_process_free(p);
}

static void an_end_closed_by_the_user_is_not_closed_again(void **state)
{
    green_process_t *p = start_shell("exit 0", PIPED);
    int fds[2];

    (void)state;
    check_equal(green_close(green_process_in(p)), 0);
    check_equal(green_close(green_process_out(p)), 0);
    make_pipe(fds); /* has their numbers */
    check_ends(p, 0);
    green_process_free(p);
    check(fcntl(fds[0], F_GETFD) >= 0);
    check(fcntl(fds[1], F_GETFD) >= 0);
    close_both(fds);
}

static void there_may_be_nothing_to_read_and_nowhere_to_write(void **state)
{
    green_process_t *p = start_shell(
        "read x || exit 3; echo never",
        (green_process_options_t){
            .in = GREEN_NULL, .out = GREEN_NULL, .err = GREEN_NULL});

    (void)state;
    check_ends(p, 3);
    green_process_free(p);
}

static void a_descriptor_of_ours_can_be_given(void **state)
{
    green_process_t *p;
    char buffer[16] = "";
    int fds[2];

    (void)state;
    make_pipe(fds);
    p = start_shell(
        "echo out; echo err >&2",
        (green_process_options_t){.out = fds[1] + 1, .err = GREEN_OUT});
    check_equal(green_read_all(fds[0], buffer, 8), 8);
    check_text(buffer, "out\nerr\n");
    check_ends(p, 0);
    green_process_free(p);
    close_both(fds);
}

/* Who reads from one that does not block gets an error when it is empty. */
static void what_the_library_made_blocks_there(void **state)
{
    green_process_t *first, *second;
    char *out = NULL;
    size_t n = 0;

    (void)state;
    first = start_shell("read x; echo $x", PIPED);
    check(fcntl(green_process_out(first), F_GETFL) & O_NONBLOCK);
    second = start_shell(
        "cat", (green_process_options_t){.in = green_process_out(first) + 1,
                                         .out = GREEN_PIPE});
    check_equal(green_close(green_process_out(first)), 0);
    settle();
    check_equal(green_write_all(green_process_in(first), "hello\n", 6), 6);
    check_equal(green_process_communicate(second, NULL, 0, &out, &n, NULL, NULL,
                                          GREEN_FOREVER),
                0);
    check_text(out, "hello\n");
    free(out);
    check_ends(first, 0);
    check_ends(second, 0);
    green_process_free(first);
    green_process_free(second);
}

static void a_pipe_by_green_pipe_blocks_there(void **state)
{
    green_process_t *p;
    int fds[2];

    (void)state;
    check_equal(green_pipe(fds), 0);
    check(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    p = start_shell("read x; test $x = hello",
                    (green_process_options_t){.in = fds[0] + 1});
    check(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
    check_equal(green_write_all(fds[1], "hello\n", 6), 6);
    check_ends(p, 0);
    green_process_free(p);
    close_both(fds);
}

/* ---- wait ---- */

static void a_wait_may_time_out_and_be_repeated(void **state)
{
    green_process_t *p = start_shell("read x; exit $x", PIPED);
    int status = 4321;

    (void)state;
    check_fails(green_process_wait(p, &status, 0), ETIMEDOUT);
    check_fails(green_process_wait(p, &status, GREEN_MS), ETIMEDOUT);
    check_equal(status, 4321);
    check_equal(green_write_all(green_process_in(p), "9\n", 2), 2);
    check_ends(p, 9);
    check_ends(p, 9);
    check_equal(green_process_wait(p, NULL, 0), 0);
    green_process_free(p);
}

/* Nothing is polled here but the process itself. */
static void asking_again_and_again_comes_to_an_end(void **state)
{
    green_process_t *p = start_shell("exit 0", (green_process_options_t){0});

    (void)state;
    while (green_process_wait(p, NULL, 0) != 0)
        check_equal(errno, ETIMEDOUT);
    green_process_free(p);
}

static void *wait_for(void *p)
{
    int status = -1;
    int r = green_process_wait(p, &status, GREEN_FOREVER);

    if (r != 0)
        note_result("wait", r);
    else
        note("%d", WEXITSTATUS(status));
    return NULL;
}

static void several_may_wait(void **state)
{
    green_process_t *p = start_shell("read x; exit 5", PIPED);
    green_t *gs[] = {spawn(wait_for, p), spawn(wait_for, p),
                     spawn(wait_for, p)};

    (void)state;
    settle();
    end_by_kill(gs[1]);
    check_log("wait:ECANCELED");
    check_equal(green_close(green_process_in(p)), 0);
    finish(gs[0]);
    finish(gs[2]);
    check_log("5 5");
    green_process_free(p);
}

static void waitpid_does_not_take_the_end_away(void **state)
{
    green_process_t *p = start_shell("exit 6", (green_process_options_t){0});
    int status = -1;

    (void)state;
    check_equal(green_waitpid(-1, &status, 0), green_process_pid(p));
    check_equal(WEXITSTATUS(status), 6);
    check_ends(p, 6);
    check_fails(green_process_signal(p, SIGTERM), ESRCH);
    green_process_free(p);
}

static void what_others_were_told_is_echild(void **state)
{
    green_process_t *p = start_shell("exit 6", (green_process_options_t){0});

    (void)state;
    check_equal(waitpid(green_process_pid(p), NULL, 0), green_process_pid(p));
    check_fails(green_process_wait(p, NULL, GREEN_FOREVER), ECHILD);
    check_fails(green_process_wait(p, NULL, 0), ECHILD);
    check_fails(green_process_signal(p, SIGTERM), ESRCH);
    green_process_free(p);
}

/* ---- signals ---- */

static void a_signal_reaches_it_until_its_end(void **state)
{
    green_process_t *p = start_shell("read x", PIPED);
    int status = 0;

    (void)state;
    check_equal(green_process_signal(p, 0), 0);
    check_fails(green_process_signal(p, 12345), EINVAL);
    check_equal(green_process_signal(p, SIGTERM), 0);
    check_equal(green_process_wait(p, &status, GREEN_FOREVER), 0);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    check_fails(green_process_signal(p, SIGTERM), ESRCH);
    check_fails(green_process_signal(p, 0), ESRCH);
    green_process_free(p);
}

static void one_that_nobody_has_waited_for_is_gone_as_well(void **state)
{
    green_process_t *p = start_shell("exit 0", (green_process_options_t){0});
    siginfo_t info;

    (void)state;
    check_equal(
        waitid(P_PID, (id_t)green_process_pid(p), &info, WEXITED | WNOWAIT), 0);
    check_fails(green_process_signal(p, SIGTERM), ESRCH);
    check_ends(p, 0);
    green_process_free(p);
}

/* ---- communicate ---- */

/* More than two pipes hold, so that neither side can be done before the other
 * has begun. */
enum { MUCH = 1 << 20 };

static char *much_text(void)
{
    char *text = malloc(MUCH);

    check(text != NULL);
    for (size_t i = 0; i < MUCH; i++)
        text[i] = (char)('a' + i * 7 % 26);
    return text;
}

static void much_goes_in_and_comes_out_at_once(void **state)
{
    green_process_options_t options = PIPED;
    char *text = much_text(), *out = NULL, *err = NULL;
    size_t n = 0, err_n = 0;
    green_process_t *p;

    (void)state;
    options.err = GREEN_PIPE;
    p = start_shell("tee /dev/stderr; exit 3", options);
    check_equal(green_process_communicate(p, text, MUCH, &out, &n, &err, &err_n,
                                          GREEN_FOREVER),
                0);
    check_equal(n, MUCH);
    check_equal(err_n, MUCH);
    check(n == MUCH && memcmp(out, text, MUCH) == 0 && out[MUCH] == '\0');
    check(err_n == MUCH && memcmp(err, text, MUCH) == 0 && err[MUCH] == '\0');
    check_equal(green_process_in(p), -1);
    check_equal(green_process_out(p), -1);
    check_equal(green_process_err(p), -1);
    check_ends(p, 3);
    green_process_free(p);
    free(out);
    free(err);
    free(text);
}

static void outputs_may_be_empty_missing_or_unwanted(void **state)
{
    char *out = NULL, *err = text("untouched");
    size_t n = 7, err_n = 7;
    green_process_t *p = start_shell("true", PIPED);

    (void)state;
    check_equal(green_process_communicate(p, NULL, 0, &out, &n, &err, &err_n,
                                          GREEN_FOREVER),
                0);
    check_text(out, "");
    check_equal(n, 0);
    check(err == NULL);
    check_equal(err_n, 0);
    free(out);
    green_process_free(p);
    p = start_shell("echo dropped", PIPED);
    check_equal(green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL,
                                          GREEN_FOREVER),
                0);
    green_process_free(p);
}

static void a_program_need_not_read_its_input(void **state)
{
    char *text = much_text(), *out = NULL;
    size_t n = 0;
    green_process_t *p = start_shell("echo no", PIPED);

    (void)state;
    check_equal(green_process_communicate(p, text, MUCH, &out, &n, NULL, NULL,
                                          GREEN_FOREVER),
                0);
    check_text(out, "no\n");
    check_ends(p, 0);
    green_process_free(p);
    free(out);
    free(text);
}

/* A line of the program, and the two sides know where they are. */
static void it_goes_on_after_a_timeout_and_loses_nothing(void **state)
{
    int gate[2];
    char *input = much_text(), *out = text("untouched");
    green_process_options_t options = PIPED;
    size_t n = 99;
    green_process_t *p;

    (void)state;
    make_pipe(gate);
    options.err = gate[0] + 1; /* any place to read from will do */
    p = start_shell("echo first; read x <&2; cat", options);
    check_fails(green_process_communicate(p, input, MUCH, &out, &n, NULL, NULL,
                                          20 * GREEN_MS),
                ETIMEDOUT);
    check_fails(
        green_process_communicate(p, "ignored", 7, &out, &n, NULL, NULL, 0),
        ETIMEDOUT);
    check_text(out, "untouched");
    check_equal(n, 99);
    check_equal(write(gate[1], "\n", 1), 1);
    check_equal(green_process_communicate(p, NULL, 0, &out, &n, NULL, NULL,
                                          GREEN_FOREVER),
                0);
    check_equal(n, MUCH + 6);
    check(n == MUCH + 6 && memcmp(out, "first\n", 6) == 0 &&
          memcmp(out + 6, input, MUCH) == 0);
    free(out);
    free(input);
    green_process_free(p);
    close_both(gate);
}

static void *communicate(void *p)
{
    note_result("communicate",
                green_process_communicate(p, "x", 1, NULL, NULL, NULL, NULL,
                                          GREEN_FOREVER));
    return NULL;
}

static void one_greenlet_does_it_at_a_time(void **state)
{
    int gate[2];
    green_process_options_t options = PIPED;
    green_process_t *p;
    green_t *g;

    (void)state;
    make_pipe(gate);
    options.err = gate[0] + 1;
    p = start_shell("cat; read x <&2", options);
    g = spawn(communicate, p);
    settle();
    check_fails(green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL,
                                          GREEN_FOREVER),
                EALREADY);
    end_by_kill(g);
    check_log("communicate:ECANCELED");
    check_equal(green_process_signal(p, SIGKILL), 0);
    check_equal(green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL,
                                          GREEN_FOREVER),
                0);
    green_process_free(p);
    close_both(gate);
}

static void input_without_a_pipe_is_einval(void **state)
{
    green_process_t *p = start_shell("true", (green_process_options_t){0});

    (void)state;
    check_fails(green_process_communicate(p, "x", 1, NULL, NULL, NULL, NULL,
                                          GREEN_FOREVER),
                EINVAL);
    check_equal(green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL,
                                          GREEN_FOREVER),
                0);
    green_process_free(p);
}

/* One that says more and more; and whoever has no time does not wait. */
static void without_time_it_takes_what_is_there(void **state)
{
    green_process_t *p = start_shell("yes", PIPED);
    uint64_t switches = count_switches();
    struct pollfd ready = {.fd = green_process_out(p), .events = POLLIN};

    (void)state;
    check_equal(poll(&ready, 1, -1), 1);
    check_fails(
        green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL, 0),
        ETIMEDOUT);
    check_equal(count_switches(), switches);
    check_equal(green_process_signal(p, SIGKILL), 0);
    green_process_free(p);
}

/* The shell is gone, but what it started has its pipe. */
static void a_kill_at_the_timeout_does_not_wait_for_the_pipes(void **state)
{
    int gate[2];
    char line[16] = "";
    green_process_options_t options = {.out = GREEN_PIPE};
    green_process_t *p;

    (void)state;
    make_pipe(gate);
    options.in = gate[0] + 1;
    p = start_shell("exec 3<&0; cat <&3 & echo started; wait", options);
    check_equal(green_read_all(green_process_out(p), line, 8), 8);
    check_text(line, "started\n");
    check_fails(green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL,
                                          10 * GREEN_MS),
                ETIMEDOUT);
    check_equal(green_process_signal(p, SIGKILL), 0);
    check_equal(green_process_wait(p, NULL, GREEN_FOREVER), 0);
    check_fails(
        green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL, GREEN_MS),
        ETIMEDOUT);
    green_process_free(p);
    close_both(gate); /* ends the cat */
}

/* ---- free ---- */

static void a_running_one_is_freed_and_reaped_when_it_ends(void **state)
{
    struct sigaction before, after;
    green_process_t *p = start_shell("read x", PIPED), *q;
    pid_t pid = green_process_pid(p), other;

    (void)state;
    sigaction(SIGCHLD, NULL, &before);
    q = start_shell("read x; read y", PIPED);
    other = green_process_pid(q);
    green_process_free(p); /* closes its input */
    while (!is_reaped(pid))
        check_equal(green_sleep(GREEN_MS), 0);
    check_equal(green_process_signal(q, 0), 0);
    check_equal(green_process_signal(q, SIGKILL), 0);
    green_process_free(q);
    while (!is_reaped(other))
        check_equal(green_sleep(GREEN_MS), 0);
    check_equal(green_sleep(GREEN_MS), 0);
    sigaction(SIGCHLD, NULL, &after);
    check(before.sa_handler == after.sa_handler);
}

static void one_that_has_ended_is_reaped_at_once(void **state)
{
    green_process_t *p = start_shell("exit 0", (green_process_options_t){0});
    pid_t pid = green_process_pid(p);
    siginfo_t info;

    (void)state;
    check_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    green_process_free(p);
    check(is_reaped(pid));
}

static void free_under_a_waiter(void *arg)
{
    green_process_t *p = start_shell("read x", PIPED);

    (void)arg;
    spawn(wait_for, p);
    settle();
    green_process_free(p);
}

static void freeing_one_that_is_waited_for_aborts(void **state)
{
    (void)state;
    check_aborts(free_under_a_waiter, NULL,
                 "green_process_free: a greenlet waits for the process");
}

static void *try_while_killed(void *arg)
{
    green_process_t *p = start_shell("read x", PIPED);

    green_kill(green_self());
    check_fails(green_process_wait(p, NULL, GREEN_FOREVER), ECANCELED);
    check_fails(green_process_communicate(p, NULL, 0, NULL, NULL, NULL, NULL,
                                          GREEN_FOREVER),
                ECANCELED);
    check_fails(green_process_wait(p, NULL, 0), ETIMEDOUT);
    check_equal(green_process_signal(p, SIGKILL), 0);
    green_process_free(p);
    return arg;
}

static void a_killed_greenlet_can_still_try(void **state)
{
    (void)state;
    finish(spawn(try_while_killed, NULL));
}

static const struct CMUnitTest tests[] = {
    green_test(a_program_runs_and_its_exit_is_told),
    green_test(a_program_that_cannot_be_run_is_execs_errno),
    green_test(what_nobody_could_mean_is_einval),
    green_test(without_memory_or_descriptors_nothing_is_started),
    green_test(a_name_is_looked_for_in_path),
    green_test(it_has_the_environment_and_directory_it_is_given),
    green_test(it_may_lead_a_session),
    green_test(a_watched_signal_is_not_watched_there),
    green_test(none_of_our_descriptors_gets_there),
    green_test(pipes_go_both_ways),
    green_test(closing_its_input_is_the_end_of_it),
    green_test(an_end_closed_by_the_user_is_not_closed_again),
    green_test(there_may_be_nothing_to_read_and_nowhere_to_write),
    green_test(a_descriptor_of_ours_can_be_given),
    green_test(what_the_library_made_blocks_there),
    green_test(a_pipe_by_green_pipe_blocks_there),
    green_test(a_wait_may_time_out_and_be_repeated),
    green_test(asking_again_and_again_comes_to_an_end),
    green_test(several_may_wait),
    green_test(waitpid_does_not_take_the_end_away),
    green_test(what_others_were_told_is_echild),
    green_test(a_signal_reaches_it_until_its_end),
    green_test(one_that_nobody_has_waited_for_is_gone_as_well),
    green_test(much_goes_in_and_comes_out_at_once),
    green_test(outputs_may_be_empty_missing_or_unwanted),
    green_test(a_program_need_not_read_its_input),
    green_test(it_goes_on_after_a_timeout_and_loses_nothing),
    green_test(one_greenlet_does_it_at_a_time),
    green_test(input_without_a_pipe_is_einval),
    green_test(without_time_it_takes_what_is_there),
    green_test(a_kill_at_the_timeout_does_not_wait_for_the_pipes),
    green_test(a_running_one_is_freed_and_reaped_when_it_ends),
    green_test(one_that_has_ended_is_reaped_at_once),
    green_test(freeing_one_that_is_waited_for_aborts),
    green_test(a_killed_greenlet_can_still_try),
};

int main(void)
{
    return cmocka_run_group_tests(tests, open_hub, NULL);
}
