/* SPDX-License-Identifier: MIT */
/* faults.c - every scenario with every failure, one after the other.
 *
 *     faults [--sample N] NAME…           all faults, or one of N; no NAME: all
 *     faults --once NAME CALL ERRNO MODE  one fault, as a finding is reported
 *     faults --kills NAME…                kills and timeouts instead of faults
 *     faults --kill NAME STOP KIND        one of these; KIND is kill or timeout
 *
 * A run is a child process, in which a new thread runs the scenario, with a hub
 * of its own, while one call fails, or all from that call on.  Then the world is
 * well again, and the scenario must succeed; then the thread ends, and the library
 * may hold no more than after two runs without a fault. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "inject.h"
#include "kills.h"
#include "scenario.h"

#define TIME_LIMIT 30 /* seconds, for one run */

static const struct scenario *const *const groups[] = {scenarios_of_greenlets,
                                                       scenarios_of_objects,
                                                       scenarios_of_descriptors,
                                                       scenarios_of_networks,
                                                       scenarios_of_threads,
                                                       scenarios_of_processes,
                                                       NULL};

/* What a child process tells. */
static struct shared {
    struct fault fault;
    struct kill kill;
    struct holding before, after;
    int fds_before, fds_after;
} * shared;

static struct holding most; /* that runs without a fault leave behind */
static int most_fds;
static long runs, findings;

/* ---- in the child ---- */

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

static void be_silent(void *arg)
{
    (void)arg;
}

static void run_to_end(const struct scenario *s)
{
    first_error = 0;
    green_set_deadlock_fn(be_silent, NULL);
    s->run();
}

static bool is_expected(const struct scenario *s, int error)
{
    if (shared->kill.n && (error == ECANCELED || error == ETIMEDOUT))
        return true;
    if (error == shared->fault.error || error == shared->fault.becomes)
        return true;
    for (const int *i = s->consequences; *i; i++)
        if (*i == error)
            return true;
    return false;
}

static void *run_in_greenlet(void *arg)
{
    const struct scenario *s = arg;
    green_scope_t scope;

    green_timeout_begin(&scope,
                        GREEN_FOREVER); /* for kills.c to let it expire */
    s->run();
    green_scope_end(&scope);
    return NULL;
}

/* Not in main, which would stay killed.  Main is always ready, so that each stop of
 * another is a switch. */
static void run_with_kill(const struct scenario *s)
{
    green_t *g;

    first_error = 0;
    green_set_deadlock_fn(be_silent, NULL);
    must((g = green_spawn(run_in_greenlet, (void *)(uintptr_t)s)));
    kills_begin(&shared->kill);
    while (!green_ready(g))
        must(green_yield() == 0);
    kills_end();
    green_release(g);
}

static void *run_with_fault(void *arg)
{
    const struct scenario *s = arg;
    int error;

    if (shared->kill.n) {
        run_with_kill(s);
    } else {
        fault_arm(true);
        run_to_end(s);
        fault_arm(false);
    }
    error = first_error;
    if (error && !is_expected(s, error)) {
        fprintf(stderr, "failed with %s\n", strerror(error));
        must(is_expected(s, error));
    }
    run_to_end(s);
    if (first_error)
        fprintf(stderr, "then failed with %s\n", strerror(first_error));
    must(first_error == 0);
    return NULL;
}

/* A worker may still be about an answer that nobody waits for any more. */
static int count_fds_at_last(int expected)
{
    int n = count_fds();

    for (int tries = 0; n > expected && tries < 500; tries++) {
        poll(NULL, 0, 1);
        n = count_fds();
    }
    return n;
}

static _Noreturn void run_child(const struct scenario *s)
{
    pthread_t thread;

    alarm(TIME_LIMIT);
    signal(SIGPIPE, SIG_IGN);
    if (s->environment)
        putenv(strdup(s->environment));
    fault_install(&shared->fault);
    shared->before = fault_holding();
    shared->fds_before = count_fds();
    must(pthread_create(&thread, NULL, run_with_fault, (void *)(uintptr_t)s) ==
         0);
    must(pthread_join(thread, NULL) == 0);
    shared->after = fault_holding();
    shared->fds_after = count_fds_at_last(shared->fds_before + most_fds);
    exit(0);
}

/* ---- in the parent ---- */

static const struct kill nobody;

static int run(const struct scenario *s, const struct fault *fault,
               const struct kill *kill)
{
    int status = -1;
    pid_t child;

    memset(shared, 0, sizeof *shared);
    shared->fault = *fault;
    shared->kill = *kill;
    fflush(NULL);
    child = fork();
    if (child == 0)
        run_child(s);
    if (child < 0 || waitpid(child, &status, 0) != child)
        perror("faults"), exit(1);
    runs++;
    return status;
}

static const char *const modes[] = {"once", "storm", "ever"};

static void report(const struct scenario *s, const char *what, int detail)
{
    const struct fault *f = &shared->fault;

    findings++;
    if (shared->kill.n) {
        printf("FOUND %s: %s (%d): faults --kill %s %ld %s\n", s->name, what,
               detail, s->name, shared->kill.n,
               shared->kill.by_time ? "timeout" : "kill");
        return;
    }
    printf("FOUND %s: %s (%d) when call %ld, %s, fails with %s, %s: "
           "faults --once %s %ld %d %s\n",
           s->name, what, detail, f->n, fault_name(f->call), strerror(f->error),
           modes[f->mode], s->name, f->n, f->choice, modes[f->mode]);
}

