/* SPDX-License-Identifier: MIT */
/* escape.c - layer 8: calls that stopped a thread although it was patched.
 *
 * The watchdog writes the frames of a thread that does not give way, in a signal
 * handler of that thread, through an entry of the seam; here that entry keeps them
 * as well.  The report finds the names, since a handler must not ask the loader. */
#include "escape.h"
#if defined(__GLIBC__)

#include <dlfcn.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "patch.h"

/* Without a loader there are no names. */
#pragma weak dladdr

enum { MOST_STOPS = 100, MOST_FRAMES = 32 };

static struct stop {
    atomic_bool known; /* the rest is filled in */
    int n;
    void *frames[MOST_FRAMES];
} stops[MOST_STOPS];
static atomic_uint stopped; /* so many times, if there was room or not */
static void (*backtrace_before)(int fd);

/* -1: only to have done it once outside of a handler. */
static void keeping_backtrace(int fd)
{
    unsigned at;

    if (fd >= 0 && (at = atomic_fetch_add(&stopped, 1)) < MOST_STOPS) {
        stops[at].n = backtrace(stops[at].frames, MOST_FRAMES);
        atomic_store(&stops[at].known, true);
    }
    backtrace_before(fd);
}

void green__escape_patch(struct sys *now)
{
    backtrace_before = now->backtrace;
    now->backtrace = keeping_backtrace;
}

/* ---- the report ---- */

static const void *home_of(const void *address, const char **name)
{
    Dl_info info;

    if (!dladdr || dladdr(address, &info) == 0)
        return NULL;
    if (name)
        *name = info.dli_sname;
    return info.dli_fbase;
}

static const void *libc(void)
{
    return home_of((const void *)(uintptr_t)getppid, NULL);
}

/* What the program called: the outermost of the frames in libc, or in here, that
 * the signal found.  NULL: it was not in one of these, but computed. */
static const char *call_of(const struct stop *s)
{
    const void *libc_home = libc();
    const void *ours = home_of((const void *)(uintptr_t)call_of, NULL), *home;
    const char *name = NULL, *found = NULL;
    int i = 0;

    if (libc_home == ours)
        return NULL;
    while (i < s->n && home_of(s->frames[i], NULL) != libc_home)
        i++; /* the handler, up to what returns from it, which is libc's */
    for (i++; i < s->n; i++) {
        home = home_of((const char *)s->frames[i] - 1, &name);
        if (!home || (home != libc_home && home != ours))
            break;
        if (name)
            found = name;
    }
    return found;
}

static bool is_call(unsigned at, const char *name)
{
    const char *other =
        atomic_load(&stops[at].known) ? call_of(&stops[at]) : NULL;

    return other && strcmp(other, name) == 0;
}

/* Each name once, where it comes first. */
static void report_call(int fd, unsigned at, unsigned n, const char *name)
{
    unsigned times = 0, i;
    char line[200];

    for (i = 0; i < at; i++)
        if (is_call(i, name))
            return;
    for (; i < n; i++)
        times += is_call(i, name);
    snprintf(line, sizeof line,
             "libgreen: a thread stood still in %.100s: %u\n", name, times);
    green__call(SYS_write, fd, (long)line, (long)strlen(line), 0, 0, 0);
}

void green__escape_report(int fd)
{
    unsigned n = atomic_load(&stopped), i;
    const char *name;

    if (n > MOST_STOPS)
        n = MOST_STOPS;
    for (i = 0; i < n; i++) {
        name = atomic_load(&stops[i].known) ? call_of(&stops[i]) : NULL;
        if (name)
            report_call(fd, i, n, name);
    }
}

#else

void green__escape_patch(struct sys *now)
{
    (void)now;
}

void green__escape_report(int fd)
{
    (void)fd;
}

#endif
