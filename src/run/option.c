/* SPDX-License-Identifier: MIT */
/* option.c - what green-run was asked for.
 *
 * GREEN_RUN=preempt=10,stats,dump=12,follow,deterministic,preload=31: the last is
 * how many bytes of LD_PRELOAD are green-run's own.  Children do not see either,
 * unless they are to follow. */
#include "option.h"
#include <stddef.h>
#include "kernel.h"

int64_t option_preempt;
bool option_stats, option_follow, option_deterministic;
int option_dump;

static const char *after(const char *text, const char *word)
{
    while (*word)
        if (*text++ != *word++)
            return NULL;
    return text;
}

static int64_t number(const char *text)
{
    int64_t n = 0;

    while (*text >= '0' && *text <= '9')
        n = n * 10 + *text++ - '0';
    return n;
}

static void read_one(const char *text, size_t *preload)
{
    const char *rest;

    if ((rest = after(text, "preempt=")))
        option_preempt = number(rest) * MILLISECOND;
    else if ((rest = after(text, "dump=")))
        option_dump = (int)number(rest);
    else if ((rest = after(text, "preload=")))
        *preload = (size_t)number(rest);
    else if (after(text, "stats"))
        option_stats = true;
    else if (after(text, "follow"))
        option_follow = true;
    else if (after(text, "deterministic"))
        option_deterministic = true;
}

static size_t read_all(const char *text)
{
    size_t preload = 0;

    for (;;) {
        read_one(text, &preload);
        while (*text && *text != ',')
            text++;
        if (!*text++)
            return preload;
    }
}

static char **find(char **environment, const char *name)
{
    for (; *environment; environment++)
        if (after(*environment, name))
            return environment;
    return NULL;
}

static void take_out(char **entry)
{
    do
        entry[0] = entry[1];
    while (*entry++);
}

/* Ours stand first, in a text that may be written to. */
static void shorten(char *preload, size_t by)
{
    char *to = preload;

    while (*to != '=')
        to++;
    for (const char *from = ++to + by; (*to = *from); to++, from++)
        ;
}

void option_read(char **environment)
{
    char **own = find(environment, "GREEN_RUN="), **preload;
    size_t by;

    if (!own)
        return;
    by = read_all(after(*own, "GREEN_RUN="));
    if (option_follow)
        return;
    take_out(own);
    preload = find(environment, "LD_PRELOAD=");
    if (!preload)
        return;
    shorten(*preload, by);
    if ((*preload)[sizeof "LD_PRELOAD=" - 1] == '\0')
        take_out(preload);
}