static void judge(const struct scenario *s, int status)
{
    long blocks = shared->after.blocks - shared->before.blocks;
    long mapped = shared->after.mapped - shared->before.mapped;

    if (WIFSIGNALED(status))
        report(s, WTERMSIG(status) == SIGALRM ? "hangs" : "dies of signal",
               WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        report(s, "exits", WEXITSTATUS(status));
    else if (blocks > most.blocks + s->spare)
        report(s, "keeps memory", (int)(blocks - most.blocks));
    else if (mapped > most.mapped)
        report(s, "keeps mappings", (int)(mapped - most.mapped));
    else if (shared->fds_after - shared->fds_before > most_fds)
        report(s, "keeps descriptors", shared->fds_after - shared->fds_before);
}

/* How much a process has after its threads ended: workers, handlers, lists of
 * hubs.  How many workers there are may differ. */
static void measure(const struct scenario *s)
{
    const struct fault none = {.n = -1};
    long blocks, mapped;

    most = (struct holding){0, 0};
    most_fds = 0;
    for (int i = 0; i < 5; i++) {
        int status = run(s, &none, &nobody);

        if (status != 0) {
            printf("FOUND %s: fails without a fault (%x)\n", s->name, status);
            findings++;
        }
        blocks = shared->after.blocks - shared->before.blocks;
        mapped = shared->after.mapped - shared->before.mapped;
        most.blocks = blocks > most.blocks ? blocks : most.blocks;
        most.mapped = mapped > most.mapped ? mapped : most.mapped;
        if (shared->fds_after - shared->fds_before > most_fds)
            most_fds = shared->fds_after - shared->fds_before;
    }
}

/* All modes and errnos of the nth call; false if no call was the nth. */
static bool try_call(const struct scenario *s, long n, long sample)
{
    static long counted;
    struct fault fault = {.n = n, .choice = 0, .mode = FAULT_ONCE};
    int choices = 1;
    bool lasts = true;

    for (; fault.choice < choices; fault.choice++)
        for (fault.mode = FAULT_ONCE; fault.mode < FAULT_MODES; fault.mode++) {
            if (fault.mode == FAULT_EVER && !lasts)
                continue;
            if (counted++ % sample != 0 && fault.choice + (int)fault.mode > 0)
                continue;
            judge(s, run(s, &fault, &nobody));
            if (!atomic_load(&shared->fault.fired))
                return fault.choice > 0;
            choices = shared->fault.choices;
            lasts = shared->fault.lasts;
        }
    return true;
}

static void sweep(const struct scenario *s, long sample)
{
    long n = 1, runs_before = runs, findings_before = findings;

    measure(s);
    while (try_call(s, n, sample))
        n++;
    printf("%-12s %5ld calls %7ld runs %4ld findings\n", s->name, n - 1,
           runs - runs_before, findings - findings_before);
}

/* Each greenlet each time that it stops. */
static void sweep_kills(const struct scenario *s)
{
    const struct fault none = {.n = -1};
    long n[2] = {0, 0}, runs_before = runs, findings_before = findings;

    measure(s);
    for (int by_time = 0; by_time < 2; by_time++)
        do {
            struct kill kill = {.n = n[by_time] + 1, .by_time = by_time};

            judge(s, run(s, &none, &kill));
            n[by_time] += shared->kill.fired;
        } while (shared->kill.fired);
    printf("%-12s %5ld kills %5ld timeouts %7ld runs %4ld findings\n", s->name,
           n[0], n[1], runs - runs_before, findings - findings_before);
}

static const struct scenario *find(const char *name)
{
    for (size_t g = 0; groups[g]; g++)
        for (size_t i = 0; groups[g][i]; i++)
            if (strcmp(groups[g][i]->name, name) == 0)
                return groups[g][i];
    fprintf(stderr, "faults: there is no scenario %s\n", name);
    exit(2);
}

static void kill_once(char **words)
{
    const struct fault none = {.n = -1};
    struct kill kill = {.n = atol(words[1]),
                        .by_time = strcmp(words[2], "timeout") == 0};
    const struct scenario *s = find(words[0]);

    measure(s);
    judge(s, run(s, &none, &kill));
    printf("%s: %s\n", words[0], findings ? "fails" : "passes");
}

static void run_one(char **words)
{
    struct fault fault = {.n = atol(words[1]), .choice = atoi(words[2])};
    const struct scenario *s = find(words[0]);

    while (strcmp(modes[fault.mode], words[3]) != 0)
        if (++fault.mode == FAULT_MODES)
            exit(2);
    measure(s);
    judge(s, run(s, &fault, &nobody));
    printf("%s: %s\n", words[0], findings ? "fails" : "passes");
}

/* sample 0: kills. */
static void sweep_one(const struct scenario *s, long sample)
{
    if (sample == 0)
        sweep_kills(s);
    else
        sweep(s, sample);
}

static void sweep_all(long sample)
{
    for (size_t g = 0; groups[g]; g++)
        for (size_t i = 0; groups[g][i]; i++)
            sweep_one(groups[g][i], sample);
}

int main(int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    long sample = 1;
    int i = 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    if (argc == 6 && strcmp(argv[1], "--once") == 0) {
        run_one(argv + 2);
        return findings > 0;
    }
    if (argc == 5 && strcmp(argv[1], "--kill") == 0) {
        kill_once(argv + 2);
        return findings > 0;
    }
    if (argc > 1 && strcmp(argv[1], "--kills") == 0) {
        sample = 0;
        i = 2;
    }
    if (argc > 2 && strcmp(argv[1], "--sample") == 0) {
        sample = atol(argv[2]);
        i = 3;
    }
    if (i == argc)
        sweep_all(sample);
    for (; i < argc; i++)
        sweep_one(find(argv[i]), sample);
    printf("%ld runs, %ld findings\n", runs, findings);
    return findings > 0;
}
