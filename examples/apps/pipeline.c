/* SPDX-License-Identifier: MIT */
/* pipeline - run programs, each reading what the one before it writes.
 *
 *     $ pipeline --timeout 10 cat words :: sort -u :: wc -l
 *
 * No shell is involved, so nothing has to be quoted.  A greenlet waits for each
 * program; whatever happens, none of them is left behind. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define MOST 64 /* programs */

static const char usage[] =
    "usage: pipeline [options] PROGRAM [ARGUMENT...] [:: PROGRAM...]...\n"
    "  -t, --timeout SECONDS  end it if it takes longer\n"
    "  -g, --grace SECONDS    from SIGTERM to SIGKILL (default 2)\n"
    "  -f, --pipefail         fail if any program does, not only the last\n"
    "  -v, --verbose          say how each of them ended\n"
    "  -h, --help             show this\n"
    "Its status is that of the last program, or, with --pipefail, of the last\n"
    "that failed; 128 more than its number for a signal, 124 after the "
    "timeout,\n"
    "127 if a program cannot be run.  SIGINT and SIGTERM end all programs.\n";

struct stage {
    const char *const *argv;
    green_process_t *process;
    int status; /* as a shell would say it */
};

static struct stage stages[MOST];
static int count;
static bool verbose, pipefail;
static int64_t timeout = GREEN_FOREVER, grace = 2 * GREEN_SEC;
static green_group_t waiters = GREEN_GROUP_INIT;

static void *wait_for(void *stage)
{
    struct stage *s = stage;
    int status;

    if (green_process_wait(s->process, &status, GREEN_FOREVER) != 0) {
        perror(s->argv[0]);
        s->status = 1;
        return NULL;
    }
    s->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (verbose && WIFEXITED(status))
        fprintf(stderr, "%s: exit %d\n", s->argv[0], WEXITSTATUS(status));
    else if (verbose)
        fprintf(stderr, "%s: %s\n", s->argv[0], strsignal(WTERMSIG(status)));
    return NULL;
}

/* The one before has a pipe that this one reads; after that it is not ours. */
static int start(struct stage *s, green_process_t *before)
{
    green_process_options_t options = {0};

    if (before)
        options.in = green_process_out(before) + 1;
    if (s < &stages[count - 1])
        options.out = GREEN_PIPE;
    s->process = green_process_start(s->argv, &options);
    if (before)
        green_close(green_process_out(before));
    if (!s->process || !green_group_spawn(&waiters, wait_for, s)) {
        fprintf(stderr, "pipeline: %s: %s\n", s->argv[0], strerror(errno));
        return -1;
    }
    return 0;
}

static void signal_all(int signo)
{
    for (int i = 0; i < count; i++)
        if (stages[i].process)
            green_process_signal(stages[i].process, signo);
}

static void *end_all(void *unused)
{
    signal_all(SIGTERM);
    if (green_group_join(&waiters, grace) != 0)
        signal_all(SIGKILL);
    return unused;
}

/* The status of the whole. */
static int run(void)
{
    int i, status = 0;

    for (i = 0; i < count && status == 0; i++)
        if (start(&stages[i], i > 0 ? stages[i - 1].process : NULL) != 0)
            status = 127;
    if (status == 0 && green_group_join(&waiters, timeout) != 0) {
        fputs("pipeline: it takes too long\n", stderr);
        status = 124;
    }
    if (status != 0)
        end_all(NULL);
    green_group_join(&waiters, GREEN_FOREVER);
    for (i = 0; i < count; i++)
        green_process_free(stages[i].process);
    for (i = count - 1; i > 0 && pipefail && stages[i].status == 0;)
        i--;
    return status ? status : stages[pipefail ? i : count - 1].status;
}

static int64_t seconds(const char *text)
{
    char *end;
    double n = strtod(text, &end);

    if (end == text || *end || !(n >= 0 && n <= 1e6)) {
        fprintf(stderr, "pipeline: %s is not a number of seconds\n", text);
        exit(2);
    }
    return (int64_t)(n * (double)GREEN_SEC);
}

/* Cut the words into stages; false if one is empty, or there are too many. */
static bool divide(char **words)
{
    stages[count++].argv = (const char *const *)words;
    for (; *words; words++) {
        if (strcmp(*words, "::") != 0)
            continue;
        *words = NULL;
        if (count == MOST)
            return false;
        stages[count++].argv = (const char *const *)(words + 1);
    }
    for (int i = 0; i < count; i++)
        if (!stages[i].argv[0])
            return false;
    return true;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"timeout", 1, NULL, 't'},  {"grace", 1, NULL, 'g'},
        {"pipefail", 0, NULL, 'f'}, {"verbose", 0, NULL, 'v'},
        {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "+t:g:fvh", options, NULL)) >= 0)
        if (option == 't') {
            timeout = seconds(optarg);
        } else if (option == 'g') {
            grace = seconds(optarg);
        } else if (option == 'f') {
            pipefail = true;
        } else if (option == 'v') {
            verbose = true;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (!divide(argv + optind)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!green_signal(SIGINT, end_all, NULL) ||
        !green_signal(SIGTERM, end_all, NULL)) {
        perror("pipeline");
        return 1;
    }
    return run();
}
