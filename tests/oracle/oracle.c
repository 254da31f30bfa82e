/* SPDX-License-Identifier: MIT */
/* oracle.c - NAME: run one program of the oracle with libgreen; see oracle.h.
 * Without NAME: run each in a process of its own, under a line "== NAME". */
#include "oracle.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64
#define SECONDS 100 /* for a program that takes none */

static const struct program *const themes[] = {
    spawn_programs, event_programs,      lock_programs, queue_programs,
    kill_programs,  timeout_programs,    link_programs, group_programs,
    wait_programs,  descriptor_programs, end_programs};
static green_t *started[MOST];
static size_t n_started;
static char single[128][2];

void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

bool outcome(const char *who, intmax_t result)
{
    const char *said = "done";

    if (result < 0 && errno == ETIMEDOUT)
        said = "timed out";
    else if (result < 0 && errno == ECANCELED)
        said = "killed";
    else if (result < 0 && errno == EDEADLK)
        said = "deadlock";
    else if (result < 0)
        said = strerror(errno);
    say("%s %s", who, said);
    return result >= 0;
}

green_t *start(void *(*fn)(void *arg), const char *name)
{
    green_t *g = green_spawn(fn, text(name));

    if (!g || n_started == MOST)
        abort();
    return started[n_started++] = g;
}

void start_each(void *(*fn)(void *arg), const char *names)
{
    for (; *names; names++) {
        char *name = single[*names & 127];

        *name = *names;
        start(fn, name);
    }
}

green_t *nth(size_t n)
{
    if (n >= n_started)
        abort();
    return started[n];
}

void join_all(void)
{
    if (green_joinall(started, n_started, GREEN_FOREVER) < 0)
        perror("join_all");
}

void kill_all(void)
{
    green_killall(started, n_started, GREEN_FOREVER);
}

void burn(int64_t duration)
{
    clock_turn(duration);
}

static void stay_calm(void *unused)
{
    (void)unused;
}

static void run(const struct program *p)
{
    alarm(SECONDS);
    clock_take();
    green_set_deadlock_fn(stay_calm, NULL);
    p->run();
    green_releaseall(started, n_started);
}

/* In a process of its own, which has not used libgreen before. */
static void run_apart(const struct program *p)
{
    int status = 0;
    pid_t child;

    say("== %s", p->name);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        run(p);
        exit(EXIT_SUCCESS);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        say("it ended with status %d", status);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (size_t i = 0; i < ARRAY_SIZE(themes); i++)
        for (const struct program *p = themes[i]; p->name; p++)
            if (argc < 2)
                run_apart(p);
            else if (!strcmp(p->name, argv[1]))
                run(p);
    return EXIT_SUCCESS;
}
