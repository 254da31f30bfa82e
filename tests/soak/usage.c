/* SPDX-License-Identifier: MIT */
/* usage.c - what a process uses, as /proc tells it. */
#include "soak.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *opened, const char *path)
{
    if (!opened) {
        fprintf(stderr, "soak: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return opened;
}

/* What is its own: pages of files come and go as the system likes. */
static double resident_kib(pid_t process)
{
    char path[64], line[128];
    double kib = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    f = must(fopen(path, "r"), path);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = strtod(line + 8, NULL);
    fclose(f);
    return kib;
}

static double count_lines(pid_t process)
{
    char path[64];
    double n = 0;
    FILE *f;
    int c;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)process);
    f = must(fopen(path, "r"), path);
    while ((c = getc(f)) != EOF)
        n += c == '\n';
    fclose(f);
    return n;
}

static double count_descriptors(pid_t process)
{
    char path[64];
    double n = -2; /* . and .. */
    DIR *d;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    d = must(opendir(path), path);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

struct usage usage_of(pid_t process)
{
    return (struct usage){resident_kib(process), count_lines(process),
                          count_descriptors(process)};
}
