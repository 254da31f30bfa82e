/* SPDX-License-Identifier: MIT */
/* oracle.c - NAME: run one program of the oracle with libgreen; see oracle.h.
 * Without NAME: list all. */
#include "oracle.h"

#include <stdarg.h>
#include <stdlib.h>

#define MOST 64

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

static const struct program *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(themes); i++)
        for (const struct program *p = themes[i]; p->name; p++)
            if (!name)
                say("%s", p->name);
            else if (!strcmp(p->name, name))
                return p;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct program *p = find(argc > 1 ? argv[1] : NULL);

    if (argc > 1 && !p)
        return EXIT_FAILURE;
    if (!p)
        return EXIT_SUCCESS;
    clock_take();
    green_set_deadlock_fn(stay_calm, NULL);
    p->run();
    fflush(stdout);
    green_releaseall(started, n_started);
    return EXIT_SUCCESS;
}
