/* SPDX-License-Identifier: MIT */
/* soak [seconds [connections]] - a server under mixed traffic stays as it is.
 *
 * One process serves, another one is its clients.  When all have come and have
 * had something, the time begins.  What the server uses in its second fifth is
 * the start; what it uses in the last fifth may be more by the bounds below, and
 * when the clients have gone no descriptor may be left.  Each exchange must be right.  How late a
 * ticker in the server was is printed, and nothing is demanded of it. */
#include "soak.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <green.h>

/* What is more at the end than at the start: by a part, and by so much. */
static const double part = 0.05;
static const struct usage slack = {4096, 32, 200};

enum { SPARE = 100, COME = 180, GONE = 60 };

static void stop(const char *what)
{
    fprintf(stderr, "soak: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- samples ---- */

static void add(struct usage *sum, struct usage u)
{
    sum->kib += u.kib;
    sum->mappings += u.mappings;
    sum->descriptors += u.descriptors;
}

static struct usage mean(struct usage sum, double n)
{
    return (struct usage){sum.kib / n, sum.mappings / n, sum.descriptors / n};
}

static void say_usage(const char *when, struct usage u)
{
    printf("%-8s %9.0f KiB %7.0f mappings %7.0f descriptors\n", when, u.kib,
           u.mappings, u.descriptors);
}

static bool is_flat(struct usage start, struct usage end)
{
    return end.kib <= start.kib * (1 + part) + slack.kib &&
           end.mappings <= start.mappings * (1 + part) + slack.mappings &&
           end.descriptors <=
               start.descriptors * (1 + part) + slack.descriptors;
}

static void say_progress(long second, struct usage u, const struct seen *seen)
{
    printf("%6ld s: %llu connected, %llu exchanges, %.0f KiB, %.0f mappings, "
           "%.0f descriptors, %llu wrong\n",
           second, (unsigned long long)seen->connected,
           (unsigned long long)(seen->echoes + seen->requests + seen->messages +
                                seen->churned),
           u.kib, u.mappings, u.descriptors, (unsigned long long)seen->wrong);
    fflush(stdout);
}

/* Watch for so many seconds; returns whether start and end are alike. */
static bool watch(pid_t server, long seconds, const struct seen *seen)
{
    long fifth = seconds < 5 ? 1 : seconds / 5, step = 1 + seconds / 60, i;
    struct usage start = {0}, end = {0}, u;

    for (i = 1; i <= fifth * 5; i++) {
        green_sleep(GREEN_SEC);
        u = usage_of(server);
        if (i > fifth && i <= 2 * fifth)
            add(&start, u);
        else if (i > 4 * fifth)
            add(&end, u);
        if (i % step == 0)
            say_progress(i, u, seen);
    }
    start = mean(start, (double)fifth);
    end = mean(end, (double)fifth);
    say_usage("start", start);
    say_usage("end", end);
    return is_flat(start, end);
}

static void say_lateness(const struct served *s)
{
    uint64_t all = 0, so_far = 0;
    int i;

    for (i = 0; i < LATENESS; i++)
        all += s->ticks[i];
    printf("a ticker of %d ms, %llu times, was late by less than\n", TICK_MS,
           (unsigned long long)all);
    for (i = 0; i < LATENESS && so_far < all; i++) {
        so_far += s->ticks[i];
        if (s->ticks[i])
            printf("%10ld us %10llu %9.4f %%\n", 1L << i,
                   (unsigned long long)s->ticks[i],
                   100.0 * (double)so_far / (double)all);
    }
}

/* ---- two processes ---- */

/* All clients but those that come and go: the stacks of their greenlets have then
 * been used as far as they are. */
static bool have_come(long n, const struct seen *seen)
{
    return seen->settled >= (uint64_t)(n - n / 10);
}

/* Wait until it is so: false if it does not come true in time. */
static bool wait_for_clients(long n, const struct seen *seen)
{
    for (int i = 0; i < COME * 10 && !have_come(n, seen) && !seen->wrong; i++)
        green_sleep(100 * GREEN_MS);
    return have_come(n, seen);
}

/* Once the clients have gone, their connections go, too. */
static bool are_gone(pid_t server, double descriptors)
{
    struct usage u = {.descriptors = descriptors + 1};

    for (int i = 0; i < GONE * 10 && u.descriptors > descriptors; i++) {
        green_sleep(100 * GREEN_MS);
        u = usage_of(server);
    }
    say_usage("after", u);
    return u.descriptors <= descriptors;
}

static bool soak(pid_t server, const struct served *s, long seconds, long n)
{
    struct usage empty = usage_of(server);
    static struct seen seen;
    bool came, flat, gone;

    say_usage("before", empty);
    clients_start(s, n, &seen);
    came = wait_for_clients(n, &seen);
    flat = watch(server, seconds, &seen);
    clients_stop();
    gone = are_gone(server, empty.descriptors);
    say_lateness(s);
    printf("%llu echoes, %llu requests, %llu messages, %llu connections came "
           "and went\n",
           (unsigned long long)seen.echoes, (unsigned long long)seen.requests,
           (unsigned long long)seen.messages, (unsigned long long)seen.churned);
    if (!came || !flat || !gone || seen.wrong)
        printf("soak:%s%s%s%s%s\n", came ? "" : " not all clients came;",
               flat ? "" : " it uses more and more;",
               gone ? "" : " descriptors are left;",
               seen.wrong ? " wrong: " : "", seen.first);
    return came && flat && gone && seen.wrong == 0;
}

/* As many as there may be: fewer where the system allows fewer descriptors. */
static long allow(long n)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        stop("getrlimit");
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max != RLIM_INFINITY && files.rlim_max < (rlim_t)n + SPARE) {
        n = (long)files.rlim_max - SPARE;
        printf("only %ld connections: see ulimit -Hn\n", n);
    }
    return n;
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 15;
    long n = allow(argc > 2 ? strtol(argv[2], NULL, 10) : 10000);
    const struct timespec moment = {.tv_nsec = 10000000};
    struct served *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t server;
    int status = 0;
    bool well;

    if (s == MAP_FAILED)
        stop("mmap");
    server = fork();
    if (server == 0)
        exit(serve(s));
    while (server > 0 && !s->echo && waitpid(server, &status, WNOHANG) == 0)
        nanosleep(&moment, NULL);
    if (!s->echo)
        stop("the server");
    well = soak(server, s, seconds, n);
    kill(server, SIGTERM);
    if (green_waitpid(server, &status, 0) != server || status != 0) {
        printf("soak: the server ended with %d\n", status);
        well = false;
    }
    return well ? 0 : 1;
}
